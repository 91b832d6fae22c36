import { type Kysely, sql } from "kysely";

/** Since when a user has to replace the password at the next sign-in; null for everybody there is. The release before does not read it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.users add column password_change_due_at timestamptz`.execute(db);
}
