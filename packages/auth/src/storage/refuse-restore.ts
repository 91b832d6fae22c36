import type pg from "pg";
import { StartError } from "../errors.ts";
import { isThere, toName } from "./back-up.ts";
import type { BackupHeader } from "./backup-format.ts";
import { schemaName } from "./database.ts";
import { migrations } from "./migrations/index.ts";

/**
 * @param secrets what is kept of the present ones; null where it is known that they open nothing
 * @throws StartError when this version cannot bring the backup back, or not all that is sealed in it could be opened afterwards
 */
export function refuseForeign(header: BackupHeader, secrets: readonly string[] | null): void {
  const unknown = (header.migrations[schemaName] ?? []).filter((name) => !(name in migrations));
  if (unknown.length > 0)
    throw new StartError(
      `The backup was made by a newer Latchkey (it has ${unknown.join(", ")}): restore it with that version or a later one.`,
    );
  const needed = header.sealedWith ?? [header.secret];
  const missing = needed.filter((secret) => !secrets?.includes(secret));
  if (secrets === null || missing.length === 0) return;
  const which = needed.length === 1 ? "another LATCHKEY_SECRET" : `${needed.length} secrets in LATCHKEY_SECRET`;
  const those = missing.length === 1 ? "that one" : `the ${missing.length} that are missing`;
  throw new StartError(
    `The backup was made with ${which}, without which its keys cannot be opened: set ${those}, alone or behind the new one with a comma between them, or restore with --another-secret and then run reseal --lost.`,
  );
}

/** @throws StartError when somebody has an account in the database */
export async function refuseAccounts(client: pg.ClientBase): Promise<void> {
  const users = { schema: schemaName, name: "users" };
  if (await hasRows(client, users))
    throw new StartError("The database has accounts already: restore into an empty one, and nothing is mixed up.");
}

/**
 * A restore puts a team's own schemas in the place of those that are there.
 *
 * @throws StartError when one of them has rows, or something outside of them would lose what it has on them
 */
export async function refuseToReplace(client: pg.ClientBase, header: BackupHeader): Promise<void> {
  const schemas = Object.keys(header.migrations);
  const tables = header.tables.filter(({ schema }) => schema !== schemaName);
  const filled: string[] = [];
  for (const table of tables) if (await hasRows(client, table)) filled.push(`${table.schema}.${table.name}`);
  const advice = "restore into an empty database, or say --replace-own-tables if you mean it.";
  if (filled.length > 0)
    throw new StartError(`There are rows in ${filled.join(", ")}, which the backup's would replace: ${advice}`);
  const { rows } = await client.query<{ name: string }>(dependents, [schemas]);
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).join(", ");
  throw new StartError(
    `${names} would lose foreign keys, or be gone, with what they stand on in ${schemas.join(", ")}: ${advice}`,
  );
}

/** Tables elsewhere with foreign keys to the schemas, and views elsewhere of what is in them. */
const dependents = `
  select distinct n.nspname || '.' || t.relname as name from (
    select c.conrelid as outside, c.confrelid as inside from pg_constraint c where c.contype = 'f'
    union all
    select r.ev_class, d.refobjid from pg_rewrite r join pg_depend d
      on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
  ) link
  join pg_class t on t.oid = link.outside join pg_namespace n on n.oid = t.relnamespace
  join pg_class i on i.oid = link.inside join pg_namespace o on o.oid = i.relnamespace
  where o.nspname = any ($1) and n.nspname <> all ($1)
  order by 1`;

async function hasRows(client: pg.ClientBase, table: { schema: string; name: string }): Promise<boolean> {
  if (!(await isThere(client, table))) return false;
  return (await client.query(`select from ${toName(table)} limit 1`)).rows.length > 0;
}
