import {
  comparedForms,
  isPlainLine,
  type PhoneOptions,
  parseEmail,
  parsePhone,
  parseUsername,
} from "@latchkey/auth/import";
import { type IssueCode, notices } from "../issue.ts";
import { suggestField, type UndecidedColumn } from "../known-columns.ts";
import type { AmbiguousPermission, OldGroup } from "../old-row.ts";
import { toPermission } from "../rules/permission-names.ts";
import { mayBeAlias } from "../rules/read-names.ts";
import { copyRows, inTransaction, listStates, type Run, toLine } from "./staging.ts";

/** What somebody decided about a field of somebody there; the source itself has the old id ``. */
export interface Decision {
  readonly oldId: string;
  readonly code: string;
  readonly field: string;
  readonly decision: string;
}

export interface PlanOptions {
  readonly phones: PhoneOptions;
  readonly decisions: readonly Decision[];
  /** Codes whose proposals are accepted; `all` for every one. */
  readonly accept: readonly string[];
  readonly groups: readonly OldGroup[];
  readonly ambiguousPermissions: readonly AmbiguousPermission[];
  /** Columns that nobody has decided, and how often each is filled. */
  readonly unknownColumns: readonly UndecidedColumn[];
  /** Only these come over; the others' names stay reserved. */
  readonly only?: readonly string[] | undefined;
  readonly limit?: number | undefined;
  /** Whether those come over later of whom something is undecided. */
  readonly skipsUndecided: boolean;
}

/**
 * Finds all collisions over everybody who was read, takes the decisions, and leaves in the staging tables what would be brought over. Nothing
 * outside of them is changed.
 */
export async function plan(run: Run, options: PlanOptions): Promise<void> {
  const { client, id } = run;
  // Of the columns by which people are found: of lists and prints statistics take longer than all that is planned with them.
  await client.query(
    `analyze latchkey.import_people (run_id, position, old_id, state, id, old_username, username_key, phone_number, email_key, alias),
      latchkey.import_issues (run_id, old_id, code, field, is_decided, is_effective)`,
  );
  await copyRows(
    client,
    "latchkey.import_decisions (run_id, old_id, code, field, decision)",
    options.decisions.map(({ oldId, code, field, decision }) => toLine([id, oldId, code, field, decision])),
  );
  await insertIssues(run, [
    ...options.unknownColumns.map(({ column, filled, isSecond }) => ({
      code: "unknown_column" as const,
      field: column,
      value: null,
      other: isSecond
        ? `${filled} people have something else in another column of the same field; --drop ${column}, or that one`
        : `filled for ${filled} people; --map ${column}=${suggestField(column)} or --drop ${column}`,
      proposal: "drop",
    })),
    ...options.ambiguousPermissions.map(({ permission, name }) => ({
      code: "permission_ambiguous" as const,
      field: permission,
      value: null,
      other: `would be ${name} here, as another permission there is: it is granted to nobody`,
      proposal: "drop",
    })),
    ...(await findUndeclared(run, options.groups)),
    ...(await findMassChange(run)),
  ]);
  await findGone(run);
  const states = await listStates(run);
  if (states.has("changed")) await findReused(run, options);
  await settle(run, options);
  // Of those who are as they were, or were deleted here, nothing is given to anybody.
  if (!states.has("new") && !states.has("changed")) return;
  await findCollisions(run);
  await settle(run, options);
  await findConflicts(run);
  await decide(run, options);
  await findNameless(run);
  await settle(run, options);
  if (await areNamed(run)) {
    await findConflicts(run);
    await decide(run, options);
  }
  if (states.has("changed")) await holdBack(run, options);
  await leaveOut(run, options);
}

const insertInto = "insert into latchkey.import_issues (run_id, old_id, code, field, value, other, proposal)";

interface SourceIssue {
  readonly code: IssueCode;
  readonly field: string;
  readonly value: string | null;
  readonly other: string | null;
  readonly proposal: string;
}

/** Issues of the source as a whole. */
async function insertIssues({ client, id }: Run, issues: readonly SourceIssue[]): Promise<void> {
  const lines = issues.map(({ code, field, value, other, proposal }) =>
    toLine([id, "", code, field, value, other, proposal]),
  );
  await copyRows(client, "latchkey.import_issues (run_id, old_id, code, field, value, other, proposal)", lines);
}

