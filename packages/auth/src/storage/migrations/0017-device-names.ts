import { type Kysely, sql } from "kysely";

/** What programs call the devices that they sign in with. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.sessions add column device_name text`.execute(db);
  // Every row that is there holds null: checking them would lock out refreshes for as long as it takes to read the table.
  await sql`alter table latchkey.sessions add constraint sessions_device_name_length
    check (char_length(device_name) between 1 and 100) not valid`.execute(db);
}
