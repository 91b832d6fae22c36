import { type Kysely, sql } from "kysely";

/**
 * Whether anybody has used what a refresh answered: until then its answer may have been lost. Constant defaults cost nothing on a
 * large table, and a process of the version before leaves the columns as they are.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table latchkey.sessions
    add column rotation integer not null default 0,
    add column unused_since timestamptz,
    add column reissues integer not null default 0`,
];
