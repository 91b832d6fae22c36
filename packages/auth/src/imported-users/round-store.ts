import { type ColumnType, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { ImportedPerson } from "./imported-user.ts";
import { hashesOf } from "./imported-user-store.ts";

declare module "../storage/database.ts" {
  interface Database {
    importSources: ImportSourcesTable;
    importedRoundUsers: ImportedRoundUsersTable;
  }
}

interface ImportSourcesTable {
  source: string;
  /** The round that is under way, and when it began by the source's clock and by this database's. */
  roundId: string | null;
  roundStartedAt: Date | null;
  roundBeganAt: Date | null;
  /** When the last complete round began by the source's clock and by this database's, and when it was complete. */
  seenAt: ColumnType<Date | null, never, Date>;
  beganAt: ColumnType<Date | null, never, Date>;
  completedAt: ColumnType<Date | null, never, Date>;
  /** For which default country its aliases were last read; null when they are to be read again. */
  aliasesReadFor: ColumnType<string | null, never, string>;
}

interface ImportedRoundUsersTable {
  roundId: string;
  oldId: string;
}

/** One reading of everybody in a source, from its beginning to its end. */
export interface ImportRound {
  readonly id: string;
  readonly source: string;
}

/** The last complete round of a source. */
export interface CompleteRound {
  readonly source: string;
  /** When it began, by the earlier one of the source's clock and this database's. */
  readonly beganAt: Date;
}

const beganAt = sql<Date>`least(seen_at, began_at)`.as("beganAt");

export async function findLastRound(db: Queries, source: string): Promise<CompleteRound | null> {
  const query = db
    .selectFrom("importSources")
    .select(["source", beganAt])
    .where("source", "=", source)
    .where("seenAt", "is not", null);
  return (await query.executeTakeFirst()) ?? null;
}

/** The last complete round of every source. */
export async function listLastRounds(db: Queries): Promise<CompleteRound[]> {
  return db.selectFrom("importSources").select(["source", beganAt]).where("seenAt", "is not", null).execute();
}

/** Waits for a round of the source that is being completed, and keeps the next one waiting until the transaction ends. */
export async function holdSource(transaction: Queries, source: string): Promise<void> {
  await transaction.selectFrom("importSources").select("source").where("source", "=", source).forShare().execute();
}

/** Waits for everybody who holds the source, and keeps them waiting until the transaction ends. */
export async function lockSource(transaction: Queries, source: string): Promise<void> {
  await transaction
    .selectFrom("importSources")
    .select("source")
    .where("source", "=", source)
    .forNoKeyUpdate()
    .execute();
}

/**
 * Begins a round; one that was under way is given up. False when it begins before the last complete one did, or ahead of this
 * database's clock: names would go back to what they were, or tokens be taken for older than they are. A file may be read again as it was.
 */
export async function insertRound(
  db: Queries,
  { id, source }: ImportRound,
  { startedAt, leeway }: { startedAt: Date; leeway: number },
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql`
      insert into latchkey.import_sources as existing (source, round_id, round_started_at, round_began_at)
      select ${source}, ${id}, ${startedAt}::timestamptz, latchkey.now()
        where ${startedAt}::timestamptz <= latchkey.now() + make_interval(secs => ${leeway})
      on conflict (source) do update set
        round_id = excluded.round_id, round_started_at = excluded.round_started_at, round_began_at = excluded.round_began_at
        where coalesce(existing.seen_at <= excluded.round_started_at, true)
      returning source`.execute(transaction);
    if (rows.length === 0) return false;
    // What rounds that were given up have read, of this source or of another one that is read at this moment no more.
    await sql`delete from latchkey.imported_round_users
      where round_id not in (select round_id from latchkey.import_sources where round_id is not null)`.execute(
      transaction,
    );
    return true;
  });
}

/** A person and the forms of their names under which another name may be taken for theirs. */
export interface ReadPerson extends ImportedPerson {
  readonly usernameForms: readonly string[];
  readonly phoneForms: readonly string[];
}

