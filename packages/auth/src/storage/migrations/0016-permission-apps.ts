import { type Kysely, sql } from "kysely";

/** Whose the permissions of an app are: the service's own, or of the account that declares them over HTTP. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // No reference to the account: what it declared stays another's to take until somebody gives it free, also when it is deleted.
  await sql`create table latchkey.permission_apps (
    app text primary key,
    declarer uuid,
    declared_at timestamptz not null default latchkey.now(),
    constraint permission_apps_grammar check (app ~ '^[a-z][a-z0-9_]*$' and app <> 'auth' and char_length(app) <= 100)
  )`.execute(db);
  await sql`create index permission_apps_declarer on latchkey.permission_apps (declarer)`.execute(db);
}
