import type { Auth } from "@latchkey/auth";
import { readStoredPassword } from "@latchkey/auth/import";
import { type ImportOptions, withStagedPeople } from "./import-people.ts";
import { toFieldName } from "./known-columns.ts";
import type { OldGroup } from "./old-row.ts";
import { toPermission } from "./rules/permission-names.ts";
import { printOf, printsHere } from "./run/prints.ts";
import type { Run } from "./run/staging.ts";

/** What there is there and here, and what does not fit. */
export interface Verified {
  readonly there: number;
  /** With an account here. */
  readonly here: number;
  /** There, and without an account here. */
  readonly missing: number;
  /** Changed there since the last run. */
  readonly changed: number;
  /** Have an account here, and are there no more. */
  readonly gone: number;
  /** Old ids of people whose stored hash no password can be checked against. */
  readonly unreadable: readonly string[];
  /** Texts that named a person there and reach another one here, who has no claim to them: `old id: kind`. */
  readonly reachAnother: readonly string[];
  /** The same, where it reaches an account that did not come from there: the import told it as taken here. */
  readonly takenHere: readonly string[];
  /**
   * The same, where it is here still the name of somebody who came with it, and who is gone there: `old id: kind, which is ID's here`. It signs in that
   * one alone, who has not lost it here by being deleted there, so that it is no fault; whose it is now, somebody should ask.
   */
  readonly heldByGone: readonly string[];
  /** Memberships of groups, and permissions, that people have there and not here. */
  readonly groupsMissing: number;
  readonly permissionsMissing: number;
  /** Permissions, declared here, that groups have there and the group of the same name has not here; and the other way round. */
  readonly groupPermissionsMissing: number;
  readonly groupPermissionsAdded: number;
  /** Fields that are here otherwise than they stand there, though nobody changed or decided that: `old id: field`. */
  readonly different: readonly string[];
  /** Fields that are here otherwise because that was decided at the import. */
  readonly decided: number;
  /** Fields that were changed here since. */
  readonly changedHere: number;
  /** Filled columns of which nothing was said this time: what the import made of one is not compared. */
  readonly unknownColumns: readonly string[];
  /** Fields of which the source said something the last time, and has no column now: they are not compared. */
  readonly untold: readonly string[];
  /** Whether the last round was recorded to its end: of one that broke off, names and old tokens do not count yet. */
  readonly isComplete: boolean;
  readonly isGood: boolean;
}

/** Compares a source with what came of it. It changes nothing, there or here. */
export async function verifyImport(
  auth: Pick<Auth, "importedUsers" | "profile">,
  options: ImportOptions,
): Promise<Verified> {
  return withStagedPeople(auth, { ...options, apply: false }, async ({ run, source, columns, decisions, untold }) => {
    await run.client.query("analyze latchkey.import_people");
    const counts = await count(run);
    const unreadable = await findUnreadable(run);
    const mixedUp = await findMixedUp(run);
    const fields = await compareFields(run, untold);
    const faults = [unreadable, mixedUp.reachAnother, fields.different];
    const isComplete = await isLastRoundComplete(run);
    const isGood = isComplete && counts.missing === 0 && faults.every(({ length }) => length === 0);
    const decided = decisions.flatMap(({ code, field }) => (code === "unknown_column" ? [field] : []));
    const unknownColumns = columns
      .undecided()
      .flatMap(({ column, filled }) => (filled > 0 && !decided.includes(column) ? [column] : []));
    return {
      ...counts,
      ...(await countGrants(run)),
      ...(await countGroupPermissions(run, source.groups)),
      ...fields,
      unknownColumns,
      untold,
      unreadable,
      ...mixedUp,
      isComplete,
      isGood,
    };
  });
}

/** While this command reads, no import can be under way. */
async function isLastRoundComplete({ client, source }: Run): Promise<boolean> {
  const { rows } = await client.query(
    "select from latchkey.import_sources where source = $1 and seen_at is not null and round_id is null",
    [source],
  );
  return rows.length === 1;
}