/** Keeps what a round read until it is complete. False when the round is not under way any more. */
export async function insertRead(db: Queries, round: ImportRound, people: readonly ReadPerson[]): Promise<boolean> {
  const read = people.map(({ oldId, username, phoneNumber, joinedAt, usernameForms, phoneForms }) => ({
    old_id: oldId,
    username,
    phone: phoneNumber,
    joined_at: joinedAt ?? null,
    username_forms: usernameForms,
    phone_forms: phoneForms,
  }));
  const { rows } = await sql<{ isUnderWay: boolean }>`
    with round as (
      select round_id from latchkey.import_sources where source = ${round.source} and round_id = ${round.id} for share
    ), kept as (
      insert into latchkey.imported_round_users
        (round_id, old_id, old_username, old_phone, old_joined_at, username_hashes, phone_hashes)
      select round.round_id, old_id, username, phone, joined_at,
        ${hashesOf(sql`username_forms`)}, ${hashesOf(sql`phone_forms`)}
      from round, jsonb_to_recordset(${JSON.stringify(read)}::jsonb) as person (old_id text, username text, phone text,
        joined_at timestamptz, username_forms text[], phone_forms text[])
      on conflict (round_id, old_id) do update set old_username = excluded.old_username, old_phone = excluded.old_phone,
        old_joined_at = excluded.old_joined_at, username_hashes = excluded.username_hashes, phone_hashes = excluded.phone_hashes
    )
    select exists (select from round) as is_under_way`.execute(db);
  return rows[0]?.isUnderWay ?? false;
}

/** A round that nobody else can change now. */
export interface RoundUnderWay {
  /** When it began, by the source's clock. */
  readonly startedAt: Date;
  /** How many people it has read. */
  readonly people: number;
  /** How many usernames it has read more than once. */
  readonly repeated: number;
}

/**
 * A round and what it has read, and nobody completes another one of its source meanwhile; null when it is not under way any more. What it
 * has read came just now, and without statistics of it PostgreSQL would take it for a handful.
 */
export async function lockRound(transaction: Queries, round: ImportRound): Promise<RoundUnderWay | null> {
  const locked = await transaction
    .selectFrom("importSources")
    .select("roundStartedAt")
    .where("source", "=", round.source)
    .where("roundId", "=", round.id)
    .forUpdate()
    .executeTakeFirst();
  if (!locked?.roundStartedAt) return null;
  await sql`analyze latchkey.imported_round_users (round_id, old_id, old_username, old_phone)`.execute(transaction);
  const { rows } = await sql<{ people: number; repeated: number }>`
    select count(*)::int as people, (count(old_username) - count(distinct old_username))::int as repeated
    from latchkey.imported_round_users where round_id = ${round.id}`.execute(transaction);
  const { people = 0, repeated = 0 } = rows[0] ?? {};
  return { startedAt: locked.roundStartedAt, people, repeated };
}

/** What a complete round brought. */
export interface RoundChanges {
  readonly people: number;
  /** Seen for the first time. */
  readonly added: number;
  /** Under another name or number than before, or there again. */
  readonly changed: number;
  /** Not there any more. */
  readonly gone: number;
}

/** What of a round concerns people who have a row already, and whose accounts here. */
export type KnownChanges = Pick<RoundChanges, "changed" | "gone"> & { readonly userIds: readonly string[] };

/** Has the rows that there are say what a round has read of their people. Its own people are still to be seen by it. */
export async function updateKnown(
  transaction: Queries,
  round: ImportRound,
  { startedAt }: RoundUnderWay,
): Promise<KnownChanges> {
  const changes = await findChanges(transaction, round);
  await markGone(transaction, round);
  await takeAliasesOfOthers(transaction, round);
  await updateSeen(transaction, round, startedAt);
  const gone = changes.filter(({ isGone }) => isGone).length;
  return { changed: changes.length - gone, gone, userIds: changes.flatMap(({ userId }) => userId ?? []) };
}

/** Records whoever of a round has no row yet, and says that the source was seen as a whole. Answers how many that were. */
export async function sealRound(
  transaction: Queries,
  round: ImportRound,
  { startedAt }: RoundUnderWay,
): Promise<number> {
  const added = await insertNew(transaction, round, startedAt);
  await sql`update latchkey.import_sources set seen_at = round_started_at, began_at = round_began_at,
    completed_at = latchkey.now(), round_id = null, round_started_at = null, round_began_at = null
    where source = ${round.source}`.execute(transaction);
  await sql`delete from latchkey.imported_round_users where round_id = ${round.id}`.execute(transaction);
  return added;
}