async function findUndeclared({ client, id }: Run, groups: readonly OldGroup[]): Promise<SourceIssue[]> {
  const ofGroups = groups.flatMap((group) => group.permissions.map(toPermission));
  const { rows } = await client.query<{ permission: string; people: number }>(
    `select permission, count(old_id)::int as people from (
        select old_id, unnest(permissions) as permission from latchkey.import_people where run_id = $1
        union all select null, unnest($2::text[])
      ) held where permission not in (select permission from latchkey.permissions) group by permission order by permission`,
    [id, ofGroups],
  );
  return rows.map(({ permission, people }) => ({
    code: "permission_undeclared",
    field: permission,
    value: null,
    other: `held by ${people} people and ${ofGroups.filter((one) => one === permission).length} groups; not declared here, so it is not granted`,
    proposal: "drop",
  }));
}

/** The permissions that the plan found to be declared nowhere here. */
export async function listUndeclared({ client, id }: Run): Promise<string[]> {
  const { rows } = await client.query<{ field: string }>(
    "select field from latchkey.import_issues where run_id = $1 and code = 'permission_undeclared' order by field",
    [id],
  );
  return rows.map(({ field }) => field);
}

/** Ids of decisions about nobody whom the source has, or had: those of another source, or as a spreadsheet has rounded them. */
export async function listStrayDecisions({ client, id, source }: Run): Promise<string[]> {
  const { rows } = await client.query<{ oldId: string }>(
    `select distinct old_id as "oldId" from latchkey.import_decisions d where run_id = $1 and old_id <> ''
      and not exists (select from latchkey.import_people p where p.run_id = $1 and p.old_id = d.old_id)
      and not exists (select from latchkey.imported_users i where i.source = $2 and i.old_id = d.old_id) order by old_id`,
    [id, source],
  );
  return rows.map(({ oldId }) => oldId);
}

/** More than 1 % that is gone or different since the last round is rather a wrong source than a day's changes. */
async function findMassChange({ client, id, source }: Run): Promise<SourceIssue[]> {
  const { rows } = await client.query<{ known: number; gone: number; changed: number }>(
    `select count(*)::int as known, count(*) filter (where p.old_id is null)::int as gone,
      count(*) filter (where p.state = 'changed')::int as changed
    from latchkey.imported_users i left join latchkey.import_people p on p.run_id = $1 and p.old_id = i.old_id
    where i.source = $2 and i.gone_at is null and i.deleted_at is null`,
    [id, source],
  );
  const { known = 0, gone = 0, changed = 0 } = rows[0] ?? {};
  const most = Math.max(10, known / 100);
  const issue = (field: string, count: number): SourceIssue[] => {
    if (count <= most) return [];
    const other = `${count} of ${known} people are ${field} there since the last round: is it the right source?`;
    return [{ code: "mass_change", field, value: null, other, proposal: "keep" }];
  };
  return [...issue("gone", gone), ...issue("changed", changed)];
}

/** Who has an account here and is there no more since the last round. */
async function findGone({ client, id, source }: Run): Promise<void> {
  await client.query(
    `${insertInto}
    select $1, i.old_id, 'gone', 'account', i.old_username, 'is there no more; the account here stays as it is', 'keep'
    from latchkey.imported_users i
    where i.source = $2 and i.user_id is not null and i.gone_at is null
      and not exists (select from latchkey.import_people p where p.run_id = $1 and p.old_id = i.old_id)`,
    [id, source],
  );
}

/**
 * What shows that who joined at another time is still the person with the account, whoever corrected the date: the same salted hash, which nobody else
 * can have; or all names as they were, and with them the password or a second name. A username by itself may be given again, as the id was.
 */
const isSamePerson = `(
  p.password <> '!' and not p.is_weak and 'password' <> all (p.changed)
  or not p.changed && '{username,phoneNumber,email}' and ('password' <> all (p.changed)
    or num_nonnulls(p.username_key, p.phone_number, p.email_key) + (select count(*) from latchkey.import_issues o
      where o.run_id = $1 and o.old_id = p.old_id and o.code = 'username_grammar') > 1))`;

/** Where nothing says when either of the two joined: a new password, and not one of the names of before. */
const isOfOthers = `num_nonnulls(p.date_joined, i.old_joined_at) < 2 and 'password' = any (p.changed) and p.changed && '{username,phoneNumber,email}'
  and not exists (select from unnest('{username,phoneNumber,email}'::text[]) name
    where p.prints ->> name = i.prints -> 'there' ->> name)`;

