import { sql } from "kysely";
import pg from "pg";
import { type Queries, schemaName } from "./database.ts";

/**
 * Indexes that make work cheap and that nothing depends on to be right. They are built beside running services, on tables that may
 * be large, without keeping anybody from writing; a migration, which is one transaction, cannot do that.
 */
const indexes: Readonly<Record<string, string>> = {
  audit_events_address: "audit_events (address, position)",
  audit_events_actor_position: "audit_events (actor_id, position)",
  audit_events_actor_event: "audit_events (actor_id, event, position)",
  audit_events_subject_actor: "audit_events (subject_id, actor_id, position)",
  audit_events_subject_event: "audit_events (subject_id, event, position)",
  imported_users_altered: "imported_users (source, old_id) where user_id is not null and issues is not null",
  imported_users_reserved: "imported_users (source, old_id) where user_id is null",
  sessions_adopted: "sessions (adopted_from) where adopted_from is not null and ended_at is null",
  sessions_ended: "sessions (ended_at) where ended_at is not null",
  sessions_open: "sessions (user_id) where ended_at is null",
  users_parked: "users (parked_at) where parked_at is not null",
};

/** Indexes of before that are of no use any more beside one of these, which begins with the same columns. */
const superseded: Readonly<Record<string, string>> = {
  audit_events_actor_id: "audit_events_actor_position",
};

/** Advisory lock of whoever builds them: one process at a time, and nobody waits for it. */
const lock = "7809634402175904";

/** Building waits for every transaction that began before; beyond this many milliseconds it is left for the next time. */
const longestWait = 10_000;

/**
 * Builds the indexes that are missing, and answers which are still missing because something long was under way, because another
 * process is building them, or because this role does not own the tables. Call it at the start and by the hour.
 *
 * @param more beside the core's own: what each is on, by its name
 * @param db connections whose statements may take their time
 */
export async function buildOnlineIndexes(db: Queries, more: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const wanted = { ...indexes, ...more };
  const missing = await listMissing(db, wanted);
  const isDone = missing.length === 0 && (await listMissing(db, superseded)).length === Object.keys(superseded).length;
  return isDone ? [] : buildIndexes(db, wanted, superseded);
}

/**
 * Builds some indexes beside running services, and answers which are still missing.
 *
 * @param replaced dropped once none is missing
 */
export async function buildIndexes(
  db: Queries,
  wanted: Readonly<Record<string, string>>,
  replaced: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const missing = await listMissing(db, wanted);
  if (missing.length + Object.keys(replaced).length === 0 || !(await mayBuild(db))) return missing;
  return db.connection().execute(async (connection) => {
    const { rows } = await sql<{ isOurs: boolean }>`select pg_try_advisory_lock(${lock}) as is_ours`.execute(
      connection,
    );
    if (!rows[0]?.isOurs) return listMissing(db, wanted);
    try {
      // One core at a time: the others are the calls'.
      await sql`select set_config('lock_timeout', ${String(longestWait)}, false),
        set_config('max_parallel_maintenance_workers', '0', false)`.execute(connection);
      for (const name of await listMissing(connection, wanted)) await build(connection, name, wanted[name] ?? "");
      const stillMissing = await listMissing(connection, wanted);
      for (const [old, present] of Object.entries(replaced))
        if (!stillMissing.includes(present)) await drop(connection, old);
      return stillMissing;
    } finally {
      await sql`select set_config('lock_timeout', '0', false), pg_advisory_unlock(${lock})`.execute(connection);
      await sql`reset max_parallel_maintenance_workers`.execute(connection);
    }
  });
}

/**
 * Whether a transaction is under way for which a build would wait in vain: nothing is begun then by the hour, since what is given up half-way has read the
 * table for nothing.
 */
export async function isLongUnderWay(db: Queries): Promise<boolean> {
  const { rows } = await sql<{ isLong: boolean }>`
    select exists (
      select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
        and coalesce(backend_xid, backend_xmin) is not null
        and xact_start < clock_timestamp() - make_interval(secs => ${longestWait / 1_000})
    ) as is_long`.execute(db);
  return rows[0]?.isLong ?? false;
}

/** Whether a process is building some at this moment. */
export async function isBuilding(db: Queries): Promise<boolean> {
  const { rows } = await sql<{ isHeld: boolean }>`
    select exists (
      select from pg_locks where locktype = 'advisory' and objsubid = 1 and granted
        and classid::bigint = ${lock}::bigint >> 32 and objid::bigint = ${lock}::bigint & 4294967295
        and database = (select oid from pg_database where datname = current_database())
    ) as is_held`.execute(db);
  return rows[0]?.isHeld ?? false;
}

async function build(connection: Queries, name: string, definition: string): Promise<void> {
  // What a build leaves behind that was given up or killed is no index; where it cannot be dropped either, none can be built.
  if (!(await drop(connection, name))) return;
  const create = sql.raw(`create index concurrently ${name} on ${schemaName}.${definition}`);
  await unlessGivenUp(create.execute(connection));
}

const drop = (connection: Queries, name: string): Promise<boolean> =>
  unlessGivenUp(sql`drop index concurrently if exists ${sql.table(`${schemaName}.${name}`)}`.execute(connection));

async function unlessGivenUp(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!isGivenUp(error)) throw error;
    return false;
  }
}

/** It waited too long for others, or for one who waited for it. */
function isGivenUp(error: unknown): boolean {
  return error instanceof pg.DatabaseError && ["55P03", "57014", "40P01"].includes(error.code ?? "");
}

/** Only who owns a table may build an index on it; a role that only runs the service leaves that to `latchkey migrate`. */
async function mayBuild(db: Queries): Promise<boolean> {
  const { rows } = await sql<{ isOwner: boolean }>`
    select pg_has_role(c.relowner, 'usage') as is_owner
    from pg_class c where c.oid = to_regclass(${`${schemaName}.users`})`.execute(db);
  return rows[0]?.isOwner ?? false;
}

/** The indexes that should be there and are not, or are not whole. */
export const listMissingIndexes = (db: Queries, more: Readonly<Record<string, string>>): Promise<string[]> =>
  listMissing(db, { ...indexes, ...more });

/** For whoever looks the installation over, a line that says what to do. */
export async function findMissingIndexes(db: Queries, more: Readonly<Record<string, string>>): Promise<string[]> {
  const missing = await listMissingIndexes(db, more);
  if (missing.length === 0) return [];
  return [
    `The indexes ${missing.join(", ")} are missing, without which some lists are slow: run "latchkey migrate" as the role that owns the tables, at the address of PostgreSQL itself and without PREPARED_STATEMENTS=off.`,
  ];
}

async function listMissing(db: Queries, indexes: Readonly<Record<string, string>>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select wanted.name from unnest(${Object.keys(indexes)}::text[]) as wanted (name)
    where not exists (
      select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schemaName} and c.relname = wanted.name and i.indisvalid)`.execute(db);
  return rows.map(({ name }) => name);
}
