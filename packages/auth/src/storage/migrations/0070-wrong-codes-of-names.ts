import { type Kysely, sql } from "kysely";

/**
 * Under what the wrong codes of a challenge are counted where a username was typed; null for those of a number or an address. Challenges of
 * the release before have none, and are gone within ten minutes.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.challenges add column wrong_codes_key text`.execute(db);
}
