import { type Kysely, sql } from "kysely";

/** Codes that are sent to phones and mailboxes. A row is also the message that is waiting to be sent; no code is in it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.challenges (
    id uuid primary key,
    handle_hash bytea not null unique,
    purpose text not null,
    address text,
    user_id uuid references latchkey.users on delete cascade,
    session_id uuid references latchkey.sessions on delete cascade,
    key_id text not null,
    digits smallint not null,
    attempts smallint not null default 0,
    sends smallint not null default 0,
    created_at timestamptz not null default latchkey.now(),
    next_send_at timestamptz not null,
    expires_at timestamptz not null,
    consumed_at timestamptz,
    handed_at timestamptz,
    channel text,
    tells_channel boolean not null,
    locale text,
    state text not null,
    tries smallint not null default 0,
    due_at timestamptz,
    lease_until timestamptz,
    provider_id text,
    message_id uuid not null default gen_random_uuid(),
    failure text,
    constraint challenges_handle check (octet_length(handle_hash) = 32),
    constraint challenges_purpose check (purpose in
      ('enter', 'sign_in', 'register', 'prove_phone', 'prove_email', 'reset_password', 'reauthenticate')),
    constraint challenges_state check (state in ('queued', 'sent', 'delivered', 'failed', 'suppressed')),
    constraint challenges_digits check (digits in (6, 10)),
    constraint challenges_attempts check (attempts between 0 and 5),
    constraint challenges_sends check (sends between 0 and 3),
    constraint challenges_sent_somewhere check (address is not null or state = 'suppressed')
  )`.execute(db);
  await sql`create index challenges_due on latchkey.challenges (due_at) where due_at is not null`.execute(db);
  await sql`create index challenges_user on latchkey.challenges (user_id) where user_id is not null`.execute(db);
  await sql`create index challenges_session on latchkey.challenges (session_id) where session_id is not null`.execute(
    db,
  );
  await sql`create index challenges_expiry on latchkey.challenges (expires_at)`.execute(db);
  await sql`create index challenges_provider on latchkey.challenges (provider_id) where provider_id is not null`.execute(
    db,
  );
  // By hour; spread over shards where everybody counts in one.
  await sql`create table latchkey.message_counts (
    key text not null,
    hour timestamptz not null,
    what text not null,
    shard smallint not null,
    count integer not null,
    primary key (key, hour, what, shard)
  )`.execute(db);
  await sql`create index message_counts_hour on latchkey.message_counts (hour)`.execute(db);
  await sql`create table latchkey.wrong_codes (
    address text primary key,
    count integer not null,
    last_at timestamptz not null
  )`.execute(db);
}
