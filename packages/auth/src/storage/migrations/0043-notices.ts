import { type Kysely, sql } from "kysely";

/** What people are told of their own account, and the messages that tell it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.notices (
    id uuid primary key,
    user_id uuid not null references latchkey.users on delete cascade,
    kind text not null,
    created_at timestamptz not null default latchkey.now(),
    read_at timestamptz,
    address text,
    user_agent text,
    hook_due_at timestamptz,
    hook_tries smallint not null default 0
  )`.execute(db);
  await sql`create index notices_user on latchkey.notices (user_id, id)`.execute(db);
  await sql`create index notices_created on latchkey.notices (created_at)`.execute(db);
  await sql`create index notices_hook_due on latchkey.notices (hook_due_at) where hook_due_at is not null`.execute(db);
  await sql`create table latchkey.notice_messages (
    id uuid primary key,
    notice_id uuid not null references latchkey.notices on delete cascade,
    channel text not null,
    address text not null,
    locale text,
    created_at timestamptz not null default latchkey.now(),
    due_at timestamptz,
    lease_until timestamptz,
    tries smallint not null default 0,
    sent_at timestamptz,
    failure text,
    constraint notice_messages_channel check (channel in ('sms', 'email'))
  )`.execute(db);
  await sql`create index notice_messages_notice on latchkey.notice_messages (notice_id)`.execute(db);
  await sql`create index notice_messages_due on latchkey.notice_messages (due_at) where due_at is not null`.execute(db);
  await sql`create index notice_messages_sent on latchkey.notice_messages (sent_at) where sent_at is not null`.execute(
    db,
  );
  await sql`create index notice_messages_created on latchkey.notice_messages (created_at)`.execute(db);
}
