import { type RawBuilder, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { type User, userFields } from "./user.ts";

/** By what users are searched, each by the beginning of its canonical form and in the order of an index. */
const positions = {
  username: sql.raw(`person.username_key collate "C"`),
  phoneNumber: sql.raw(`person.phone_number collate "C"`),
  email: sql.raw(`person.email_key collate "C"`),
} as const;
export type SearchableName = keyof typeof positions;

export interface UserPage {
  /** Only users with such a name that begins like this, in the order of that name. Without it, the newest first. */
  readonly search?: { readonly by: SearchableName; readonly prefix: string } | undefined;
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
  readonly groupId?: string | undefined;
  /** The id of the last user of the page before, or their name where there is a search. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A user of a list, and where in its order they stand. */
export interface ListedUser {
  readonly user: User;
  /** Their id, or their name where there is a search. */
  readonly position: string;
}

/**
 * One page of users. Every form of it reads by an index, however many users there are and however deep the page is. It is plain
 * SQL, since building and renaming took as long as the query itself.
 */
export async function listUsers(db: Queries, page: UserPage): Promise<ListedUser[]> {
  const { from, where, position, direction } = page.search ? byName(page, page.search) : byAge(page);
  const { rows } = await sql<User & { position: string }>`
    select ${columns}, ${position} as position from ${from}
    where ${sql.join([...where, ...filtersOf(page)], sql.raw(" and "))}
    order by ${position} ${direction} limit ${page.limit}`.execute(db.withoutPlugins());
  return rows.map(({ position, ...user }) => ({ user, position }));
}

const people = sql.raw("latchkey.users person");
const members = sql.raw("latchkey.user_groups member join latchkey.users person on person.id = member.user_id");
/** Member by member as far as the page goes; \`offset 0\` keeps the planner from reading all users beside them. */
const membersInTurn = sql.raw(`latchkey.user_groups member
  cross join lateral (select * from latchkey.users where id = member.user_id offset 0) person`);

interface Reading {
  readonly from: RawBuilder<unknown>;
  readonly where: readonly RawBuilder<unknown>[];
  readonly position: RawBuilder<unknown>;
  readonly direction: RawBuilder<unknown>;
}

const personId = sql.raw("person.id");
const memberId = sql.raw("member.user_id");

/** The members of a group have an index of their own in the order of their ids. */
function byAge({ groupId, after }: UserPage): Reading {
  const [from, position] = groupId === undefined ? [people, personId] : [membersInTurn, memberId];
  return {
    from,
    where: after === undefined ? [] : [sql`${position} < ${after}`],
    position,
    direction: sql.raw("desc"),
  };
}

/** The indexes are in the order of bytes, which no locale changes and in which no name comes after U+10FFFF. */
function byName({ groupId, after }: UserPage, { by, prefix }: NonNullable<UserPage["search"]>): Reading {
  const position = positions[by];
  const where = [sql`${position} >= ${prefix}`, sql`${position} < ${`${prefix}\u{10FFFF}`}`];
  if (after !== undefined) where.push(sql`${position} > ${after}`);
  return { from: groupId === undefined ? people : members, where, position, direction: sql.raw("asc") };
}

function filtersOf({ isActive, isStaff, groupId }: UserPage): RawBuilder<unknown>[] {
  const filters: RawBuilder<unknown>[] = [sql.raw("true")];
  if (isActive !== undefined) filters.push(sql.raw(isActive ? "person.is_active" : "not person.is_active"));
  if (isStaff !== undefined) filters.push(sql.raw(isStaff ? "person.is_staff" : "not person.is_staff"));
  if (groupId !== undefined) filters.push(sql`member.group_id = ${groupId}`);
  return filters;
}

const snakeCase = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const columns = sql.raw(userFields.map((field) => `person.${snakeCase(field)} as "${field}"`).join(", "));
