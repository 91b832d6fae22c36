import { type Kysely, sql } from "kysely";

/**
 * What an import reads, plans and applies, and what it has to remember of a person for the next time. The tables of a run are unlogged and
 * empty between two of them; the columns are added without a rewrite, and the release before leaves them alone.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // Keyed hashes of what was brought over, by field, so that the next round tells who has changed it; and a name there that the grammar
  // reads as nobody's, by which its person signs in here too.
  `alter table latchkey.imported_users
    add column prints jsonb not null default '{}',
    add column alias text collate "C"`,
  "create unique index imported_users_alias on latchkey.imported_users (alias) where alias is not null",
  // Written by a person or an administrator who sets a password here; never by an import, a re-hash or a change of name.
  "alter table latchkey.users add column password_set_at timestamptz",

  `create or replace function latchkey.bury_imported_user() returns trigger language plpgsql as $$
    begin
      update latchkey.imported_users
        set user_id = null, old_username = null, old_phone = null, alias = null, prints = '{}', deleted_at = latchkey.now()
        where user_id = old.id;
      return old;
    end $$`,

  `create unlogged table latchkey.import_people (
    run_id uuid not null,
    position integer not null,
    old_id text collate "C" not null,
    state text not null default 'new',
    id uuid not null,
    old_username text collate "C",
    old_phone text collate "C",
    username text,
    username_key text collate "C",
    phone_number text collate "C",
    email text,
    email_key text collate "C",
    alias text collate "C",
    password text not null,
    is_weak boolean not null,
    stored_password text,
    first_name text not null,
    last_name text not null,
    gender text,
    country text,
    city text,
    state_name text,
    is_approved_to_be_in_touch boolean not null,
    is_active boolean not null,
    is_staff boolean not null,
    is_superuser boolean not null,
    date_joined timestamptz,
    last_login timestamptz,
    profile jsonb not null,
    groups text[] not null,
    permissions text[] not null,
    prints jsonb not null,
    changed text[] not null,
    username_forms text[] not null,
    phone_forms text[] not null,
    primary key (run_id, old_id)
  )`,
  `create unlogged table latchkey.import_issues (
    run_id uuid not null,
    old_id text collate "C" not null,
    code text not null,
    field text not null,
    value text,
    other text,
    proposal text not null,
    decision text,
    is_decided boolean not null default false,
    is_effective boolean not null default false,
    primary key (run_id, old_id, code, field)
  )`,
  `create unlogged table latchkey.import_decisions (
    run_id uuid not null,
    old_id text collate "C" not null,
    code text not null,
    field text not null,
    decision text not null
  )`,
];