/**
 * Who joined there at another time than the person who had the id before, or has nothing of that person's. Where it is somebody else they come over anew, and the account here is
 * theirs no more; what is asked of one who is the same is what changed.
 */
async function findReused(run: Run, options: PlanOptions): Promise<void> {
  const { client, id, source } = run;
  const utc = (time: string) => `(${time} at time zone 'UTC')::text`;
  await client.query(
    `${insertInto}
    select $1, p.old_id, 'id_reused', 'account', p.old_username,
      coalesce('joined ' || ${utc("p.date_joined")} || ', and ' || ${utc("i.old_joined_at")} || ' the last time', 'has another password, and no name of the last time')
        || ': keep the account for the same person, drop it for another',
      case when ${isSamePerson} then 'keep' else 'drop' end
    from latchkey.import_people p join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id
    where p.run_id = $1 and p.state = 'changed'
      and ('dateJoined' = any (p.changed) and p.date_joined <> i.old_joined_at or ${isOfOthers})`,
    [id, source],
  );
  await decide(run, options);
  await client.query(
    `update latchkey.import_people p set state = 'new', changed = '{}' from latchkey.import_issues i
    where p.run_id = $1 and i.run_id = $1 and i.old_id = p.old_id and i.code = 'id_reused' and ${effect} = 'drop'`,
    [id],
  );
  await client.query(
    `delete from latchkey.import_issues i using latchkey.import_people p
    where p.run_id = $1 and i.run_id = $1 and i.old_id = p.old_id and p.state = 'changed'
      and i.code <> 'id_reused' and i.field <> all (p.changed)`,
    [id],
  );
}

/** Takes the decisions that there are, and does to the staged people what they say, or what is proposed. */
async function settle(run: Run, options: PlanOptions): Promise<void> {
  await decide(run, options);
  await takeEffect(run, options.phones);
}

async function decide({ client, id }: Run, { accept }: PlanOptions): Promise<void> {
  // A decision that cannot be stands beside what it was about, which is asked again.
  const open = "i.run_id = $1 and not i.is_decided and i.decision is null";
  // What two people have there, one of them has here once it was decided: to the other one's question the answer is the same in later runs.
  for (const code of ["i.code", "replace(i.code, '_taken_here', '_shared')"])
    await client.query(
      `update latchkey.import_issues i set decision = d.decision, is_decided = true from latchkey.import_decisions d
      where ${open} and d.run_id = $1 and (i.old_id, ${code}, i.field) = (d.old_id, d.code, d.field)`,
      [id],
    );
  await client.query(
    `update latchkey.import_issues i set is_decided = true
    where ${open} and (code = any ($2) or code = any ($3) or 'all' = any ($2))`,
    [id, accept, [...notices]],
  );
}

/** What an issue comes to: what was decided, or what is proposed. */
const effect = "coalesce(i.decision, i.proposal)";

const columnsOfName: Readonly<Record<string, string>> = {
  username: "username = null, username_key = null",
  phoneNumber: "phone_number = null",
  email: "email = null, email_key = null",
  alias: "alias = null",
};

async function takeEffect(run: Run, phones: PhoneOptions): Promise<void> {
  const { client, id } = run;
  const fields = await listWaiting(run);
  if (fields.length === 0) return;
  const update = (set: string, where: string) =>
    client.query(
      `update latchkey.import_people p set ${set} from latchkey.import_issues i
      where p.run_id = $1 and i.run_id = $1 and i.old_id = p.old_id and not i.is_effective and ${where}`,
      [id],
    );
  await update(
    "state = 'skipped'",
    `${effect} = 'skip' and (p.state = 'new' or p.state = 'changed' and i.code = 'id_reused')`,
  );
  for (const [field, set] of Object.entries(columnsOfName))
    if (fields.includes(field)) await update(set, `i.field = '${field}' and ${effect} <> 'keep'`);
  await update("alias = p.old_username", `i.field = 'username' and ${effect} = 'alias' and i.proposal = 'alias'`);
  await setValues(run, phones);
  await client.query("update latchkey.import_issues set is_effective = true where run_id = $1", [id]);
}

/** The fields of people of which something waits to take effect. */
async function listWaiting({ client, id }: Run): Promise<string[]> {
  const { rows } = await client.query<{ field: string }>(
    "select distinct field from latchkey.import_issues where run_id = $1 and old_id <> '' and not is_effective",
    [id],
  );
  return rows.map(({ field }) => field);
}