async function count({ client, id, source }: Run) {
  const { rows } = await client.query<Pick<Verified, "there" | "here" | "missing" | "changed" | "gone">>(
    `select count(p.old_id)::int as there, count(i.user_id)::int as here, count(*) filter (where p.state = 'new')::int as missing,
      count(*) filter (where p.state = 'changed')::int as changed,
      count(*) filter (where p.old_id is null and i.user_id is not null)::int as gone
    from (select * from latchkey.import_people where run_id = $1) p
    full join (select * from latchkey.imported_users where source = $2) i on i.old_id = p.old_id`,
    [id, source],
  );
  return rows[0] ?? { there: 0, here: 0, missing: 0, changed: 0, gone: 0 };
}

/** Of people who have a password there that can be checked. */
async function findUnreadable({ client, id, source }: Run): Promise<string[]> {
  const found: string[] = [];
  for (let after = -1; ; ) {
    const { rows } = await client.query<{ position: number; oldId: string; password: string }>(
      `select p.position, p.old_id as "oldId", u.password from latchkey.import_people p
      join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id join latchkey.users u on u.id = i.user_id
      where p.run_id = $1 and p.position > $3 and p.password <> '!' order by p.position limit 5000`,
      [id, source, after],
    );
    const last = rows.at(-1);
    if (!last) return found;
    found.push(...rows.filter(({ password }) => !readStoredPassword(password)).map(({ oldId }) => oldId));
    after = last.position;
  }
}

/** Each kind of name, and in whose hands it is here: where they proved it, it is theirs whatever was said of it there. */
const kinds = [
  [
    "username",
    "username_key",
    "(select username_key as name, id, false as is_proved, username as shown from latchkey.users)",
  ],
  [
    "phoneNumber",
    "phone_number",
    "(select phone_number as name, id, phone_proved_at is not null as is_proved, phone_number as shown from latchkey.users)",
  ],
  [
    "email",
    "email_key",
    "(select email_key as name, id, email_proved_at is not null as is_proved, email as shown from latchkey.users)",
  ],
  [
    "alias",
    "old_username",
    "(select alias as name, user_id as id, false as is_proved, null::text as shown from latchkey.imported_users)",
  ],
] as const;

type MixedUp = Pick<Verified, "reachAnother" | "takenHere" | "heldByGone">;

async function findMixedUp({ client, id, source }: Run): Promise<MixedUp> {
  const found = { reachAnother: [] as string[], takenHere: [] as string[], heldByGone: [] as string[] };
  for (const [kind, key, holders] of kinds) {
    // An alias is nothing that one can be given here.
    const isAsItCame = kind === "alias" ? "true" : `o.prints -> 'here' ->> '${kind}' = ${printOf("u.shown")}`;
    const { rows } = await client.query<{ oldId: string; isOfSource: boolean; goneId: string | null }>(
      `select p.old_id as "oldId",
        exists (select from latchkey.imported_users o where o.source = $2 and o.user_id = u.id) as "isOfSource",
        (select o.old_id from latchkey.imported_users o, latchkey.imported_name_key k
          where o.source = $2 and o.user_id = u.id and ${isAsItCame}
            and not exists (select from latchkey.import_people g where g.run_id = $1 and g.old_id = o.old_id)) as "goneId"
      from latchkey.import_people p
      join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id
      join ${holders} u on u.name = p.${key}
      where p.run_id = $1 and i.user_id is not null and u.id <> i.user_id and not u.is_proved
        and not exists (select from latchkey.imported_users o join latchkey.import_people own on own.run_id = $1 and own.old_id = o.old_id
          where o.source = $2 and o.user_id = u.id and own.${key} = p.${key})
      order by p.position`,
      [id, source],
    );
    for (const { oldId, isOfSource, goneId } of rows) {
      if (goneId !== null) found.heldByGone.push(`${oldId}: ${kind}, which is ${goneId}'s here`);
      else (isOfSource ? found.reachAnother : found.takenHere).push(`${oldId}: ${kind}`);
    }
  }
  return found;
}

const asItStands = ["first_name", "last_name", "gender", "country", "city", "is_approved_to_be_in_touch"];

