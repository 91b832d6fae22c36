import { type Kysely, sql } from "kysely";

/**
 * Refresh tokens that were ended in another system before their time, and which round has read them: only then is one that is not among
 * them adopted.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.imported_blacklist (
    source text not null,
    jti text collate "C" not null,
    expires_at timestamptz not null,
    primary key (source, jti)
  )`,
  "create index imported_blacklist_expires_at on latchkey.imported_blacklist (expires_at)",
  "alter table latchkey.import_sources add column blacklist_read_at timestamptz",
];
