import type { Auth, DatabaseOptions } from "@latchkey/auth";
import { createUuid } from "@latchkey/auth/import";
import { SourceError } from "../old-row.ts";
import { connect, isGiven } from "./connect.ts";
import { hashesOf, issuesOf, issuesOfAll, printsHere, rightsOf } from "./prints.ts";
import { inTransaction, listStates, onceMore, type Run } from "./staging.ts";
import { tellWebhooks } from "./tell-webhooks.ts";
import { wrapWeak } from "./wrap-weak.ts";

/** People of one transaction. */
const step = 50_000;

/** Connections that make accounts side by side, where they are our own: one is the work of one core of the database. */
const connections = 2;

export interface ApplyOptions {
  readonly auth: Pick<Auth, "importedUsers">;
  readonly connection: DatabaseOptions;
  readonly startedAt: Date;
  readonly passwordCost: number;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Applied {
  readonly created: number;
  /** People who came over without a name that somebody took here in the last moment, by old id. */
  readonly outrun: readonly string[];
}

/**
 * Keeps the names of everybody there, so that nobody takes one meanwhile, and records what is new of the people known before and whoever is left
 * out. It comes before all else that is applied. Who comes over is recorded together with the account: {@link complete}.
 */
export async function prepare(run: Run, options: ApplyOptions): Promise<Round> {
  const round = await recordKnown(run, options);
  await recordPasswordKinds(run);
  await recordIssues(run);
  return round;
}

/** A round under way: what was read of those who are recorded already is kept beside it. */
export interface Round {
  readonly id: string;
  readonly source: string;
  /** How many these are. */
  readonly people: number;
  /** Whether they are recorded as they are there now. Where nobody comes over and nobody changed, the end of the round does that. */
  readonly isKnownUpdated: boolean;
  /** Usernames that more than one person has there, and that therefore name nobody. */
  readonly sharedNames: readonly string[];
}

/** Says that everybody there is recorded: from then on the round counts for old tokens. It comes after all accounts. */
export async function complete({ auth }: Pick<ApplyOptions, "auth">, round: Round): Promise<void> {
  const { id, source, people, isKnownUpdated } = round;
  await auth.importedUsers.completeRound({ id, source }, { people, isKnownUpdated });
}

/**
 * Brings the planned people over, a step in one transaction each. What ends in the midst goes on with the next run: who is here already is
 * not brought again.
 */
export async function apply(run: Run, round: Round, options: ApplyOptions): Promise<Applied> {
  const { client, id } = run;
  const { rows } = await client.query<{ first: number; last: number; total: number }>(
    `select coalesce(min(position), 0) as first, coalesce(max(position), -1) as last, count(*)::int as total
    from latchkey.import_people where run_id = $1 and state = 'new'`,
    [id],
  );
  const { first = 0, last = -1, total = 0 } = rows[0] ?? {};
  // Looked at anew at the next start: the country there may be another than this command's.
  await client.query(
    `update latchkey.import_sources set aliases_read_for = null where source = $2
      and exists (select from latchkey.import_people where run_id = $1 and alias is not null)`,
    [id, run.source],
  );
  let created = 0;
  let next = first;
  const outrun: string[] = [];
  // By a plan from when nobody was recorded, whoever asks for a name would have all who are read.
  let isCounted = last - first < step;
  /** Takes steps until there are none left, or the other connection has failed. */
  const work = async (own: Run) => {
    for (let from = next; from <= last; from = next) {
      next = from + step;
      try {
        await wrapWeak(own, { from, to: from + step, state: "new" }, options.passwordCost);
        const done = await onceMore(() => inTransaction(own.client, () => createAccounts(own, round, from)));
        created += done.created;
        outrun.push(...done.outrun);
        if (!isCounted) {
          isCounted = true;
          await own.client.query("analyze latchkey.imported_users (source, old_id, user_id, deleted_at, gone_at)");
        }
      } catch (error) {
        next = last + 1;
        throw error;
      }
      options.onProgress(created, total);
    }
  };
  await sideBySide(run, options.connection, last - first < step ? 1 : connections, work);
  return { created, outrun };
}

/** Does work on so many connections at once. */
async function sideBySide(
  run: Run,
  connection: DatabaseOptions,
  count: number,
  work: (run: Run) => Promise<void>,
): Promise<void> {
  // A pooler that has no other would let it wait until it gives it up, in the midst of the work.
  const isOneOnly = run.isPooled || isGiven(connection);
  const others = Array.from({ length: isOneOnly ? 0 : count - 1 }, async () => {
    // Without another one it takes longer, and that is all.
    await using lent = await connect(connection).catch(() => null);
    if (lent) await work({ ...run, client: lent.client });
  });
  const outcomes = await Promise.allSettled([work(run), ...others]);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
}

/** Of who is left out the names stay theirs, and their old tokens name them. */
async function recordKnown({ client, id, source }: Run, { auth, startedAt }: ApplyOptions): Promise<Round> {
  const { rows } = await client.query<{ isOlder: boolean }>(
    `select seen_at > $2::timestamptz as "isOlder" from latchkey.import_sources where source = $1`,
    [source, startedAt],
  );
  if (rows[0]?.isOlder)
    throw new SourceError(`This is older than what was read of ${source} the last time. Nothing was changed.`);
  // By the run's own id: from here on the names in the staging table are kept for their people.
  const round = await auth.importedUsers.startRound({ source, startedAt, id });
  const sharedNames = await findSharedNames({ client, id });
  await dateFormer({ client, id, source });
  // Who is new is recorded with the account, from what was read; here is only who may have to let go of a name.
  const { rowCount } = await client.query(
    `insert into latchkey.imported_round_users
      (round_id, old_id, old_username, old_phone, old_joined_at, username_hashes, phone_hashes)
    select $2, p.old_id, ${ownName(4)}, p.old_phone,
      case when reused.becomes = 'drop' then coalesce(p.date_joined, $5)
        when i.user_id is not null then coalesce(i.old_joined_at, p.date_joined) else p.date_joined end,
      ${hashesOf("p.username_forms")}, ${hashesOf("p.phone_forms")}
    from latchkey.import_people p
    left join latchkey.imported_users i on i.source = $3 and i.old_id = p.old_id
    left join (${reused}) reused on reused.old_id = p.old_id, latchkey.imported_name_key k
    where p.run_id = $1 and (reused.old_id is null or reused.becomes in ('keep', 'drop'))
      and (p.state <> 'new' or i.old_id is not null or exists (
        select from latchkey.imported_users former where former.source = $3 and former.old_username = p.old_username))`,
    [id, round.id, source, sharedNames, startedAt],
  );
  const people = rowCount ?? 0;
  const states = await listStates({ client, id });
  const isKnownUpdated = [...states].some((state) => state !== "settled" && state !== "deleted");
  if (isKnownUpdated) await auth.importedUsers.updateKnown(round, { people });
  await reserveUnknown({ client, id, source });
  await inTransaction(client, () => recordLeftOut({ client, id, source }));
  return { ...round, people, isKnownUpdated, sharedNames };
}

async function findSharedNames({ client, id }: Pick<Run, "client" | "id">): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select old_username as name from latchkey.import_people where run_id = $1 and old_username is not null
    group by old_username having count(*) > 1`,
    [id],
  );
  return rows.map(({ name }) => name);
}

/** The username of there, in SQL for a row of the staging table, where nobody else there has it; the parameter of this number are those of several. */
const ownName = (shared: number) => `case when p.old_username <> all ($${shared}::text[]) then p.old_username end`;

async function recordLeftOut({ client, id, source }: Pick<Run, "client" | "id" | "source">): Promise<void> {
  const { rowCount } = await client.query(
    `insert into latchkey.imported_users (${ofRound})
    select s.source, r.old_id, r.old_username, r.old_phone, r.old_joined_at, r.username_hashes, r.phone_hashes, ${seenNow}
    from latchkey.imported_round_users r join latchkey.import_people p on p.run_id = $1 and p.old_id = r.old_id,
      latchkey.import_sources s
    where r.round_id = $1 and s.source = $2 and p.state <> 'new' and not exists (
      select from latchkey.imported_users i where i.source = $2 and i.old_id = r.old_id)`,
    [id, source],
  );
  await noteAdded({ client, source }, rowCount ?? 0);
}

/** What is kept of everybody, and since when: `s` is the source. */
const ofRound =
  "source, old_id, old_username, old_phone, old_joined_at, username_hashes, phone_hashes, named_since, seen_at";
const seenNow = "s.round_started_at, s.round_started_at";

/** Whose id was somebody's who joined at another time, and what was decided to become of the account: nothing yet where nobody said. */
const reused = `select old_id, case when is_decided then coalesce(decision, proposal) end as becomes
  from latchkey.import_issues where run_id = $1 and code = 'id_reused'`;

/** By the time of joining an id is parted from its account. Where nothing says it, it is when each of the two was seen first. */
async function dateFormer({ client, id, source }: Pick<Run, "client" | "id" | "source">): Promise<void> {
  await client.query(
    `update latchkey.imported_users i set old_joined_at = i.named_since from (${reused}) reused
    where i.source = $2 and i.old_id = reused.old_id and reused.becomes = 'drop' and i.old_joined_at is null`,
    [id, source],
  );
}

/**
 * Of whom nobody knows whether they are the person with the account, the row is of one who is there no more: no old token opens that account. But
 * their names stay theirs.
 */
async function reserveUnknown({ client, id, source }: Pick<Run, "client" | "id" | "source">): Promise<void> {
  const both = (hashes: string, forms: string) =>
    `array(select unnest(i.${hashes}) union select unnest(${hashesOf(forms)}))`;
  await client.query(
    `update latchkey.imported_users i
    set username_hashes = ${both("username_hashes", "p.username_forms")}, phone_hashes = ${both("phone_hashes", "p.phone_forms")}
    from (${reused}) reused join latchkey.import_people p on p.run_id = $1 and p.old_id = reused.old_id, latchkey.imported_name_key k
    where i.source = $2 and i.old_id = p.old_id and reused.becomes is distinct from 'keep' and reused.becomes is distinct from 'drop'`,
    [id, source],
  );
}

/**
 * Has what is known of an unchanged password named as it is now: for a text of no known format, earlier releases kept the text itself. Also
 * where nothing else of somebody changed.
 */
async function recordPasswordKinds({ client, id, source }: Run): Promise<void> {
  await client.query(
    `update latchkey.imported_users i set prints = jsonb_set(i.prints, '{there}', (i.prints -> 'there') - 'passwordKind'
      || jsonb_strip_nulls(jsonb_build_object('passwordKind', p.prints -> 'passwordKind')))
    from latchkey.import_people p
    where p.run_id = $1 and i.source = $2 and i.old_id = p.old_id
      and i.prints #> '{there,password}' is not distinct from p.prints -> 'password'
      and i.prints #> '{there,passwordKind}' is distinct from p.prints -> 'passwordKind' and i.prints ? 'there'`,
    [id, source],
  );
}