/** When a field is here otherwise than it stands there, by its name. Of the rest a lower flag and a later sign-in are no fault. */
const differences: Readonly<Record<string, string>> = {
  username: "p.username_key is distinct from u.username_key",
  phoneNumber: "p.phone_number is distinct from u.phone_number",
  email: "p.email_key is distinct from u.email_key",
  alias: `i.issues @> '[{"field": "username", "decision": "alias"}]' and i.alias is distinct from p.old_username`,
  ...Object.fromEntries(asItStands.map((name) => [toFieldName(name), `p.${name} is distinct from u.${name}`])),
  state: "p.state_name is distinct from u.state",
  profile: "not u.profile @> p.profile",
  isActive: "u.is_active and not p.is_active",
  isStaff: "u.is_staff and not p.is_staff",
  isSuperuser: "u.is_superuser and not p.is_superuser",
  dateJoined: "p.date_joined <> u.date_joined",
  lastLogin: "p.last_login > coalesce(u.last_login, '-infinity')",
  // At a sign-in here it is hashed anew.
  password: `not p.is_weak and u.password <> p.password and u.password_set_at is null and u.last_login is not distinct from p.last_login
    and not exists (select from latchkey.sessions s where s.user_id = u.id)`,
};

/** Compares every field of those of whom nothing changed there since the last run. */
async function compareFields({ client, id, source }: Run, untold: readonly string[]) {
  const fields = Object.entries(differences).map(([field, differs]) => `case when ${differs} then '${field}' end`);
  const { rows } = await client.query<{
    kind: "different" | "decided" | "changedHere";
    count: number;
    first: string[];
  }>(
    `select kind, count(*)::int as count, (array_agg(old_id || ': ' || field order by old_id))[1:1000] as first from (
      select old_id, field, case when prints -> 'decided' ? field then 'decided'
        when now ->> field is distinct from prints -> 'here' ->> field then 'changedHere' else 'different' end as kind
      from (
        select p.old_id, i.prints, ${printsHere("u")} as now, array_remove(array[${fields.join(", ")}], null) as fields
        from latchkey.import_people p join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id
        join latchkey.users u on u.id = i.user_id, latchkey.imported_name_key k
        where p.run_id = $1 and p.state = 'settled' and i.prints ? 'decided'
      ) compared, unnest(fields) field where fields <> '{}' and field <> all ($3)
    ) judged group by kind`,
    [id, source, untold],
  );
  const find = (kind: string) => rows.find((row) => row.kind === kind);
  return {
    different: find("different")?.first ?? [],
    decided: find("decided")?.count ?? 0,
    changedHere: find("changedHere")?.count ?? 0,
  };
}

async function countGrants({ client, id, source }: Run) {
  const { rows } = await client.query<Pick<Verified, "groupsMissing" | "permissionsMissing">>(
    `select coalesce(sum((select count(*) from unnest(p.groups) held where not exists (
        select from latchkey.user_groups m join latchkey.groups g on g.id = m.group_id where m.user_id = i.user_id and g.name = held))), 0)::int
        as "groupsMissing",
      coalesce(sum((select count(*) from unnest(p.permissions) held where not exists (
        select from latchkey.user_permissions m where m.user_id = i.user_id and m.permission = held))), 0)::int as "permissionsMissing"
    from latchkey.import_people p join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id
    where p.run_id = $1 and i.user_id is not null and (p.groups <> '{}' or p.permissions <> '{}')`,
    [id, source],
  );
  return rows[0] ?? { groupsMissing: 0, permissionsMissing: 0 };
}

/** Of groups that are there and here. One that is here keeps its permissions, whatever becomes of it there. */
async function countGroupPermissions({ client }: Run, groups: readonly OldGroup[]) {
  const held = groups.flatMap(({ name, permissions }) => permissions.map((one) => [name, toPermission(one)] as const));
  const { rows } = await client.query<Pick<Verified, "groupPermissionsMissing" | "groupPermissionsAdded">>(
    `with there as (
      select distinct g.id as group_id, d.permission from unnest($2::text[], $3::text[]) held (name, permission)
      join latchkey.groups g using (name) join latchkey.permissions d using (permission)
    ), here as (
      select h.group_id, h.permission from latchkey.group_permissions h join latchkey.groups g on g.id = h.group_id where g.name = any ($1)
    )
    select (select count(*) from (table there except table here) missing)::int as "groupPermissionsMissing",
      (select count(*) from (table here except table there) added)::int as "groupPermissionsAdded"`,
    [groups.map(({ name }) => name), held.map(([name]) => name), held.map(([, permission]) => permission)],
  );
  return rows[0] ?? { groupPermissionsMissing: 0, groupPermissionsAdded: 0 };
}
