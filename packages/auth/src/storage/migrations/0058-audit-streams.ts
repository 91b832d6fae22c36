import { type Kysely, sql } from "kysely";

/** How far the audit trail was told to another system, and which process is telling it. Where none is told, nothing is ever written. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.audit_streams (
    name text collate "C" primary key,
    reached bigint not null,
    lease_until timestamptz,
    told_at timestamptz
  )`,
];