interface ValueToSet {
  readonly oldId: string;
  readonly code: IssueCode;
  readonly field: string;
  readonly effect: string;
  readonly oldUsername: string | null;
}

/** Values that somebody wrote, or that are proposed, go through the same grammar as everybody's. */
async function setValues(run: Run, phones: PhoneOptions): Promise<void> {
  const { client, id } = run;
  const { rows } = await client.query<ValueToSet>(
    `select i.old_id as "oldId", i.code, i.field, ${effect} as effect, p.old_username as "oldUsername"
    from latchkey.import_issues i join latchkey.import_people p on p.run_id = i.run_id and p.old_id = i.old_id
    where i.run_id = $1 and not i.is_effective
      and (${effect} ~ '^(rename|set):' or (${effect} = 'alias' and i.proposal <> 'alias'))`,
    [id],
  );
  for (let at = 0; at < rows.length; at += valuesAtOnce) await setSome(run, rows.slice(at, at + valuesAtOnce), phones);
}

/** Values that are looked at and written together. */
const valuesAtOnce = 50_000;

async function setSome(run: Run, rows: readonly ValueToSet[], phones: PhoneOptions): Promise<void> {
  const { client, id } = run;
  const holders = await findReservations(run, rows);
  const refused: object[] = [];
  /** By the columns that are set, and by old id: of two values for one field the last one counts. */
  const assigned = new Map<string, Map<string, Readonly<Record<string, string>>>>();
  for (const row of rows) {
    const holder = holders.get(row);
    const set = holder === undefined ? toAssignment(row, phones) : `the name is kept for ${holder}`;
    if (typeof set === "string") refused.push({ ...row, other: `${row.effect} cannot be: ${set}` });
    else {
      const columns = Object.keys(set).join(", ");
      const people = assigned.get(columns) ?? new Map<string, Readonly<Record<string, string>>>();
      assigned.set(columns, people.set(row.oldId, set));
    }
  }
  if (refused.length > 0)
    await client.query(
      `update latchkey.import_issues i set is_decided = false, decision = r.effect, other = r.other
      from jsonb_to_recordset($2) r ("oldId" text, code text, field text, effect text, other text)
      where i.run_id = $1 and (i.old_id, i.code, i.field) = (r."oldId", r.code, r.field)`,
      [id, JSON.stringify(refused)],
    );
  for (const [columns, people] of assigned) {
    const names = columns.split(", ");
    await client.query(
      `update latchkey.import_people p set ${names.map((name) => `${name} = s.${name}`).join(", ")}
      from jsonb_to_recordset($2) s (set_id text, ${names.map((name) => `${name} text`).join(", ")})
      where p.run_id = $1 and p.old_id = s.set_id`,
      [id, JSON.stringify([...people].map(([oldId, set]) => ({ set_id: oldId, ...set })))],
    );
  }
}

/** Nothing is known yet of tables that have just been filled: taken for small ones, they would be read whole for each row of another. */
const joinAsSets = "set local enable_nestloop = off";

/** Why some may not be renamed so: somebody has that name in another system, or had it, or has it there and is left out. Answers who. */
async function findReservations(
  { client, id, source }: Run,
  rows: readonly ValueToSet[],
): Promise<ReadonlyMap<ValueToSet, string>> {
  const wanted = rows.flatMap(({ oldId, field, effect }, at) =>
    field === "username" && effect.startsWith("rename:")
      ? [{ at, old_id: oldId, forms: comparedForms(effect.slice("rename:".length)) }]
      : [],
  );
  if (wanted.length === 0) return new Map();
  return inTransaction(client, async () => {
    await client.query(joinAsSets);
    const { rows: found } = await client.query<{ at: number; holder: string }>(
      `with wanted as materialized (
        select w.at, w.old_id, form, sha256(k.key || convert_to(form, 'UTF8')) as hash
        from jsonb_to_recordset($3) w (at integer, old_id text, forms text[]), unnest(w.forms) form, latchkey.imported_name_key k
      )
      select distinct on (at) at, holder from (
        select w.at, i.old_id || ' of ' || i.source as holder
        from wanted w join (
          select source, old_id, unnest(username_hashes) as hash from latchkey.imported_users
          where source <> $2 or deleted_at is not null or gone_at is not null
        ) i on i.hash = w.hash and not (i.source = $2 and i.old_id = w.old_id)
        union all
        select w.at, p.old_id || ' of ' || $2
        from wanted w join (
          select old_id, unnest(username_forms) as form from latchkey.import_people
          where run_id = $1 and state in ('skipped', 'deleted')
        ) p on p.form = w.form and p.old_id <> w.old_id
      ) held order by at`,
      [id, source, JSON.stringify(wanted)],
    );
    return new Map(
      found.flatMap(({ at, holder }) => {
        const row = rows[at];
        return row ? [[row, holder] as const] : [];
      }),
    );
  });
}

