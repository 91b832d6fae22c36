import { type Kysely, sql } from "kysely";

/**
 * Changes of people's own accounts that wait, from when on a name that was added opens its account by code, and when a code took effect. A
 * table of its own, and columns that may be null and that the release before does not know of: to it, such a name is a proved one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.users add column phone_opens_at timestamptz, add column email_opens_at timestamptz`.execute(
    db,
  );
  await sql`alter table latchkey.challenges add column proved_at timestamptz`.execute(db);
  await sql`create table latchkey.pending_changes (
    id uuid primary key,
    user_id uuid not null references latchkey.users on delete cascade,
    session_id uuid not null references latchkey.sessions on delete cascade,
    kind text not null,
    payload bytea not null,
    created_at timestamptz not null default latchkey.now(),
    due_at timestamptz not null,
    constraint pending_changes_once unique (session_id, kind)
  )`.execute(db);
  await sql`create index pending_changes_due on latchkey.pending_changes (due_at)`.execute(db);
  await sql`create index pending_changes_user on latchkey.pending_changes (user_id)`.execute(db);
}
