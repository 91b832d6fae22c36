import { type Kysely, sql } from "kysely";

/** Groups that an import made, and what each gives because it does so in the source: only that is lost with it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.imported_groups (
    source text not null,
    group_id uuid not null references latchkey.groups (id) on delete cascade,
    permissions text[] not null,
    primary key (source, group_id)
  )`.execute(db);
  await sql`create index imported_groups_group_id on latchkey.imported_groups (group_id)`.execute(db);
}
