import { type Kysely, sql } from "kysely";

/**
 * Phone numbers and addresses of others are shown whole to who may see them, and masked to everybody else. Whoever is shown them today goes
 * on to be: all who list people or read the audit trail.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const shownToday = "permission in ('auth.view_user', 'auth.view_auditevent')";

const statements = [
  `insert into latchkey.permissions (permission)
    select 'auth.view_contact' where exists (select from latchkey.permissions where ${shownToday})
    on conflict do nothing`,
  `insert into latchkey.group_permissions (group_id, permission)
    select distinct group_id, 'auth.view_contact' from latchkey.group_permissions where ${shownToday}
    on conflict do nothing`,
  `insert into latchkey.user_permissions (user_id, permission)
    select distinct user_id, 'auth.view_contact' from latchkey.user_permissions where ${shownToday}
    on conflict do nothing`,
];
