import { type Kysely, sql } from "kysely";

/**
 * How a session was opened and its owner shown to be there, until when the account of a test number lives, when a password was last set by a
 * code that was sent, and the tickets of proved numbers and addresses. Columns that may be null and that the release before does not know of, and a table of their own.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.sessions add column opened_by text, add column reauthenticated_by text`.execute(db);
  await sql`alter table latchkey.users add column test_until timestamptz,
    add column reset_by_code_at timestamptz`.execute(db);
  await sql`create table latchkey.tickets (
    ticket_hash bytea primary key,
    opens text not null,
    kind text not null,
    address text not null,
    user_id uuid references latchkey.users on delete cascade,
    created_at timestamptz not null default latchkey.now(),
    expires_at timestamptz not null,
    consumed_at timestamptz,
    constraint tickets_hash check (octet_length(ticket_hash) = 32),
    constraint tickets_kind check (kind in ('phone', 'email'))
  )`.execute(db);
  await sql`create index tickets_user on latchkey.tickets (user_id) where user_id is not null`.execute(db);
  await sql`create index wrong_codes_last on latchkey.wrong_codes (last_at)`.execute(db);
  await sql`create index tickets_expiry on latchkey.tickets (expires_at)`.execute(db);
}
