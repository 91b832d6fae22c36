import { createUuid } from "@latchkey/auth/import";
import { type Ending, endOpened } from "./end-opened.ts";
import { type Move, moveNames, type NameField, nameColumns, nameFields } from "./move-names.ts";
import { decidedFields, printsHere } from "./prints.ts";
import { inTransaction, listStates, onceMore, type Run } from "./staging.ts";
import { type Told, tellWebhooks } from "./tell-webhooks.ts";
import { wrapWeak } from "./wrap-weak.ts";

export interface FollowOptions {
  /** Whether who is enabled, or given more rights, there gets that here too. */
  readonly allowRaising: boolean;
  readonly passwordCost: number;
  /** Permissions that there are in the source, by their names here. */
  readonly knownPermissions: readonly string[];
  readonly knownGroups: readonly string[];
}

/** What became of changes over there. */
export interface Followed {
  /** People of whom something was taken. */
  readonly people: number;
  /** What stays as it is here, because it was changed here as well, or would raise somebody: `old id: field`. */
  readonly kept: readonly string[];
}

type Prints = Readonly<Record<string, string>>;

/** What somebody may do here because they might there. */
interface Held {
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly groups: readonly string[];
  readonly permissions: readonly string[];
}

/** A person as they are here and as they would come from there. */
interface Change {
  readonly oldId: string;
  readonly userId: string;
  readonly changed: readonly string[];
  /** `held` is null for nothing, and absent where an earlier release wrote it. */
  readonly before: { readonly there?: Prints; readonly here?: Prints; readonly held?: Held | null };
  readonly there: Prints;
  readonly now: Prints;
  readonly hasRights: boolean;
  readonly hasPasswordOfHere: boolean;
  readonly isPhoneProved: boolean;
  readonly isEmailProved: boolean;
  readonly staged: Readonly<Record<string, string | boolean | null>>;
  readonly user: Readonly<Record<string, string | boolean | null>>;
  readonly profile: Readonly<Record<string, unknown>>;
  readonly password: string;
  /** By which they sign in now. */
  readonly alias: string | null;
  readonly groups: readonly string[];
  readonly permissions: readonly string[];
  readonly groupsHere: readonly string[];
  readonly permissionsHere: readonly string[];
}

/** The columns behind a field, in the staging table and in `users`. */
const columnsOf: Readonly<Record<string, readonly (readonly [staged: string, column: string])[]>> = {
  username: [
    ["username", "username"],
    ["username_key", "username_key"],
  ],
  phoneNumber: [["phone_number", "phone_number"]],
  email: [
    ["email", "email"],
    ["email_key", "email_key"],
  ],
  firstName: [["first_name", "first_name"]],
  lastName: [["last_name", "last_name"]],
  gender: [["gender", "gender"]],
  country: [["country", "country"]],
  city: [["city", "city"]],
  state: [["state_name", "state"]],
  isApprovedToBeInTouch: [["is_approved_to_be_in_touch", "is_approved_to_be_in_touch"]],
};

/** People who are followed in one transaction, which holds their accounts. */
const batch = 200;

/**
 * Brings what changed there to those who are here, field by field: what was changed here as well stays, and is told. Nobody is enabled or
 * raised by it, and who has rights here follows nothing but being lowered. Accounts are looked at while they are held, so that what somebody
 * changes at the same moment was changed either before or after.
 */
export async function followChanges(run: Run, options: FollowOptions): Promise<Followed> {
  const kept: string[] = [];
  let people = 0;
  if (!(await listStates(run)).has("changed")) return { people, kept };
  const moved = await onceMore(() => inTransaction(run.client, () => followNames(run)));
  for await (const range of readRanges(run)) {
    // It takes long, and nobody is held for it.
    await wrapWeak(run, { ...range, state: "changed" }, options.passwordCost);
    const followed = await inTransaction(run.client, () => followRange(run, range, options, moved));
    kept.push(...followed.kept);
    people += followed.people;
  }
  return { people, kept };
}

async function followRange(
  run: Run,
  range: Range,
  options: FollowOptions,
  moved: ReadonlySet<string>,
): Promise<Followed> {
  const superusers = await hold(run, range);
  const kept: string[] = [];
  let people = 0;
  for (const change of await readChanges(run, range)) {
    const decided = decide(change, options, { moved, superusers });
    kept.push(...decided.kept.map((field) => `${change.oldId}: ${field}`));
    people += (await writeOne(run, decided)) ? 1 : 0;
  }
  return { people, kept };
}

