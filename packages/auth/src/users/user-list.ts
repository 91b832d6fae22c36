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
    where ${sql.join([sql.raw("true"), ...where, ...filtersOf(page)], sql.raw(" and "))}
    order by ${position} ${direction} limit ${page.limit}`.execute(db.withoutPlugins());
  return rows.map(({ position, ...user }) => ({ user, position }));
}

const people = sql.raw("latchkey.users person");
const members = sql.raw("latchkey.user_groups member join latchkey.users person on person.id = member.user_id");

interface Reading {
  readonly from: RawBuilder<unknown>;
  readonly where: readonly RawBuilder<unknown>[];
  readonly position: RawBuilder<unknown>;
  readonly direction: RawBuilder<unknown>;
}

const personId = sql.raw("person.id");

function byAge(page: UserPage): Reading {
  const { groupId, after } = page;
  const direction = sql.raw("desc");
  if (groupId !== undefined && filtersOf(page).length === 0) {
    return { from: people, where: [sql`person.id = any(${membersOf(page, groupId)})`], position: personId, direction };
  }
  const where = after === undefined ? [] : [sql`person.id < ${after}`];
  return { ...readFrom(groupId, where), position: personId, direction };
}

/** One page of a group's members, which have an index of their own: a join might read all users beside them. */
function membersOf({ after, limit }: UserPage, groupId: string): RawBuilder<unknown> {
  const further = after === undefined ? sql.raw("") : sql`and user_id < ${after}`;
  return sql`array(
    select user_id from latchkey.user_groups where group_id = ${groupId} ${further} order by user_id desc limit ${limit})`;
}

/** The indexes are in the order of bytes, which no locale changes and in which no name comes after U+10FFFF. */
function byName({ groupId, after }: UserPage, { by, prefix }: NonNullable<UserPage["search"]>): Reading {
  const position = positions[by];
  const where = [sql`${position} >= ${prefix}`, sql`${position} < ${`${prefix}\u{10FFFF}`}`];
  if (after !== undefined) where.push(sql`${position} > ${after}`);
  return { ...readFrom(groupId, where), position, direction: sql.raw("asc") };
}

function readFrom(groupId: string | undefined, where: readonly RawBuilder<unknown>[]): Pick<Reading, "from" | "where"> {
  if (groupId === undefined) return { from: people, where };
  return { from: members, where: [sql`member.group_id = ${groupId}`, ...where] };
}

function filtersOf({ isActive, isStaff }: UserPage): RawBuilder<unknown>[] {
  const filters: RawBuilder<unknown>[] = [];
  if (isActive !== undefined) filters.push(sql.raw(isActive ? "person.is_active" : "not person.is_active"));
  if (isStaff !== undefined) filters.push(sql.raw(isStaff ? "person.is_staff" : "not person.is_staff"));
  return filters;
}

const snakeCase = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const columns = sql.raw(userFields.map((field) => `person.${snakeCase(field)} as "${field}"`).join(", "));
