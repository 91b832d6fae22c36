import { type Kysely, sql } from "kysely";

/** Passkeys, and the challenges that were used with one. The release before does not know of them, and opens nothing by them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.passkeys (
    id uuid primary key,
    user_id uuid not null references latchkey.users on delete cascade,
    credential_id bytea not null unique,
    public_key bytea not null,
    counter bigint not null,
    transports text[] not null default '{}',
    name text not null,
    is_backed_up boolean not null,
    created_at timestamptz not null default latchkey.now(),
    last_used_at timestamptz,
    constraint passkeys_credential check (octet_length(credential_id) between 16 and 1023),
    constraint passkeys_counter check (counter between 0 and 4294967295)
  )`.execute(db);
  await sql`create index passkeys_user on latchkey.passkeys (user_id)`.execute(db);
  await sql`create table latchkey.used_passkey_challenges (
    challenge_hash bytea primary key,
    expires_at timestamptz not null,
    constraint used_passkey_challenges_hash check (octet_length(challenge_hash) = 32)
  )`.execute(db);
  await sql`create index used_passkey_challenges_expiry on latchkey.used_passkey_challenges (expires_at)`.execute(db);
}
