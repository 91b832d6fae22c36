import { type Kysely, sql } from "kysely";

/** Who may do what, one-time codes, and the indexes that administration reads by. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.permissions (
    permission text primary key,
    constraint permissions_grammar check (permission ~ '^[a-z][a-z0-9_]*\\.[a-z][a-z0-9]*_[a-z][a-z0-9_]*$' and char_length(permission) <= 150)
  )`,
  `create table latchkey.groups (
    id uuid primary key,
    name text not null,
    created_at timestamptz not null default latchkey.now(),
    constraint groups_name_key unique (name),
    constraint groups_name_length check (char_length(name) between 1 and 150)
  )`,
  `create table latchkey.group_permissions (
    group_id uuid not null references latchkey.groups (id) on delete cascade,
    permission text not null references latchkey.permissions (permission) on delete cascade,
    primary key (group_id, permission)
  )`,
  `create table latchkey.user_groups (
    user_id uuid not null references latchkey.users (id) on delete cascade,
    group_id uuid not null references latchkey.groups (id) on delete cascade,
    primary key (user_id, group_id)
  )`,
  "create index user_groups_group_id on latchkey.user_groups (group_id, user_id)",
  `create table latchkey.user_permissions (
    user_id uuid not null references latchkey.users (id) on delete cascade,
    permission text not null references latchkey.permissions (permission) on delete cascade,
    primary key (user_id, permission)
  )`,
  "create index group_permissions_permission on latchkey.group_permissions (permission)",
  "create index user_permissions_permission on latchkey.user_permissions (permission)",

  // Until a code has proved it, a phone number or an e-mail address waits here and nowhere else.
  `create table latchkey.one_time_codes (
    id uuid primary key,
    user_id uuid not null references latchkey.users (id) on delete cascade,
    purpose text not null,
    target text,
    code_hash bytea,
    created_at timestamptz not null default latchkey.now(),
    expires_at timestamptz not null,
    constraint one_time_codes_one_each unique (user_id, purpose),
    constraint one_time_codes_purpose_choice check (purpose in ('set_password', 'prove_phone', 'prove_email')),
    constraint one_time_codes_hash_length check (octet_length(code_hash) = 32)
  )`,
  "create index one_time_codes_expires_at on latchkey.one_time_codes (expires_at)",

  // For pages in the order of a name and search by its beginning, in whatever collation the database has.
  `create index users_username_prefix on latchkey.users (username_key collate "C")`,
  `create index users_phone_number_prefix on latchkey.users (phone_number collate "C")`,
  `create index users_email_prefix on latchkey.users (email_key collate "C")`,
  "create index users_staff on latchkey.users (id) where is_staff",
  "create index users_superusers on latchkey.users (id) where is_superuser",
  "create index users_inactive on latchkey.users (id) where not is_active",

  "create index audit_events_subject_id on latchkey.audit_events (subject_id, id)",
  "create index audit_events_actor_id on latchkey.audit_events (actor_id, id)",
  "create index audit_events_event on latchkey.audit_events (event, id)",
  "create index audit_events_occurred_at on latchkey.audit_events (occurred_at)",
];
