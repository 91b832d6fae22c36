import { type Kysely, sql } from "kysely";

/**
 * Keys that were derived from the secret until now are stored under it, so that another secret can take its place. Processes of the release
 * before go on deriving them: they are the same while the secret is.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table latchkey.secret_keys (
    id text collate "C" primary key,
    purpose text not null,
    sealed bytea not null,
    secret_id text not null,
    made_with text not null,
    created_at timestamptz not null default latchkey.now(),
    superseded_at timestamptz
  )`,
  "create unique index secret_keys_in_use on latchkey.secret_keys (purpose) where superseded_at is null",
];
