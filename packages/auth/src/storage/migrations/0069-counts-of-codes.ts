import { type Kysely, sql } from "kysely";

/** Counters that no statement may bring below what they count. The tables are small: what they hold is deleted within days. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.challenges add constraint challenges_tries check (tries >= 0)`.execute(db);
  await sql`alter table latchkey.wrong_codes add constraint wrong_codes_count check (count > 0)`.execute(db);
}
