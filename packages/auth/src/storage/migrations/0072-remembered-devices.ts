import { type Kysely, sql } from "kysely";

/**
 * Devices whose owner is not asked for the second factor for a while, and which session rests on one. The release before does not know of
 * them: it asks for the factor, and a session that was opened without it is over there at its next call.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.remembered_devices (
    id uuid primary key,
    user_id uuid not null references latchkey.users on delete cascade,
    mark_hash bytea not null unique,
    device_epoch integer not null,
    device text,
    device_name text,
    address text,
    created_at timestamptz not null default latchkey.now(),
    last_used_at timestamptz,
    expires_at timestamptz not null,
    constraint remembered_devices_hash check (octet_length(mark_hash) = 32)
  )`.execute(db);
  await sql`create index remembered_devices_user on latchkey.remembered_devices (user_id)`.execute(db);
  await sql`create index remembered_devices_expiry on latchkey.remembered_devices (expires_at)`.execute(db);
  await sql`alter table latchkey.sessions add column remembered_device uuid`.execute(db);
}