/** Positions in the staging table, the last one excluded. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Who changed there, so many at a time. */
async function* readRanges({ client, id }: Run): AsyncGenerator<Range> {
  for (let after = -1; ; ) {
    const { rows } = await client.query<{ first: number | null; last: number | null; people: number }>(
      `select min(position) as first, max(position) as last, count(*)::int as people from (
        select position from latchkey.import_people where run_id = $1 and state = 'changed' and position > $2 order by position limit ${batch}) next`,
      [id, after],
    );
    const { first = null, last = null, people = 0 } = rows[0] ?? {};
    if (first === null || last === null) return;
    yield { from: first, to: last + 1 };
    if (people < batch) return;
    after = last;
  }
}

/**
 * Keeps the accounts of a range, and all superusers, from being changed by others until the transaction ends; each is waited for in the order of
 * their ids, as by everybody else. Answers who is an active superuser.
 */
async function hold({ client, id, source }: Run, { from, to }: Range): Promise<Set<string>> {
  await client.query(
    `select from latchkey.users u where u.id in (
      select i.user_id from latchkey.import_people p join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id
      where p.run_id = $1 and p.state = 'changed' and p.position >= $3 and p.position < $4
      union select id from latchkey.users where is_superuser)
    order by u.id for no key update of u`,
    [id, source, from, to],
  );
  const { rows } = await client.query<{ id: string }>("select id from latchkey.users where is_superuser and is_active");
  return new Set(rows.map((row) => row.id));
}

/** Gives people the names that they have there by now. Answers what was moved: `user id field`. */
async function followNames(run: Run): Promise<ReadonlySet<string>> {
  const wanted = [...new Set((await findMoves(run)).map(({ userId }) => userId))];
  if (wanted.length === 0) return new Set();
  await run.client.query("select from latchkey.users u where id = any ($1) order by id for no key update of u", [
    wanted,
  ]);
  return moveNames(run, await findMoves(run, wanted));
}

/** Every name that would be another one by this run, or that of these accounts alone. */
async function findMoves(run: Run, userIds?: readonly string[]): Promise<Move[]> {
  const found: Move[] = [];
  for await (const range of readRanges(run))
    for (const change of await readChanges(run, range, userIds))
      for (const field of nameFields) if (judgeField(change, field) === "take") found.push(toMove(change, field));
  return found;
}

function toMove(change: Change, field: NameField): Move {
  const [, key] = nameColumns[field];
  const { alias } = change.staged;
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  const { [field]: columns = [] } = columnsOf;
  return {
    userId: change.userId,
    field,
    to: text(change.staged[key]),
    shown: text(change.staged[columns[0]?.[0] ?? ""]),
    alias: field === "username" ? text(alias) : null,
  };
}

async function readChanges(
  { client, id, source }: Run,
  { from, to }: Range,
  userIds?: readonly string[],
): Promise<Change[]> {
  const { rows } = await client.query<Change>(
    `select p.old_id as "oldId", i.user_id as "userId", p.changed, i.prints as before, p.prints as there,
      ${printsHere("u")} as now, to_jsonb(p) as staged, to_jsonb(u) as "user", p.profile,
      coalesce(p.stored_password, p.password) as password, i.alias, p.groups,
      array(select d.permission from latchkey.permissions d where d.permission = any (p.permissions)) as permissions,
      u.is_staff or u.is_superuser or exists (select from latchkey.user_permissions h where h.user_id = u.id)
        or exists (select from latchkey.user_groups h where h.user_id = u.id) as "hasRights",
      u.password_set_at is not null as "hasPasswordOfHere",
      u.phone_proved_at is not null as "isPhoneProved", u.email_proved_at is not null as "isEmailProved",
      array(select g.name from latchkey.user_groups m join latchkey.groups g on g.id = m.group_id where m.user_id = u.id) as "groupsHere",
      array(select h.permission from latchkey.user_permissions h where h.user_id = u.id) as "permissionsHere"
    from latchkey.import_people p
    join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id
    join latchkey.users u on u.id = i.user_id, latchkey.imported_name_key k
    where p.run_id = $1 and p.state = 'changed' and p.position >= $3 and p.position < $4
      and ($5::uuid[] is null or u.id = any ($5)) order by p.position`,
    [id, source, from, to, userIds],
  );
  return rows;
}

