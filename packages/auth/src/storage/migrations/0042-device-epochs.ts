import { type Kysely, sql } from "kysely";

/** How often a user's devices were forgotten: the marks of before are of an earlier epoch. A constant default, so that no row is written. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.users add column device_epoch integer not null default 0`.execute(db);
}
