import { notices } from "../issue.ts";

/** What is told apart the next time: whether a field was changed here since it was brought over. */
const printed: Readonly<Record<string, (table: string) => string>> = {
  username: (table) => `${table}.username`,
  phoneNumber: (table) => `${table}.phone_number`,
  email: (table) => `${table}.email`,
  firstName: (table) => `${table}.first_name`,
  lastName: (table) => `${table}.last_name`,
  gender: (table) => `${table}.gender`,
  country: (table) => `${table}.country`,
  city: (table) => `${table}.city`,
  state: (table) => `${table}.state`,
  isApprovedToBeInTouch: (table) => `${table}.is_approved_to_be_in_touch::text`,
  isActive: (table) => `${table}.is_active::text`,
  lastLogin: (table) => `extract(epoch from ${table}.last_login)::text`,
  profile: (table) => `${table}.profile::text`,
};

/** The print of a text, in SQL; `k` is the key under which it is made. */
export const printOf = (text: string): string =>
  `encode(substring(sha256(k.key || convert_to(${text}, 'UTF8')) for 9), 'base64')`;

/** The prints of a row of `users`, in SQL; `k` as for {@link printOf}. */
export function printsHere(table: string): string {
  const pairs = Object.entries(printed).map(([field, toText]) => `'${field}', ${printOf(toText(table))}`);
  return `jsonb_strip_nulls(jsonb_build_object(${pairs.join(", ")}))`;
}

/** The hashes of forms of a name by which it is reserved, in SQL; `k` as for {@link printsHere}. */
export const hashesOf = (forms: string): string =>
  `array(select sha256(k.key || convert_to(form, 'UTF8')) from unnest(${forms}) form)`;

/**
 * What an account may do, in SQL for a row of `users`. Kept in the prints of what came over, as `held`, it tells a right of there from one that was
 * given here; null for nothing.
 */
export function rightsOf(table: string): string {
  const list = (query: string) => `coalesce((select jsonb_agg(${query} = ${table}.id), '[]')`;
  return `jsonb_build_object('isStaff', ${table}.is_staff, 'isSuperuser', ${table}.is_superuser,
    'groups', ${list("g.name) from latchkey.user_groups m join latchkey.groups g on g.id = m.group_id where m.user_id")},
    'permissions', ${list("h.permission) from latchkey.user_permissions h where h.user_id")})`;
}

/** The rights of somebody without any. */
export const noRights = `'{"isStaff": false, "isSuperuser": false, "groups": [], "permissions": []}'::jsonb`;

const decision = "coalesce(o.decision, o.proposal)";

const told = `jsonb_agg(jsonb_build_object('code', o.code, 'field', o.field,
  'decision', case when o.is_decided then split_part(${decision}, ':', 1) end) order by o.code, o.field)`;
const isTold = `o.code not in (${[...notices].map((code) => `'${code}'`).join(", ")})
  and not (o.is_decided and (${decision} = 'keep' or (o.code, ${decision}) = ('id_reused', 'drop')))`;

const isOtherwise = `o.is_decided and ${decision} not in ('keep', 'skip')`;

const ofRow = (table: string) =>
  `from latchkey.import_issues o where o.run_id = ${table}.run_id and o.old_id = ${table}.old_id`;

/**
 * What of somebody there is not taken as it stands there, by code and field: none of what they are called is in it; null for nothing. In SQL, for a row
 * of the staging table.
 */
export const issuesOf = (table: string): string => `(select ${told} ${ofRow(table)} and ${isTold})`;

/** Fields that are here otherwise than they stand there, because that is decided; in SQL, for a row of the staging table. */
export const decidedFields = (table: string): string =>
  `(select coalesce(jsonb_agg(distinct o.field), '[]') ${ofRow(table)} and ${isOtherwise})`;

/** Both of everybody of whom there is something to say, at once: `issues` and `decided` by `old_id`; null for none. `people` are old ids, in SQL. */
export const issuesOfAll = (people: string): string =>
  `(select o.old_id, ${told} filter (where ${isTold}) as issues, jsonb_agg(distinct o.field) filter (where ${isOtherwise}) as decided
    from latchkey.import_issues o where o.run_id = $1 and o.old_id in (${people}) group by o.old_id)`;