/** Whether the row and what was read of it are not one person under one name: of tombstones nothing is compared. */
const isRenamed = sql`seen.deleted_at is null and (seen.gone_at is not null
  or (seen.old_username, seen.old_phone) is distinct from (read.old_username, read.old_phone)
  or seen.old_joined_at <> read.old_joined_at)`;

async function findChanges(transaction: Queries, { id, source }: ImportRound) {
  const { rows } = await sql<{ userId: string | null; isGone: boolean }>`
    select seen.user_id, read.old_id is null as is_gone
    from latchkey.imported_users seen
    left join latchkey.imported_round_users read on read.round_id = ${id} and read.old_id = seen.old_id
    where seen.source = ${source}
      and case when read.old_id is null then seen.gone_at is null else ${isRenamed} end`.execute(transaction);
  return rows;
}

/** Their names stay reserved; one that somebody else has now is no longer looked up as theirs. */
async function markGone(transaction: Queries, { id, source }: ImportRound): Promise<void> {
  await sql`update latchkey.imported_users seen
    set gone_at = coalesce(seen.gone_at, latchkey.now()),
      old_username = case when absent.is_taken then null else seen.old_username end
    from (
      select absent.old_id, taken.old_id is not null as is_taken
      from latchkey.imported_users absent
      left join latchkey.imported_round_users taken on taken.round_id = ${id} and taken.old_username = absent.old_username
      where absent.source = ${source} and not exists (
        select from latchkey.imported_round_users read where read.round_id = ${id} and read.old_id = absent.old_id)
    ) absent
    where seen.source = ${source} and seen.old_id = absent.old_id and (seen.gone_at is null or absent.is_taken)`.execute(
    transaction,
  );
}

/** Whose id is somebody else's there now loses the alias that stands with it, and has to be given a name where that was the only one. */
async function takeAliasesOfOthers(transaction: Queries, { id, source }: ImportRound): Promise<void> {
  await sql`update latchkey.users u set has_alias = false,
      parked_at = case when num_nonnulls(u.username_key, u.phone_number, u.email_key) = 0 then coalesce(u.parked_at, latchkey.now()) end
    from latchkey.imported_users seen
    join latchkey.imported_round_users read on read.round_id = ${id} and read.old_id = seen.old_id
    where seen.source = ${source} and seen.user_id = u.id and seen.alias is not null
      and seen.old_joined_at <> read.old_joined_at`.execute(transaction);
}

/** Writes those alone of whom anything is new: a source has many people, and each row many index entries. */
async function updateSeen(transaction: Queries, { id, source }: ImportRound, startedAt: Date): Promise<void> {
  await sql`update latchkey.imported_users seen set
      user_id = case when seen.old_joined_at <> read.old_joined_at then null else seen.user_id end,
      alias = case when seen.old_joined_at <> read.old_joined_at then null else seen.alias end,
      old_username = case when seen.deleted_at is null then read.old_username end,
      old_phone = case when seen.deleted_at is null then read.old_phone end,
      old_joined_at = coalesce(read.old_joined_at, seen.old_joined_at),
      username_hashes = read.username_hashes,
      phone_hashes = read.phone_hashes,
      named_since = case when ${isRenamed} then ${startedAt} else seen.named_since end,
      seen_at = ${startedAt},
      gone_at = null
    from latchkey.imported_round_users read
    where read.round_id = ${id} and seen.source = ${source} and seen.old_id = read.old_id
      and (${isRenamed} or seen.gone_at is not null
        or seen.old_joined_at is distinct from coalesce(read.old_joined_at, seen.old_joined_at)
        or (seen.username_hashes, seen.phone_hashes) is distinct from (read.username_hashes, read.phone_hashes))`.execute(
    transaction,
  );
}

async function insertNew(transaction: Queries, { id, source }: ImportRound, startedAt: Date): Promise<number> {
  const result = await sql`insert into latchkey.imported_users (source, old_id, old_username, old_phone, old_joined_at,
      username_hashes, phone_hashes, named_since, seen_at)
    select ${source}, old_id, old_username, old_phone, old_joined_at, username_hashes, phone_hashes,
      ${startedAt}::timestamptz, ${startedAt}::timestamptz
    from latchkey.imported_round_users read where round_id = ${id} and not exists (
      select from latchkey.imported_users seen where seen.source = ${source} and seen.old_id = read.old_id)
    on conflict (source, old_id) do nothing`.execute(transaction);
  return Number(result.numAffectedRows ?? 0n);
}