const lineColumns: Readonly<Record<string, readonly [column: string, most: number]>> = {
  firstName: ["first_name", 150],
  lastName: ["last_name", 150],
  country: ["country", 120],
  city: ["city", 120],
  state: ["state_name", 120],
};

/** What a decision sets; a text says why it cannot be. */
function toAssignment(
  { field, effect, oldUsername }: ValueToSet,
  phones: PhoneOptions,
): Record<string, string> | string {
  if (effect === "alias")
    return oldUsername !== null && field === "username" && mayBeAlias(oldUsername, phones)
      ? { alias: oldUsername }
      : "the name is read as somebody's possible name";
  const value = effect.slice(effect.indexOf(":") + 1);
  if (field === "username" || field === "alias") {
    const parsed = parseUsername(value);
    return parsed.ok ? { username: parsed.username, username_key: parsed.key } : parsed.reason;
  }
  if (field === "phoneNumber") {
    const parsed = parsePhone(value, phones);
    return parsed.ok ? { phone_number: parsed.phoneNumber } : parsed.reason;
  }
  if (field === "email") {
    const parsed = parseEmail(value);
    return parsed.ok ? { email: parsed.email, email_key: parsed.key } : parsed.reason;
  }
  if (field === "gender")
    return ["Male", "Female"].includes(value) ? { gender: value } : "it is neither Male nor Female";
  const [column, most = 0] = lineColumns[field] ?? [];
  if (column === undefined) return "this field cannot be set by a decision";
  if (!isPlainLine(value)) return "it holds characters that cannot be stored or shown";
  return [...value].length <= most ? { [column]: value } : `it is longer than ${most}`;
}

const living = "p.state in ('new', 'changed')";

/** Who would get a field by this run: of those who are here, those alone for whom it changed. */
const gets = (field: string) => `(p.state = 'new' or p.state = 'changed' and '${field}' = any (p.changed))`;

const renamed = `case when p.old_id ~ '^[A-Za-z0-9_-]{1,40}$' and char_length(p.username) <= 100
  then 'rename:' || p.username || '_' || p.old_id else 'drop' end`;

interface Unique {
  readonly field: string;
  /** The field there that it is read from. */
  readonly of: string;
  /** Who has which one here, in SQL: `name` and `user_id`. */
  readonly holders: string;
  /** Whether `holders` is the person themselves, or will have let go of it before they get it. */
  readonly isOwn: string;
  readonly shown: string;
  readonly key: string;
  readonly shared: IssueCode;
  readonly taken: IssueCode;
  /** What is proposed to those who do not keep it. */
  readonly proposal: string;
  /** Whether who signed in last keeps it; else nobody does until one proves it. */
  readonly lastKeeps: boolean;
}

const ofUsers = (key: string) => ({
  holders: `(select ${key} as name, id as user_id from latchkey.users)`,
  // Who comes over has none: an account of this id is somebody else's then.
  isOwn: "own.user_id is not distinct from holder.user_id and p.state <> 'new'",
});

const uniques: readonly Unique[] = [
  {
    field: "username",
    of: "username",
    ...ofUsers("username_key"),
    shown: "username",
    key: "username_key",
    shared: "username_shared",
    taken: "username_taken_here",
    proposal: renamed,
    lastKeeps: true,
  },
  {
    field: "phoneNumber",
    of: "phoneNumber",
    ...ofUsers("phone_number"),
    shown: "phone_number",
    key: "phone_number",
    shared: "phone_shared",
    taken: "phone_taken_here",
    proposal: "'drop'",
    lastKeeps: false,
  },
  {
    field: "email",
    of: "email",
    ...ofUsers("email_key"),
    shown: "email",
    key: "email_key",
    shared: "email_shared",
    taken: "email_taken_here",
    proposal: "'drop'",
    lastKeeps: false,
  },
  {
    field: "alias",
    of: "username",
    holders: "(select alias as name, user_id, source, old_id from latchkey.imported_users where alias is not null)",
    isOwn: "(holder.source, holder.old_id) = ($2, p.old_id)",
    shown: "alias",
    key: "alias",
    shared: "username_shared",
    taken: "username_taken_here",
    proposal: "'drop'",
    lastKeeps: true,
  },
];

