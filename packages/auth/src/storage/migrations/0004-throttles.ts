import { type Kysely, sql } from "kysely";

/** How often something was tried. Rows come and go with every sign-in, so there is no index but the key's. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.throttles (
    key bytea primary key,
    count integer not null default 0,
    available_at timestamptz not null default latchkey.now(),
    forgotten_at timestamptz default latchkey.now(),
    constraint throttles_key_length check (octet_length(key) = 32),
    constraint throttles_count check (count >= 0)
  )`,
];