/**
 * Says of those who are left out why, and of those who are here what was not followed; of who comes over it is said with the account. What
 * waited for a decision, or was skipped, is told no more where it is there as it was before.
 */
async function recordIssues({ client, id, source }: Run): Promise<void> {
  await client.query(
    `with told as (
      select p.old_id, p.changed, coalesce(${issuesOf("p")}, '[]') as issues from latchkey.import_people p
      where p.run_id = $1 and p.state in ('changed', 'skipped', 'undecided')
    )
    update latchkey.imported_users i
    set issues = nullif(case when i.user_id is not null then p.issues || coalesce((
        select jsonb_agg(one) from jsonb_array_elements(i.issues) one
        where one ->> 'field' <> all (p.changed) and not p.issues @> jsonb_build_array(one - 'decision')
          and one ->> 'decision' <> 'skip'), '[]')
      else p.issues end, '[]')
    from told p where i.source = $2 and i.old_id = p.old_id`,
    [id, source],
  );
  await client.query(
    `update latchkey.imported_users i set issues = (
      select jsonb_agg(one) from jsonb_array_elements(i.issues) one where one ->> 'decision' <> 'skip')
    from latchkey.import_people p
    where p.run_id = $1 and p.state = 'settled' and i.source = $2 and i.old_id = p.old_id
      and (i.issues @> '[{"decision": null}]' or i.issues @> '[{"decision": "skip"}]')`,
    [id, source],
  );
}

