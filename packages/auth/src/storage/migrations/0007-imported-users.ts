import { type Kysely, sql } from "kysely";

/**
 * Who came from where: a row for every person of another system, told from one another by that system's ids and by its texts byte
 * for byte. A deleted person leaves the row behind without their names.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // The key is kept here and not derived from a secret of the settings, because it must outlive every one of them.
  `create table latchkey.imported_name_key (
    is_only boolean primary key default true,
    key bytea not null default sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea),
    constraint imported_name_key_one check (is_only),
    constraint imported_name_key_length check (octet_length(key) = 32)
  )`,
  "insert into latchkey.imported_name_key default values",

  `create table latchkey.import_sources (
    source text collate "C" primary key,
    round_id uuid,
    round_started_at timestamptz,
    round_began_at timestamptz,
    seen_at timestamptz,
    began_at timestamptz,
    completed_at timestamptz,
    constraint import_sources_name check (source ~ '^[a-z][a-z0-9_-]{0,62}$'),
    constraint import_sources_round check (
      (round_id is null) = (round_started_at is null) and (round_id is null) = (round_began_at is null)
    ),
    constraint import_sources_complete check (
      (seen_at is null) = (began_at is null) and (seen_at is null) = (completed_at is null)
    )
  )`,

  `create table latchkey.imported_users (
    source text collate "C" not null,
    old_id text collate "C" not null,
    user_id uuid references latchkey.users (id) on delete set null,
    old_username text collate "C",
    old_phone text collate "C",
    old_joined_at timestamptz,
    username_hashes bytea[] not null default '{}',
    phone_hashes bytea[] not null default '{}',
    named_since timestamptz not null,
    seen_at timestamptz not null,
    gone_at timestamptz,
    deleted_at timestamptz,
    primary key (source, old_id),
    constraint imported_users_one_each unique (source, user_id),
    constraint imported_users_old_username unique (source, old_username) deferrable initially deferred,
    constraint imported_users_source check (source ~ '^[a-z][a-z0-9_-]{0,62}$'),
    constraint imported_users_tombstone check (
      deleted_at is null or (user_id is null and old_username is null and old_phone is null)
    )
  )`,
  "create index imported_users_user_id on latchkey.imported_users (user_id) where user_id is not null",
  "create index imported_users_old_phone on latchkey.imported_users (source, old_phone) where old_phone is not null",
  "create index imported_users_username_hashes on latchkey.imported_users using gin (username_hashes)",
  "create index imported_users_phone_hashes on latchkey.imported_users using gin (phone_hashes)",

  // What a round has read so far; after a crash it is empty, and the round begins again.
  `create unlogged table latchkey.imported_round_users (
    round_id uuid not null,
    old_id text collate "C" not null,
    old_username text collate "C",
    old_phone text collate "C",
    old_joined_at timestamptz,
    username_hashes bytea[] not null,
    phone_hashes bytea[] not null,
    primary key (round_id, old_id)
  )`,

  // Whoever deletes a user leaves the tombstone, a statement typed by hand and the previous release among them.
  `create function latchkey.bury_imported_user() returns trigger language plpgsql as $$
    begin
      update latchkey.imported_users
        set user_id = null, old_username = null, old_phone = null, deleted_at = latchkey.now()
        where user_id = old.id;
      return old;
    end $$`,
  `create trigger bury_imported_user before delete on latchkey.users
    for each row execute function latchkey.bury_imported_user()`,

  "alter table latchkey.users add column old_tokens_ended_at timestamptz",
  "alter table latchkey.sessions add column adopted_from text, add column kept_until timestamptz",
];
