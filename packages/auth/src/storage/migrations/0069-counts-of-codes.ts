import { type Kysely, sql } from "kysely";

/** Counters that no statement may bring below what they count. Rows from before are not looked at: they are deleted within days. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.challenges add constraint challenges_tries check (tries >= 0) not valid`.execute(db);
  await sql`alter table latchkey.wrong_codes add constraint wrong_codes_count check (count > 0) not valid`.execute(db);
}