/** Who comes over in a step, in SQL for rows of the staging table; its bounds are the parameter of this number and the next. */
function inStep(table: string, from: number): string {
  return `${table}.run_id = $1 and ${table}.position >= $${from} and ${table}.position < $${from + 1} and ${table}.state = 'new'`;
}

const copied = [
  "first_name, last_name, gender, country, city, is_approved_to_be_in_touch, is_active, is_staff, is_superuser",
  "last_login, profile",
].join(", ");

/** An alias that nobody else has at this moment. */
const freeAlias = `case when p.alias is not null and not exists (
  select from latchkey.imported_users o where o.alias = p.alias and (o.source, o.old_id) <> ($2, p.old_id)) then p.alias end`;

/** A name that nobody has here at this moment. */
const free = (key: string) =>
  `case when not exists (select from latchkey.users u where u.${key} = p.${key}) then p.${key} end`;

async function createAccounts(run: Run, round: Round, from: number): Promise<Applied> {
  const { made, outrun } = await insertUsers(run, from);
  await grant(run, from);
  const created = await link(run, round, from);
  // An account is recorded by the round under way alone: without a record its person would be somebody new the next time.
  if (created !== made)
    throw new SourceError(
      `Another round of ${run.source} has begun meanwhile. Run the command again: it goes on from here.`,
    );
  if (run.tellsWebhooks) await tellOfCreated(run, from);
  return { created, outrun };
}

