import { type Kysely, sql } from "kysely";

/**
 * One-time passwords of authenticator apps, sign-ins that wait for one, and how the owner of a session showed who they are. The columns may
 * be null and the release before does not know of them; a null says one factor.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.users add column second_factor_at timestamptz`.execute(db);
  await sql`alter table latchkey.sessions add column acr smallint, add column amr text,
    add column auth_time timestamptz`.execute(db);
  await sql`create table latchkey.totp_factors (
    user_id uuid primary key references latchkey.users on delete cascade,
    sealed_secret bytea not null,
    created_at timestamptz not null default latchkey.now(),
    last_step bigint not null,
    last_used_at timestamptz
  )`.execute(db);
  await sql`create table latchkey.second_factor_tickets (
    ticket_hash bytea primary key,
    user_id uuid not null references latchkey.users on delete cascade,
    purpose text not null,
    evidence text[] not null,
    opened_by text,
    identifier text,
    session_id uuid,
    device_id text,
    device_name text,
    sealed_secret bytea,
    next_password text,
    attempts smallint not null default 0,
    created_at timestamptz not null default latchkey.now(),
    expires_at timestamptz not null,
    consumed_at timestamptz,
    constraint second_factor_tickets_hash check (octet_length(ticket_hash) = 32),
    constraint second_factor_tickets_attempts check (attempts between 0 and 5)
  )`.execute(db);
  await sql`create index second_factor_tickets_user on latchkey.second_factor_tickets (user_id)`.execute(db);
  await sql`create index second_factor_tickets_expiry on latchkey.second_factor_tickets (expires_at)`.execute(db);
}
