import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { indexedExpression } from "../users/profile.ts";
import type { Core } from "./core.ts";

/**
 * Makes the indexes by which users are listed by fields of a team's own, while everybody goes on working. Of several processes that start
 * at once, one does it and the others go on: to wait for it in the database would be to be waited for. Until it is done, those lists are
 * right and slow. An index that nobody declares any more stays: another version of the program may run.
 *
 * @param db connections that may take their time
 */
export async function indexProfile({ profile }: Pick<Core, "profile">, db: Queries): Promise<void> {
  const wanted = profile.ownFields.filter(({ isIndexed }) => isIndexed).map(({ name }) => name);
  if ((await findMissing(db, wanted)).length === 0) return;
  await db.connection().execute(async (connection) => {
    const lock = sql.lit("latchkey profile indexes");
    const { rows } = await sql<{ isMine: boolean }>`
      select pg_try_advisory_lock(hashtext(${lock})) as "isMine"`.execute(connection.withoutPlugins());
    if (!rows[0]?.isMine) return;
    try {
      for (const name of await findMissing(connection, wanted)) await createIndex(connection, name);
    } finally {
      await sql`select pg_advisory_unlock(hashtext(${lock}))`.execute(connection);
    }
  });
}

/** A name that tells fields apart whose names are alike in lower case, and that is no longer than PostgreSQL's 63 bytes. */
const indexOf = (name: string) =>
  `users_profile_${name.toLowerCase().slice(0, 32)}_${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;

/** The fields without an index that can be used: one that was broken off while it was made is left behind as invalid. */
async function findMissing(db: Queries, names: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ index: string }>`
    select c.relname as index from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = 'latchkey.users'::regclass and i.indisvalid`.execute(db);
  return names.filter((name) => !rows.some(({ index }) => index === indexOf(name)));
}

async function createIndex(db: Queries, name: string): Promise<void> {
  await sql.raw(`drop index concurrently if exists latchkey.${indexOf(name)}`).execute(db);
  const columns = `(${indexedExpression(name, "")}), standing, id`;
  await sql.raw(`create index concurrently ${indexOf(name)} on latchkey.users (${columns})`).execute(db);
}
