import { type ColumnType, type Selectable, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { Seal, SealableEvent } from "./seal.ts";

declare module "../storage/database.ts" {
  interface Database {
    auditSeals: AuditSealsTable;
  }
}

type Bigint = ColumnType<string, string, never>;

interface AuditSealsTable {
  number: Bigint;
  kind: Seal["kind"];
  firstPosition: Bigint;
  lastPosition: Bigint;
  events: number;
  entries: Buffer;
  newestAt: Date | null;
  deletedUntil: Date | null;
  chainStart: ColumnType<string | null, string | null, never>;
  keyId: string;
  previous: Buffer;
  mac: Buffer;
  sealedAt: Date;
}

/** Advisory lock of the process that seals: one at a time, and no other waits for it. */
const lock = "7809634402175906";

/** Takes the right to seal until the transaction ends; false while another process has it. */
export async function tryLockSeals(transaction: Queries): Promise<boolean> {
  const { rows } = await sql<{ isOurs: boolean }>`select pg_try_advisory_xact_lock(${lock}) as is_ours`.execute(
    transaction,
  );
  return rows[0]?.isOurs ?? false;
}

/** The same, and waits for whoever has it: a seal is made at once. */
export async function lockSeals(transaction: Queries): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lock})`.execute(transaction);
}

export async function findLastSeal(db: Queries): Promise<Selectable<AuditSealsTable> | null> {
  const query = db.selectFrom("auditSeals").selectAll().orderBy("number", "desc").limit(1);
  return (await query.executeTakeFirst()) ?? null;
}

/** Seals behind a number, in their order. */
export async function listSeals(
  db: Queries,
  { after, atMost }: { readonly after: string; readonly atMost: number },
): Promise<Seal[]> {
  return db.selectFrom("auditSeals").selectAll().where("number", ">", after).orderBy("number").limit(atMost).execute();
}

export async function insertSeal(transaction: Queries, seal: Seal): Promise<void> {
  await transaction.insertInto("auditSeals").values(seal).execute();
}

/** The number of the first seal with events that are younger than a time. */
export async function findFirstSealAfter(db: Queries, time: Date): Promise<string | null> {
  const query = db
    .selectFrom("auditSeals")
    .select("number")
    .where("kind", "=", "events")
    .where("newestAt", ">", time)
    .orderBy("number")
    .limit(1);
  return (await query.executeTakeFirst())?.number ?? null;
}

/** The latest time until which a seal says that events were deleted: none of them says an earlier one than the last. */
export async function findDeletedUntil(db: Queries): Promise<Date | null> {
  const query = db.selectFrom("auditSeals").select("deletedUntil").where("kind", "=", "retention");
  return (await query.orderBy("number", "desc").limit(1).executeTakeFirst())?.deletedUntil ?? null;
}

/** Deletes seals of which the newest that tells of a deletion says that they are not needed any more. */
export async function deleteOldSeals(db: Queries): Promise<void> {
  await sql`select latchkey.delete_old_audit_seals()`.execute(db);
}

/** Events of some positions in their order, the first ones of them. */
export async function listSealable(
  db: Queries,
  { from, to, atMost }: { readonly from: string; readonly to: string; readonly atMost: number },
): Promise<SealableEvent[]> {
  return db
    .selectFrom("auditEvents")
    .select(["id", "position", "occurredAt", "event", "actorId", "subjectId", "address", "requestId", "detail"])
    .select(sql<string>`to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`.as("time"))
    .where("position", ">=", from)
    .where("position", "<=", to)
    .orderBy("position")
    .limit(atMost)
    .execute();
}

/** The position of the newest event that can be seen; null where there is none. */
export async function findNewestPosition(db: Queries): Promise<string | null> {
  const query = db.selectFrom("auditEvents").select("position").orderBy("position", "desc").limit(1);
  return (await query.executeTakeFirst())?.position ?? null;
}

/**
 * Transactions that hold the lock of a table's writers: they may have taken a position that nobody sees yet. With `among`, which of those are
 * still at it.
 */
export async function listWriters(db: Queries, among?: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ writer: string }>`
    select distinct virtualtransaction as writer from pg_locks
    where locktype = 'relation' and relation = 'latchkey.audit_events'::regclass and mode = 'RowExclusiveLock'
      and database = (select oid from pg_database where datname = current_database())
      and (${among === undefined} or virtualtransaction = any(${among ?? []}::text[]))`.execute(db);
  return rows.map(({ writer }) => writer);
}

/** How many events wait to be sealed, up to a number, and since when the oldest. */
export async function findUnsealed(
  db: Queries,
  atMost: number,
): Promise<{ readonly count: number; readonly since: Date | null; readonly age: number }> {
  const { rows } = await sql<{ count: number; since: Date | null; age: number }>`
    select count(*)::int as count, min(occurred_at) as since,
      coalesce(extract(epoch from latchkey.now() - min(occurred_at)), 0)::float8 as age
    from (
      select occurred_at from latchkey.audit_events
      where position > coalesce((select last_position from latchkey.audit_seals order by number desc limit 1), 0)
      order by position limit ${atMost}
    ) unsealed`.execute(db);
  return rows[0] ?? { count: 0, since: null, age: 0 };
}

/** What this role may do to events beside adding some; who owns them may everything. */
export async function mayChangeEvents(
  db: Queries,
): Promise<{ readonly isOwner: boolean; readonly mayChange: boolean }> {
  const { rows } = await sql<{ isOwner: boolean; mayChange: boolean }>`
    select pg_has_role(relowner, 'usage') as is_owner,
      has_table_privilege(oid, 'update, delete, truncate') as may_change
    from pg_class where oid = 'latchkey.audit_events'::regclass`.execute(db);
  return rows[0] ?? { isOwner: false, mayChange: false };
}