/** An id of its own that begins with the time of the person's, as ids from elsewhere do: those of one time stand together in the index. */
const inOrder = (id: string) => `(left(${id}::text, 15) || substr(gen_random_uuid()::text, 16))::uuid`;

/**
 * Makes the accounts, with what is noted of each. That they agreed is what the other system says; when, and to what, it does not. Answers how
 * many, and whose names somebody took here meanwhile, by old id.
 */
async function insertUsers({ client, id, source }: Run, from: number): Promise<Made> {
  // Those alone who have no account by now: another run may have been quicker.
  const { rows } = await client.query<Made>(
    `with known as materialized (
      select i.old_id, i.user_id is not null or i.deleted_at is not null or i.gone_at is not null as is_settled
      from latchkey.import_people p join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id
      where ${inStep("p", 3)} order by p.position for update of i
    ), step as materialized (
      select p.id, p.old_id, p.username, p.username_key, p.phone_number, p.email, p.email_key, p.alias,
        coalesce(p.stored_password, p.password) as password, p.state_name, p.date_joined, ${copied}
      from latchkey.import_people p left join known on known.old_id = p.old_id
      where ${inStep("p", 3)} and known.is_settled is not true
      order by p.position
    ), named as materialized (
      select p.*, ${free("username_key")} as free_username_key, ${free("phone_number")} as free_phone,
        ${free("email_key")} as free_email_key, ${freeAlias} as free_alias
      from step p
    ), created as (
      insert into latchkey.users (id, username, username_key, phone_number, email, email_key, has_alias, parked_at, password,
        state, date_joined, ${copied})
      select id, case when free_username_key is not null then username end, free_username_key, free_phone,
        case when free_email_key is not null then email end, free_email_key, free_alias is not null,
        case when num_nonnulls(free_username_key, free_phone, free_email_key, free_alias) = 0 then latchkey.now() end,
        password, state_name, coalesce(date_joined, latchkey.now()), ${copied}
      from named
      returning id, is_approved_to_be_in_touch, is_staff, is_superuser
    ), consented as (
      insert into latchkey.consents (user_id, purpose, is_given, decided_by, source)
      select id, 'contact', true, 'import', 'import' from created where is_approved_to_be_in_touch
    ), noted as (
      insert into latchkey.audit_events (id, event, subject_id, detail)
      select ${inOrder("id")}, 'user_created', id, case when is_staff or is_superuser then jsonb_strip_nulls(jsonb_build_object('by', 'import',
        'isStaff', nullif(is_staff, false), 'isSuperuser', nullif(is_superuser, false))) else '{"by": "import"}' end from created
    )
    select count(*)::int as made, coalesce(array_agg(old_id) filter (where (username_key, phone_number, email_key, alias)
      is distinct from (free_username_key, free_phone, free_email_key, free_alias)), '{}') as outrun from named`,
    [id, source, from, from + step],
  );
  return rows[0] ?? { made: 0, outrun: [] };
}

interface Made {
  readonly made: number;
  readonly outrun: readonly string[];
}

