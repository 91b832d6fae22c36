import { type Kysely, sql } from "kysely";

/**
 * Leaves room on each new page for the row that a sign-in or a refresh writes: it then stays on its page, and no index is touched. It
 * takes effect for pages that are written from now on, and no lock that a call would wait for.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.users set (fillfactor = 90)`.execute(db);
  await sql`alter table latchkey.sessions set (fillfactor = 90)`.execute(db);
}