/** What is done to a person. */
interface Decided {
  readonly change: Change;
  /** Columns of `users`. */
  readonly set: Record<string, unknown>;
  /** Fields that were taken: their prints are made anew. */
  readonly taken: string[];
  readonly kept: string[];
  /** The same, of which nothing is new there: read along with a username that was of another kind. */
  readonly untold: readonly string[];
  /** Fields that are here as they are there by now, whoever changed them. */
  readonly agreed: readonly string[];
  readonly endsSessions: boolean;
  readonly groupsLost: readonly string[];
  readonly permissionsLost: readonly string[];
  readonly groupsGained: readonly string[];
  readonly permissionsGained: readonly string[];
  readonly held: Held | null | undefined;
}

const isChangedHere = (change: Change, field: string) => change.before.here?.[field] !== change.now[field];

/** What becomes of a field that changed there: null where nothing is to be done. */
function judgeField(change: Change, field: string): "take" | "keep" | "keep untold" | "same" | null {
  if (!change.changed.includes(field)) return null;
  const { [field]: columns = [] } = columnsOf;
  const isAlias = field === "username" && change.staged.alias !== change.alias;
  if (!isAlias && columns.every(([staged, column]) => change.staged[staged] === change.user[column])) return "same";
  const isProved = { phoneNumber: change.isPhoneProved, email: change.isEmailProved }[field] ?? false;
  if (!isChangedHere(change, field) && !isProved && !change.hasRights) return "take";
  // Read along with a username that may be a name of another kind, it is no change that somebody should know of.
  return change.before.there?.[field] === change.there[field] ? "keep untold" : "keep";
}

interface Around {
  /** What {@link followNames} has moved. */
  readonly moved: ReadonlySet<string>;
  /** Who is one and active, whom this takes from it. */
  readonly superusers: Set<string>;
}

function decide(change: Change, options: FollowOptions, { moved, superusers }: Around): Decided {
  const set: Record<string, unknown> = {};
  const [taken, kept, agreed, untold]: [string[], string[], string[], string[]] = [[], [], [], []];
  for (const [field, columns] of Object.entries(columnsOf)) {
    const judged = judgeField(change, field);
    const isName = Object.hasOwn(nameColumns, field);
    if (judged === "keep" || (judged === "take" && isName)) kept.push(field);
    else if (judged === "keep untold") untold.push(field);
    else if (judged === "same") (moved.has(`${change.userId} ${field}`) ? taken : agreed).push(field);
    else if (judged === "take") {
      taken.push(field);
      for (const [staged, column] of columns) set[column] = change.staged[staged];
    }
  }
  followOwnFields(change, { set, taken, kept });
  followFlags(change, options, { set, taken, kept, superusers });
  const endsSessions = followPassword(change, { set, taken, kept });
  followJoined(change, { set, taken, kept });
  const lastLogin = change.staged.last_login;
  const isLater =
    typeof lastLogin === "string" && Date.parse(lastLogin) > Date.parse(String(change.user.last_login ?? 0));
  if (change.changed.includes("lastLogin") && (change.user.last_login === null ? lastLogin !== null : isLater)) {
    set.last_login = lastLogin;
    taken.push("lastLogin");
  }
  const grants = followGrants(change, options, kept);
  return { change, set, taken, kept, untold, agreed, endsSessions, ...grants, held: toHeld(change, taken, grants) };
}

interface Effects {
  readonly set: Record<string, unknown>;
  readonly taken: string[];
  readonly kept: string[];
}

function followOwnFields(change: Change, { set, taken, kept }: Effects): void {
  const names = Object.keys(change.profile).filter((name) => change.changed.includes(name));
  if (names.length === 0) return;
  if (isChangedHere(change, "profile") || change.hasRights) {
    kept.push(...names);
    return;
  }
  set.profile = JSON.stringify(Object.fromEntries(names.map((name) => [name, change.profile[name]])));
  taken.push("profile");
}

function followJoined({ changed, staged, user, hasRights }: Change, { set, taken, kept }: Effects): void {
  if (!changed.includes("dateJoined") || staged.date_joined === null || staged.date_joined === user.date_joined) return;
  if (hasRights) kept.push("dateJoined");
  else {
    set.date_joined = staged.date_joined;
    taken.push("dateJoined");
  }
}

const flags = { isActive: "is_active", isStaff: "is_staff", isSuperuser: "is_superuser" } as const;

function followFlags(
  change: Change,
  { allowRaising }: FollowOptions,
  { set, taken, kept, superusers }: Effects & Pick<Around, "superusers">,
): void {
  const isLast = superusers.size === 1 && superusers.has(change.userId);
  for (const [field, column] of Object.entries(flags)) {
    if (!change.changed.includes(field) || change.staged[column] === change.user[column]) continue;
    const isLowered = change.staged[column] === false;
    if (isLowered ? !isLast || field === "isStaff" : allowRaising && !change.hasRights) {
      set[column] = change.staged[column];
      taken.push(field);
      if (isLowered && field !== "isStaff") superusers.delete(change.userId);
    } else kept.push(field);
  }
}

