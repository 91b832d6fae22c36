import { type Kysely, sql } from "kysely";

/** The profile's fields that a team declares, in one column that needs no migration of theirs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.users add column profile jsonb not null default '{}'`.execute(db);
  // Every row that is there holds `{}`: checking them would lock out sign-ins for as long as it takes to read the table.
  await sql`alter table latchkey.users add constraint users_profile_size
    check (jsonb_typeof(profile) = 'object' and octet_length(profile::text) <= 16384) not valid`.execute(db);
}
