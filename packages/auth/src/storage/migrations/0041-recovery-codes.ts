import { type Kysely, sql } from "kysely";

/**
 * Hashes of recovery codes, each with the hash of the ticket that it was last exchanged for. Those that were asked for by a code alone wait
 * until `good_from`, and die with the session that asked.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.recovery_codes (
    code_hash bytea primary key,
    user_id uuid not null references latchkey.users on delete cascade,
    session_id uuid references latchkey.sessions on delete cascade,
    created_at timestamptz not null default latchkey.now(),
    good_from timestamptz,
    used_at timestamptz,
    ticket_hash bytea,
    ticket_expires_at timestamptz,
    constraint recovery_codes_hash check (octet_length(code_hash) = 32),
    constraint recovery_codes_ticket check (ticket_hash is null or (octet_length(ticket_hash) = 32 and ticket_expires_at is not null))
  )`.execute(db);
  await sql`create index recovery_codes_user on latchkey.recovery_codes (user_id)`.execute(db);
  await sql`create index recovery_codes_session on latchkey.recovery_codes (session_id)
    where session_id is not null`.execute(db);
  await sql`create index recovery_codes_waiting on latchkey.recovery_codes (good_from)
    where good_from is not null`.execute(db);
  await sql`create unique index recovery_codes_ticket_hash on latchkey.recovery_codes (ticket_hash)
    where ticket_hash is not null`.execute(db);
}
