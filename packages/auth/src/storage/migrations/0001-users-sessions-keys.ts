import { type Kysely, sql } from "kysely";

/** The first schema: the clock, people, their sessions, the keys that sign tokens, and the audit trail. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

// The grammar of the identifiers room, as it is when this migration is written.
const usernameKeyGrammar = String.raw`^[^\u0001-\u005e\u0060\u007b-\u007f][^\u0001-\u002c\u002f\u003a-\u005e\u0060\u007b-\u007f]{0,149}$`;
const phoneNumberGrammar = String.raw`^\+[1-9][0-9]{6,14}$`;
const emailKeyGrammar = String.raw`^(?=.{6,254}$)(?=[^@]{1,64}@)[a-z0-9!#$%&\u0027*+/=?^_\u0060{|}~-]+(?:\.[a-z0-9!#$%&\u0027*+/=?^_\u0060{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`;

const statements = [
  // Every lifetime is checked against this one clock; a test database replaces it to move time.
  `create function latchkey.now() returns timestamptz
    language sql stable parallel safe
    as 'select pg_catalog.now()'`,

  `create table latchkey.users (
    id uuid primary key,
    username text not null,
    username_key text not null,
    phone_number text,
    email text,
    email_key text,
    password text not null,
    first_name text not null default '',
    last_name text not null default '',
    gender text,
    country text,
    city text,
    state text,
    is_approved_to_be_in_touch boolean not null default false,
    is_active boolean not null default true,
    is_staff boolean not null default false,
    is_superuser boolean not null default false,
    date_joined timestamptz not null default latchkey.now(),
    last_login timestamptz,
    credentials_changed_at timestamptz not null default latchkey.now(),
    constraint users_username_key unique (username_key),
    constraint users_phone_number_key unique (phone_number),
    constraint users_email_key unique (email_key),
    constraint users_username_length check (char_length(username) between 1 and 150),
    constraint users_username_grammar check (username_key ~ '${usernameKeyGrammar}'),
    constraint users_phone_number_grammar check (phone_number ~ '${phoneNumberGrammar}'),
    constraint users_email_grammar check (email_key ~ '${emailKeyGrammar}'),
    constraint users_email_pair check ((email is null) = (email_key is null)),
    constraint users_password_length check (char_length(password) between 1 and 512),
    constraint users_first_name_length check (char_length(first_name) <= 150),
    constraint users_last_name_length check (char_length(last_name) <= 150),
    constraint users_gender_choice check (gender in ('Male', 'Female')),
    constraint users_country_length check (char_length(country) <= 120),
    constraint users_city_length check (char_length(city) <= 120),
    constraint users_state_length check (char_length(state) <= 120)
  )`,

  `create table latchkey.sessions (
    id uuid primary key,
    user_id uuid not null references latchkey.users (id) on delete cascade,
    refresh_hash bytea not null,
    previous_refresh_hash bytea,
    rotated_at timestamptz,
    created_at timestamptz not null default latchkey.now(),
    last_used_at timestamptz not null default latchkey.now(),
    idle_expires_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    address text,
    user_agent text,
    constraint sessions_lifetime check (created_at < expires_at and idle_expires_at <= expires_at),
    constraint sessions_end check ((ended_at is null) = (end_reason is null)),
    constraint sessions_refresh_hash_length check (octet_length(refresh_hash) = 32),
    constraint sessions_previous_refresh_hash_length check (octet_length(previous_refresh_hash) = 32),
    constraint sessions_rotation check ((previous_refresh_hash is null) = (rotated_at is null))
  )`,
  "create index sessions_user_id on latchkey.sessions (user_id)",
  "create index sessions_expires_at on latchkey.sessions (expires_at)",

  `create table latchkey.signing_keys (
    kid text primary key,
    algorithm text not null,
    public_jwk jsonb,
    sealed_private_jwk bytea not null,
    created_at timestamptz not null default latchkey.now(),
    signs_from timestamptz not null,
    verifies_until timestamptz,
    constraint signing_keys_algorithm_choice check (algorithm in ('EdDSA', 'ES256', 'HS256')),
    constraint signing_keys_public_part check ((public_jwk is null) = (algorithm = 'HS256'))
  )`,

  `create table latchkey.audit_events (
    id uuid primary key,
    occurred_at timestamptz not null default latchkey.now(),
    event text not null,
    actor_id uuid,
    subject_id uuid,
    address text,
    request_id text,
    detail jsonb not null default '{}'
  )`,
];
