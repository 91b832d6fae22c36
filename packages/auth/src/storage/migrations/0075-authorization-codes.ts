import { type Kysely, sql } from "kysely";

/**
 * Codes with which an app on another origin opens a session of its own after a sign-in on the service's pages, and what that session says of
 * the app. The columns may be null, and the release before does not know of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.sessions add column client_id text, add column audience text`.execute(db);
  await sql`create table latchkey.authorization_codes (
    code_hash bytea primary key,
    user_id uuid not null references latchkey.users on delete cascade,
    session_id uuid not null,
    client_id text not null,
    redirect_uri text not null,
    code_challenge text not null,
    audience text,
    created_at timestamptz not null default latchkey.now(),
    expires_at timestamptz not null,
    uses integer not null default 0,
    opened_session_id uuid,
    constraint authorization_codes_hash check (octet_length(code_hash) = 32),
    constraint authorization_codes_uses check (uses >= 0)
  )`.execute(db);
  await sql`create index authorization_codes_user on latchkey.authorization_codes (user_id)`.execute(db);
  await sql`create index authorization_codes_expiry on latchkey.authorization_codes (expires_at)`.execute(db);
}