/** Who would get what somebody else has here, who does not let go of it by this run. */
const heldByOthers = ({ of, key, holders, isOwn }: Unique) => `latchkey.import_people p
  join ${holders} holder on holder.name = p.${key}
  left join latchkey.imported_users own on own.source = $2 and own.old_id = p.old_id
  where p.run_id = $1 and ${gets(of)} and not (${isOwn}) and not exists (
    select from latchkey.imported_users i join latchkey.import_people moved on moved.run_id = $1 and moved.old_id = i.old_id
    where i.source = $2 and i.user_id = holder.user_id and moved.state = 'changed' and '${of}' = any (moved.changed)
      and moved.${key} is distinct from p.${key})`;

/** Whether more than one of those who are meant has what the row has: so few that only they are put in order. */
const isShared = (key: string, isMeant: string) =>
  `p.${key} in (select ${key} from latchkey.import_people p where run_id = $1 and ${key} is not null and ${isMeant} group by ${key} having count(*) > 1)`;

/** Names that two people there have, or that somebody else has here. */
async function findCollisions({ client, id, source }: Run): Promise<void> {
  for (const unique of uniques) {
    const { field, of, shown, key, holders, shared, taken, proposal, lastKeeps } = unique;
    const keeps = lastKeeps ? "place = 1" : "false";
    // Those who are here, and to whom it was not given for this very reason, count: what two people have there nobody has by coming later.
    const isMeant = `(${gets(of)} or p.state in ('settled', 'changed') and not exists (select from ${holders} holder
        join latchkey.imported_users i on i.user_id = holder.user_id and i.source = $2 where holder.name = p.${key}))`;
    await client.query(
      `${insertInto}
      select run_id, old_id, '${shared}', '${field}', ${shown}, 'also ' || array_to_string(array_remove(everybody[1:6], old_id), ', '),
        case when ${keeps} then 'keep' else ${proposal.replaceAll("p.", "shared.")} end
      from (
        select p.*, ${gets(of)} as gets, array_agg(old_id) over same as everybody,
          row_number() over (partition by ${key} order by last_login desc nulls last, position) as place
        from latchkey.import_people p where run_id = $1 and ${isMeant} and ${isShared(key, isMeant)}
        window same as (partition by ${key})
      ) shared where gets`,
      [id, source],
    );
    await client.query(
      `${insertInto}
      select p.run_id, p.old_id, '${taken}', '${field}', p.${shown}, 'the account ' || holder.user_id::text, ${proposal}
      from ${heldByOthers(unique)}
      on conflict do nothing`,
      [id, source],
    );
  }
  await inTransaction(client, async () => {
    await client.query(joinAsSets);
    await client.query(
      `with others as materialized (
      select source, old_id, unnest(username_hashes) as hash from latchkey.imported_users
      where username_hashes <> '{}' and (source <> $2 or deleted_at is not null or gone_at is not null)
    )
    ${insertInto}
    select distinct on (p.old_id) p.run_id, p.old_id, 'username_reserved', 'username', p.username,
      'kept for ' || others.old_id || ' of ' || others.source, ${renamed}
    from others join (
      select p.*, sha256(k.key || convert_to(form, 'UTF8')) as hash
      from latchkey.import_people p, latchkey.imported_name_key k, unnest(p.username_forms) form
      where p.run_id = $1 and ${gets("username")} and p.username_key is not null and exists (select from others)
    ) p on p.hash = others.hash
    where not (others.source = $2 and others.old_id = p.old_id)
    on conflict do nothing`,
      [id, source],
    );
  });
}

/**
 * Whether a decision, or what is proposed, gave or left the name to somebody. Where nobody has an issue that ends so, a name is as it was when
 * collisions were looked for.
 */
const isDecidedOn = (key: string) => `p.${key} in (
  select given.${key} from latchkey.import_issues i join latchkey.import_people given on given.run_id = $1 and given.old_id = i.old_id
  where i.run_id = $1 and ${effect} not in ('drop', 'skip') and given.${key} is not null)`;