/** Answers whether sessions end: with the same parameters and another salt it is another password for certain. */
function followPassword(change: Change, { set, taken, kept }: Effects): boolean {
  if (!change.changed.includes("password")) return false;
  if (change.hasPasswordOfHere || change.hasRights) {
    kept.push("password");
    return false;
  }
  set.password = change.password;
  taken.push("password");
  return change.before.there?.passwordKind === change.there.passwordKind;
}

/** What was taken away there is lost here; what was given or taken away here stays so. */
function followGrants(change: Change, { allowRaising, knownGroups, knownPermissions }: FollowOptions, kept: string[]) {
  const compare = (field: "groups" | "permissions", here: readonly string[], known: readonly string[]) => {
    if (!change.changed.includes(field)) return { lost: [], gained: [] };
    const there = change[field];
    const before = heldBefore(change, field) ?? here.filter((name) => known.includes(name));
    const lost = before.filter((name) => here.includes(name) && !there.includes(name));
    const more = there.filter((name) => !here.includes(name) && !before.includes(name));
    if (more.length > 0 && !allowRaising) kept.push(field);
    return { lost, gained: allowRaising ? more : [] };
  };
  const groups = compare("groups", change.groupsHere, knownGroups);
  const permissions = compare("permissions", change.permissionsHere, knownPermissions);
  return {
    groupsLost: groups.lost,
    groupsGained: groups.gained,
    permissionsLost: permissions.lost,
    permissionsGained: permissions.gained,
  };
}

/** Undefined where an earlier release brought them, which kept no word of it. */
function heldBefore({ before: { held } }: Change, field: "groups" | "permissions"): readonly string[] | undefined {
  return held === undefined ? undefined : (held?.[field] ?? []);
}

/** What is held from there from now on. */
function toHeld(change: Change, taken: readonly string[], grants: Grants): Held | null | undefined {
  const { before, changed, staged, user } = change;
  if (!["groups", "permissions", "isStaff", "isSuperuser"].some((field) => changed.includes(field))) return before.held;
  const list = (field: "groups" | "permissions", here: readonly string[], gained: readonly string[]) => {
    const kept = heldBefore(change, field) ?? here;
    return changed.includes(field)
      ? change[field].filter((name) => kept.includes(name) || gained.includes(name))
      : kept;
  };
  const flag = (field: "isStaff" | "isSuperuser") => {
    const column = flags[field];
    if (taken.includes(field)) return staged[column] === true;
    return before.held === undefined
      ? staged[column] === true && user[column] === true
      : (before.held?.[field] ?? false);
  };
  const held = {
    isStaff: flag("isStaff"),
    isSuperuser: flag("isSuperuser"),
    groups: list("groups", change.groupsHere, grants.groupsGained),
    permissions: list("permissions", change.permissionsHere, grants.permissionsGained),
  };
  const isNothing = !held.isStaff && !held.isSuperuser && held.groups.length + held.permissions.length === 0;
  return isNothing ? null : held;
}

async function writeOne(
  run: Run,
  { change, set, taken, kept, untold, agreed, endsSessions, held, ...grants }: Decided,
): Promise<boolean> {
  const { client, id, source } = run;
  const columns = Object.keys(set).map((column, index) => {
    const value = `$${index + 2}`;
    return column === "profile" ? `profile = profile || ${value}::jsonb` : `${column} = ${value}`;
  });
  if (columns.length > 0)
    await client.query(`update latchkey.users set ${columns.join(", ")} where id = $1`, [
      change.userId,
      ...Object.values(set),
    ]);
  if ("is_approved_to_be_in_touch" in set)
    await client.query(
      `insert into latchkey.consents (user_id, purpose, is_given, decided_by, source)
      values ($1, 'contact', $2, 'import', 'import')`,
      [change.userId, set.is_approved_to_be_in_touch],
    );
  const granted = await writeGrants(run, change.userId, grants);
  const ending = endsSessions ? "password_changed" : set.is_active === false ? "ended_by_administrator" : null;
  const ended = ending && (await endOpened(run, change.userId, ending));
  // What is kept here keeps the print of before: it stays different from it, and is kept the next time too.
  await client.query(
    `update latchkey.imported_users i set prints = jsonb_build_object('there', $3::jsonb, 'here',
      coalesce(i.prints -> 'here', '{}') - $4::text[] || (
        select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(${printsHere("u")}) where key = any ($4)),
      'decided', (select coalesce(jsonb_agg(distinct field), '[]') from (
        select field from jsonb_array_elements_text(i.prints -> 'decided') field where field <> all ($5)
        union select jsonb_array_elements_text(${decidedFields("p")}) union select unnest($7::text[])) decided)) || $8::jsonb
    from latchkey.users u, latchkey.imported_name_key k, latchkey.import_people p
    where i.source = $1 and i.old_id = $2 and u.id = i.user_id and p.run_id = $6 and p.old_id = i.old_id`,
    [
      source,
      change.oldId,
      JSON.stringify(change.there),
      [...taken, ...agreed],
      withAlias(change.changed),
      id,
      withAlias([...kept, ...untold]),
      JSON.stringify({ held }),
    ],
  );
  if (taken.length > 0) {
    const ranks = Object.entries(flags).flatMap(([field, column]) => (column in set ? [[field, set[column]]] : []));
    await client.query(
      "insert into latchkey.audit_events (id, event, subject_id, detail) values ($1, 'user_updated', $2, $3)",
      [createUuid(), change.userId, JSON.stringify({ fields: taken, ...Object.fromEntries(ranks) })],
    );
  }
  const fields = [...taken, ...granted];
  await tellWebhooks(run, toTold({ userId: change.userId, fields, ending, ended: ended ?? [] }));
  return fields.length > 0;
}

