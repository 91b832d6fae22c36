import { CompiledQuery } from "kysely";
import type { Queries } from "../storage/database.ts";
import { indexedExpression, type ProfileDefinition, storedValuesOf, toUser, type UserRow } from "./profile.ts";
import type { User } from "./user.ts";

/** By what users are searched, each by the beginning of its canonical form and in the order of an index. */
const names = {
  username: `person.username_key collate "C"`,
  phoneNumber: `person.phone_number collate "C"`,
  email: `person.email_key collate "C"`,
} as const;
export type SearchableName = keyof typeof names;

export interface UserPage {
  /** Only users with such a name that begins like one of these, in the order of that name. Without it, the newest first. */
  readonly search?: { readonly by: SearchableName; readonly prefixes: readonly string[] } | undefined;
  readonly isActive?: boolean | undefined;
  readonly isStaff?: boolean | undefined;
  readonly groupId?: string | undefined;
  /** What own fields of the profile hold, by name. */
  readonly profile?: Readonly<Record<string, unknown>> | undefined;
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
 * One page of users. Every form of it reads by an index no more than it shows, however many users there are, however deep the page
 * is and however few of them fit: there is an index of all in each order, and one by standing. What a filter lets through is one
 * range of an index or two, which are merged until the page is full. The text is made by hand, since building it took as long as
 * the query itself.
 */
export async function listUsers(db: Queries, profile: ProfileDefinition, page: UserPage): Promise<ListedUser[]> {
  const values: unknown[] = [];
  const query = CompiledQuery.raw(
    textOf(profile, page, (value) => `$${values.push(value)}`),
    values,
  ) as CompiledQuery<UserRow & { position: string }>;
  const { rows } = await db.withoutPlugins().executeQuery(query);
  return rows.map(({ position, ...user }) => ({ user: toUser(profile, user), position }));
}

/** Makes a value a parameter of the query. */
type Bind = (value: unknown) => string;

function textOf(profile: ProfileDefinition, page: UserPage, bind: Bind): string {
  const { search } = page;
  const own = ownFiltersOf(profile, page);
  // A group's members have a copy of what users are listed by, except for the fields that a team declares.
  const isByMembership = page.groupId !== undefined && own.length === 0;
  const id = isByMembership ? "person.user_id" : "person.id";
  const position = search ? names[search.by] : id;
  const inOrder = `order by position ${search ? "asc" : "desc"} limit ${bind(page.limit)}`;
  const columns = columnsOf(profile);
  const [range = "false", ...more] = rangesOf({ page, position, isByMembership, own }, bind);
  if (!isByMembership && more.length === 0)
    return `select ${columns}, ${position} as position from latchkey.users person where ${range} ${inOrder}`;
  const source = isByMembership ? "latchkey.user_groups" : "latchkey.users";
  const found = [range, ...more].map(
    (range) => `(select ${id} as id, ${position} as position from ${source} person where ${range} ${inOrder})`,
  );
  return `select ${columns}, found.position from (${found.join(" union all ")} ${more.length > 0 ? inOrder : ""}) found
    join latchkey.users person on person.id = found.id ${inOrder}`;
}

interface OwnFilter {
  readonly expression: string;
  /** JSON. */
  readonly values: readonly string[];
}

function ownFiltersOf(profile: ProfileDefinition, page: UserPage): OwnFilter[] {
  const given = Object.entries(page.profile ?? {}).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => ({
    expression: indexedExpression(name, "person."),
    values: storedValuesOf(profile, name, value),
  }));
}

interface Listing {
  readonly page: UserPage;
  readonly position: string;
  readonly isByMembership: boolean;
  readonly own: readonly OwnFilter[];
}

/**
 * The conditions of each part of the list: all at once, or one for each standing that the filters let through. The index of an own
 * field is in the order of values, standings and ids, so that there is a part for each value as well; and one for each beginning that is searched for.
 */
function rangesOf({ page, position, isByMembership, own: [own, ...others] }: Listing, bind: Bind): string[] {
  const common = [
    ...(page.groupId === undefined ? [] : [inGroup(bind(page.groupId), isByMembership)]),
    ...others.map(({ expression, values }) => `${expression} in (${values.map((value) => bindJson(value, bind))})`),
  ];
  const standings = standingsOf(page);
  const isByStanding = standings.length < allStandings.length || (own && !page.search);
  const byStanding = isByStanding ? standings.map((standing) => [`person.standing = ${standing}`]) : [[]];
  const byValue = own ? own.values.map((value) => [`${own.expression} = ${bindJson(value, bind)}`]) : [[]];
  return boundsOf(page, position, bind).flatMap((bounds) =>
    byValue.flatMap((value) =>
      byStanding.map((standing) => ["true", ...common, ...bounds, ...value, ...standing].join(" and ")),
    ),
  );
}

const bindJson = (value: string, bind: Bind) => `${bind(value)}::jsonb`;

function inGroup(group: string, isByMembership: boolean): string {
  if (isByMembership) return `person.group_id = ${group}`;
  return `exists (select from latchkey.user_groups member where member.user_id = person.id and member.group_id = ${group})`;
}

/** The indexes are in the order of bytes, which no locale changes and in which no name comes after U+10FFFF. */
function boundsOf({ search, after }: UserPage, position: string, bind: Bind): string[][] {
  const further = after === undefined ? [] : [`${position} ${search ? ">" : "<"} ${bind(after)}`];
  if (!search) return [further];
  return withoutLonger(search.prefixes).map((prefix) => [
    `${position} >= ${bind(prefix)}`,
    `${position} < ${bind(`${prefix}\u{10FFFF}`)}`,
    ...further,
  ]);
}

/** A beginning of which another is the beginning would list its users twice. */
function withoutLonger(prefixes: readonly string[]): string[] {
  return prefixes.filter((prefix) => !prefixes.some((other) => other !== prefix && prefix.startsWith(other)));
}

/** As the database counts them: staff is one, active is two. */
const allStandings = [0, 1, 2, 3];

function standingsOf({ isActive, isStaff }: UserPage): number[] {
  return allStandings
    .filter((standing) => isActive === undefined || standing >= 2 === isActive)
    .filter((standing) => isStaff === undefined || (standing % 2 === 1) === isStaff);
}

const snakeCase = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const columnsOf = ({ columns }: ProfileDefinition) =>
  columns.map((field) => `person.${snakeCase(field)} as "${field}"`).join(", ");
