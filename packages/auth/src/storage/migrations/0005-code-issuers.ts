import { type Kysely, sql } from "kysely";

/** Who made a code, so that it is worth no more than they are when it is used. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  "alter table latchkey.one_time_codes add column issuer_id uuid references latchkey.users (id) on delete cascade",
  "create index one_time_codes_issuer_id on latchkey.one_time_codes (issuer_id) where issuer_id is not null",
];
