import type { Auth } from "@latchkey/auth";
import { prepareNotes } from "./notes/note-store.ts";

/** Makes everything that the service keeps in the database: the core's schema and keys, and the tables of its own resources. */
export async function prepare(auth: Auth): Promise<void> {
  await auth.prepare();
  await prepareNotes(auth.pool);
}
