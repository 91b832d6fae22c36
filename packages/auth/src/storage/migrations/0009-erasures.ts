import { type Kysely, sql } from "kysely";

/**
 * Whose addresses are still to be taken out of the audit trail, and how far that has come: it is done in steps, however much somebody
 * did. And groups in the order of their names' bytes, which no locale changes.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.erasures (
    user_id uuid primary key,
    reached bigint not null default 0,
    created_at timestamptz not null default latchkey.now(),
    constraint erasures_reached check (reached >= 0)
  )`,
  // Not the column's own collation: the previous release, which still runs, has prepared statements that answer it.
  `create index groups_name_order on latchkey.groups (name collate "C")`,
];
