import { type Kysely, sql } from "kysely";

/**
 * The password from before a reset by a code, for some days: with it, from a device that was known then, the reset is held. One row a
 * person, and none for most.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.former_passwords (
    user_id uuid primary key references latchkey.users on delete cascade,
    password text not null,
    device_epoch integer not null,
    reset_at timestamptz not null default latchkey.now(),
    held_at timestamptz
  )`.execute(db);
  await sql`create index former_passwords_age on latchkey.former_passwords (reset_at)`.execute(db);
}