/** The people of a step who have their account by now, in SQL. */
const withAccount = "latchkey.import_people p join latchkey.users u on u.id = p.id";
const ofStep = inStep("p", 2);

async function grant({ client, id }: Run, from: number): Promise<void> {
  const note = (kind: string, what: string) => `insert into latchkey.audit_events (id, event, subject_id, detail)
    select ${inOrder("user_id")}, '${kind}_set', user_id, jsonb_build_object('${kind}', jsonb_agg(${what} order by ${what}))
    from given group by user_id`;
  await client.query(
    `with given as (
      insert into latchkey.user_groups (user_id, group_id) select p.id, g.id
      from ${withAccount}, unnest(p.groups) held join latchkey.groups g on g.name = held
      where ${ofStep} and p.groups <> '{}' on conflict do nothing returning user_id, group_id
    )
    ${note("groups", "group_id")}`,
    [id, from, from + step],
  );
  await client.query(
    `with given as (
      insert into latchkey.user_permissions (user_id, permission) select p.id, declared.permission
      from ${withAccount}, unnest(p.permissions) held join latchkey.permissions declared on declared.permission = held
      where ${ofStep} and p.permissions <> '{}' on conflict do nothing returning user_id, permission
    )
    ${note("permissions", "permission")}`,
    [id, from, from + step],
  );
}

/** Says of which person each account is; answers how many there are. */
async function link({ client, id, source }: Run, { sharedNames }: Round, from: number): Promise<number> {
  const told = issuesOfAll(`select s.old_id from latchkey.import_people s where ${inStep("s", 3)}`);
  const linked = `u.id as user_id, ${freeAlias} as alias, told.issues,
    jsonb_build_object('there', p.prints, 'here', ${printsHere("u")}, 'decided', coalesce(told.decided, '[]'),
      'held', case when p.groups <> '{}' or p.permissions <> '{}' or u.is_staff or u.is_superuser then ${rightsOf("u")} end) as prints`;
  const people = `${withAccount} left join ${told} told on told.old_id = p.old_id`;
  const values = [id, source, from, from + step];
  // Who was left out before has a row.
  const known = await client.query(
    `update latchkey.imported_users i set user_id = own.user_id, alias = own.alias, issues = own.issues, prints = own.prints
    from (select p.old_id, ${linked} from ${people}
      join latchkey.imported_users seen on seen.source = $2 and seen.old_id = p.old_id and seen.user_id is null, latchkey.imported_name_key k
      where ${inStep("p", 3)}) own
    where i.source = $2 and i.old_id = own.old_id and i.user_id is null`,
    values,
  );
  const added = await client.query(
    `insert into latchkey.imported_users (${ofRound}, user_id, alias, issues, prints)
    select s.source, p.old_id, ${ownName(5)}, p.old_phone, p.date_joined, ${hashesOf("p.username_forms")}, ${hashesOf("p.phone_forms")},
      ${seenNow}, ${linked}
    from ${people}, latchkey.imported_name_key k, latchkey.import_sources s
    where ${inStep("p", 3)} and s.source = $2 and s.round_id = $1 and not exists (
      select from latchkey.imported_users i where i.source = $2 and i.old_id = p.old_id)`,
    [...values, sharedNames],
  );
  await noteAdded({ client, source }, added.rowCount ?? 0);
  return (known.rowCount ?? 0) + (added.rowCount ?? 0);
}

/** In the transaction that recorded them, so that the events of all runs together tell of everybody, and of nobody twice. */
async function noteAdded({ client, source }: Pick<Run, "client" | "source">, added: number): Promise<void> {
  if (added === 0) return;
  await client.query(
    "insert into latchkey.audit_events (id, event, detail) values ($1, 'imported_users_recorded', $2)",
    [createUuid(), JSON.stringify({ source, added, changed: 0, gone: 0 })],
  );
}

async function tellOfCreated(run: Run, from: number): Promise<void> {
  const { rows } = await run.client.query<{ userId: string }>(
    `select p.id as "userId" from ${withAccount} where ${ofStep} order by p.position`,
    [run.id, from, from + step],
  );
  await tellWebhooks(
    run,
    rows.map(({ userId }) => ({ userId, type: "user.created", data: { by: "import" } })),
  );
}
