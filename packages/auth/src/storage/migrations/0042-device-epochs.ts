import { type Kysely, sql } from "kysely";

/**
 * How often a user's devices were forgotten: the marks of before are of an earlier epoch. Those since `device_epoch_kept` can still stop what
 * waits, for some days from `device_epoch_raised_at` on. Constant defaults, so that no row is written.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.users add column device_epoch integer not null default 0,
    add column device_epoch_kept integer not null default 0, add column device_epoch_raised_at timestamptz`.execute(db);
}
