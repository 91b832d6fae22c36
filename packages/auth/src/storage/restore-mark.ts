import { sql } from "kysely";
import { StartError } from "../errors.ts";
import type { Queries } from "./database.ts";

const schema = "latchkey_restoring";

/**
 * An empty schema beside the others that says of a database that a restore has begun in it. It is made before anything else, and goes in
 * the transaction that brings the rows: whoever is killed between the two leaves it behind.
 */
export const restoreMark = {
  set: `create schema if not exists ${schema}`,
  clear: `drop schema if exists ${schema}`,
  /** A row where it is. */
  look: `select 1 as marked from pg_catalog.pg_namespace where nspname = '${schema}'`,
} as const;

/** @throws StartError when the look at the mark has found it */
export function refuseMarked({ rows }: { readonly rows: readonly unknown[] }): void {
  if (rows.length === 0) return;
  throw new StartError(
    'A restore into this database is under way or did not end, and nothing of it is there: run "latchkey restore" with the file again.',
  );
}

/** @throws StartError when a restore has begun in the database and not ended */
export async function refuseHalfRestored(db: Queries): Promise<void> {
  refuseMarked(await sql.raw(restoreMark.look).execute(db));
}
