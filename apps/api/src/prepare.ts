import type { Auth, Config } from "@latchkey/auth";
import { prepareNotes } from "./notes/note-store.ts";

/** Makes everything that the service keeps in the database: the core's schema and keys, and the tables of its own resources. */
export async function prepare(auth: Auth<Config>): Promise<void> {
  await auth.initialize();
  await prepareNotes(auth.pool);
}