/** Whether a name may be another one than when collisions were looked for. */
async function areGiven({ client, id }: Run): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from latchkey.import_issues i join latchkey.import_people given on given.run_id = $1 and given.old_id = i.old_id
    where i.run_id = $1 and ${effect} not in ('drop', 'skip') limit 1`,
    [id],
  );
  return rowCount === 1;
}

/** What decisions left in two hands, or put in another's. Nobody gets it. */
async function findConflicts(run: Run): Promise<void> {
  const { client, id, source } = run;
  if (!(await areGiven(run))) return;
  for (const unique of uniques) {
    const { field, of, shown, key } = unique;
    await client.query(
      `${insertInto}
      select distinct $1::uuid, old_id, 'decision_conflict', '${field}', shown, 'two people would have it', 'drop' from (
        select old_id, shown from (
          select old_id, ${shown} as shown, count(*) over (partition by ${key}) as holders
          from latchkey.import_people p where p.run_id = $1 and ${gets(of)} and ${isDecidedOn(key)}
        ) given where holders > 1
        union all
        select p.old_id, p.${shown} from ${heldByOthers(unique)} and ${isDecidedOn(key)}
      ) conflicts
      on conflict do nothing`,
      [id, source],
    );
    await client.query(
      `update latchkey.import_people p set ${columnsOfName[field]} from latchkey.import_issues i
      where p.run_id = $1 and i.run_id = $1 and i.old_id = p.old_id and i.code = 'decision_conflict' and i.field = '${field}'`,
      [id],
    );
  }
}

async function findNameless({ client, id }: Run): Promise<void> {
  await client.query(
    `${insertInto}
    select run_id, old_id, 'no_name', 'username', old_username, 'nothing here would name them; an administrator can give a name', 'keep'
    from latchkey.import_people p
    where run_id = $1 and ${gets("username")} and num_nonnulls(username_key, phone_number, email_key, alias) = 0
    on conflict do nothing`,
    [id],
  );
}

/** Whether somebody who would have had no name was given one, which may be another's. */
async function areNamed({ client, id }: Run): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from latchkey.import_issues i where run_id = $1 and code = 'no_name' and ${effect} <> 'keep' limit 1`,
    [id],
  );
  return rowCount === 1;
}

/**
 * Of somebody who is here, what is undecided or skipped stays as it is, and counts as seen no more than before, so that it is asked again. The rest
 * is followed: who is disabled there must not stay enabled for a number that cannot be read. Names are one question.
 */
async function holdBack({ client, id, source }: Run, { skipsUndecided }: PlanOptions): Promise<void> {
  await client.query(
    `with open as (
      select old_id, array_agg(field) || case when array_agg(field) && '{username,phoneNumber,email,alias}' then '{username,phoneNumber,email}'::text[]
        when 'password' = any (array_agg(field)) then '{passwordKind}' else '{}' end as fields
      from latchkey.import_issues i
      where run_id = $1 and (is_decided and ${effect} = 'skip' or not is_decided and $3) group by old_id
    )
    update latchkey.import_people p set changed = array(select field from unnest(p.changed) field where field <> all (open.fields)),
      prints = p.prints - open.fields || coalesce(
        (select jsonb_object_agg(key, value) from jsonb_each(own.prints -> 'there') where key = any (open.fields)), '{}')
    from open join latchkey.imported_users own on own.source = $2 and own.old_id = open.old_id
    where p.run_id = $1 and p.old_id = open.old_id and p.state = 'changed'`,
    [id, source, skipsUndecided],
  );
}

async function leaveOut({ client, id }: Run, { only, limit, skipsUndecided }: PlanOptions): Promise<void> {
  const leave = (state: string, where: string, ...values: unknown[]) =>
    client.query(
      `update latchkey.import_people p set state = '${state}' where run_id = $1 and ${living} and ${where}`,
      [id, ...values],
    );
  if (skipsUndecided)
    await leave(
      "undecided",
      `exists (select from latchkey.import_issues i where i.run_id = $1 and i.old_id = p.old_id and not i.is_decided
        and (p.state = 'new' or i.code = 'id_reused'))`,
    );
  if (only) await leave("left_out", "not (p.old_id = any ($2))", only);
  if (limit !== undefined)
    await leave(
      "left_out",
      "p.state = 'new' and p.position > (select position from latchkey.import_people where run_id = $1 and state = 'new' order by position offset $2 - 1 limit 1)",
      limit,
    );
}