/** An alias is read from the username of there. */
const withAlias = (fields: readonly string[]) => (fields.includes("username") ? [...fields, "alias"] : fields);

interface Written {
  readonly userId: string;
  readonly fields: readonly string[];
  readonly ending: Ending | null;
  readonly ended: readonly string[];
}

/** The same events as for a change that is made here. */
function toTold({ userId, fields, ending, ended }: Written): Told[] {
  const updated = fields.filter((field) => field !== "password");
  return [
    ...(ended.length > 0
      ? [{ userId, type: "session.ended", data: { sessionIds: ended, reason: ending } } as const]
      : []),
    ...(updated.length > 0 ? [{ userId, type: "user.updated", data: { fields: updated } } as const] : []),
    ...(fields.includes("phoneNumber") ? [{ userId, type: "phone.changed" } as const] : []),
    ...(fields.includes("password") ? [{ userId, type: "password.changed" } as const] : []),
  ];
}

type Grants = Pick<Decided, "groupsLost" | "groupsGained" | "permissionsLost" | "permissionsGained">;

/** What somebody holds by themselves, in SQL for a row of `users`, as events of it say it. */
const heldNow = {
  groups:
    "(select coalesce(jsonb_agg(group_id order by group_id), '[]') from latchkey.user_groups where user_id = u.id)",
  permissions:
    "(select coalesce(jsonb_agg(permission order by permission), '[]') from latchkey.user_permissions where user_id = u.id)",
} as const;

type Grantable = keyof typeof heldNow;

/** Answers which of both changed. */
async function writeGrants({ client }: Run, userId: string, grants: Grants): Promise<Grantable[]> {
  const { groupsLost, groupsGained, permissionsLost, permissionsGained } = grants;
  if (groupsLost.length > 0)
    await client.query(
      `delete from latchkey.user_groups m using latchkey.groups g
      where m.user_id = $1 and g.id = m.group_id and g.name = any ($2)`,
      [userId, groupsLost],
    );
  if (permissionsLost.length > 0)
    await client.query("delete from latchkey.user_permissions where user_id = $1 and permission = any ($2)", [
      userId,
      permissionsLost,
    ]);
  if (groupsGained.length > 0)
    await client.query(
      `insert into latchkey.user_groups (user_id, group_id) select $1, id from latchkey.groups where name = any ($2)
      on conflict do nothing`,
      [userId, groupsGained],
    );
  if (permissionsGained.length > 0)
    await client.query(
      `insert into latchkey.user_permissions (user_id, permission)
      select $1, permission from latchkey.permissions where permission = any ($2) on conflict do nothing`,
      [userId, permissionsGained],
    );
  const changed: Grantable[] = [
    ...(groupsLost.length + groupsGained.length > 0 ? (["groups"] as const) : []),
    ...(permissionsLost.length + permissionsGained.length > 0 ? (["permissions"] as const) : []),
  ];
  for (const kind of changed)
    await client.query(
      `insert into latchkey.audit_events (id, event, subject_id, detail)
      select $2, '${kind}_set', id, jsonb_build_object('${kind}', ${heldNow[kind]}) from latchkey.users u where id = $1`,
      [userId, createUuid()],
    );
  return changed;
}
