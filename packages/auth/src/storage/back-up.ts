import pg from "pg";
import copy from "pg-copy-streams";
import { StartError } from "../errors.ts";
import {
  type BackupHeader,
  type BackupSequence,
  type BackupTable,
  backupFormat,
  writeBackup,
} from "./backup-format.ts";
import { toLocalSettings } from "./connection-settings.ts";
import { type DatabaseOptions, ledgers, schemaName } from "./database.ts";
import { refuseMarked, restoreMark } from "./restore-mark.ts";
import { withClient } from "./with-client.ts";

export interface BackUpOptions {
  /** Beside the core's own, each with the table in which what has run is noted; null for none. */
  readonly schemas: Readonly<Record<string, string | null>>;
  /** What is kept of the secret, to know it again. */
  readonly secret: string;
  /** The same of those that sealed some of the signing keys. */
  readonly findSealers: (keys: readonly SealedKey[]) => readonly string[];
}

interface SealedKey {
  readonly kid: string;
  readonly sealedPrivateJwk: Buffer;
}

/** How a table or a sequence is named in a statement. */
export const toName = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;

export const toColumns = ({ columns }: BackupTable): string => columns.map(pg.escapeIdentifier).join(", ");

/** Reads all rows of our schemas as they were at one moment, while others go on writing. Nobody waits for it. */
export async function* backUp(database: DatabaseOptions, options: BackUpOptions): AsyncGenerator<Buffer> {
  await using lent = await withClient(database);
  const { client } = lent;
  await client.query("begin transaction isolation level repeatable read, read only");
  await client.query(toLocalSettings(0));
  refuseMarked(await client.query(restoreMark.look));
  const header = await readHeader(client, options);
  yield* writeBackup(header, (table) =>
    client.query(copy.to(`copy (select ${toColumns(table)} from ${toName(table)}) to stdout`)),
  );
  await client.query("commit");
}

async function readHeader(
  client: pg.ClientBase,
  { schemas, secret, findSealers }: BackUpOptions,
): Promise<BackupHeader> {
  const all = { ...schemas, [schemaName]: "kysely_migration" };
  const names = Object.keys(all);
  const { rows: versions } = await client.query<{ version: string }>(
    "select current_setting('server_version') as version",
  );
  const migrations: Record<string, readonly string[] | null> = {};
  for (const [schema, ledger] of Object.entries(all)) {
    migrations[schema] = ledger === null ? null : await readLedger(client, { schema, name: ledger });
  }
  if (migrations[schemaName]?.length === 0)
    throw new StartError("There is nothing to back up: the database has no schema of Latchkey.");
  const own = Object.values(schemas).filter((ledger) => ledger !== null);
  return {
    format: backupFormat,
    version: 1,
    createdAt: new Date().toISOString(),
    postgres: versions[0]?.version ?? "",
    secret,
    sealedWith: await listSealers(client, { secret, findSealers }),
    migrations,
    tables: await listTables(client, names, [...ledgers, ...own]),
    sequences: await listSequences(client, names),
  };
}

/** Of all secrets that are needed to use what is in the backup. In the midst of a change of the secret those are several. */
async function listSealers(
  client: pg.ClientBase,
  { secret, findSealers }: Pick<BackUpOptions, "secret" | "findSealers">,
): Promise<string[]> {
  const table = (name: string) => ({ schema: schemaName, name });
  const { rows: keys } = await client.query<SealedKey>(
    `select kid, sealed_private_jwk as "sealedPrivateJwk" from ${toName(table("signing_keys"))}
    where coalesce(verifies_until > latchkey.now(), true)`,
  );
  const { rows: others } = (await isThere(client, table("secret_keys")))
    ? await client.query<{ id: string }>(`select secret_id as id from ${toName(table("secret_keys"))}`)
    : { rows: [] };
  const found = new Set([...findSealers(keys), ...others.map(({ id }) => id)]);
  return found.size === 0 ? [secret] : [...found].sort();
}

export async function isThere(client: pg.ClientBase, table: { schema: string; name: string }): Promise<boolean> {
  const { rows } = await client.query<{ found: string | null }>("select to_regclass($1)::text as found", [
    toName(table),
  ]);
  return rows[0]?.found != null;
}

async function readLedger(client: pg.ClientBase, ledger: { schema: string; name: string }): Promise<string[]> {
  if (!(await isThere(client, ledger))) return [];
  const { rows } = await client.query<{ name: string }>(`select name from ${toName(ledger)} order by name`);
  return rows.map(({ name }) => name);
}

async function listTables(
  client: pg.ClientBase,
  schemas: readonly string[],
  without: readonly string[],
): Promise<BackupTable[]> {
  const { rows } = await client.query<BackupTable>(
    `select n.nspname as schema, c.relname as name, greatest(c.reltuples, 0)::float8 as estimate,
      array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where n.nspname = any ($1) and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> all ($2)
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    group by 1, 2, 3 order by 1, 2`,
    [schemas, without],
  );
  return rows;
}

async function listSequences(client: pg.ClientBase, schemas: readonly string[]): Promise<BackupSequence[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1) and c.relkind = 'S' order by 1, 2`,
    [schemas],
  );
  const sequences: BackupSequence[] = [];
  for (const row of rows) {
    const query = `select last_value::text as value, is_called as "isCalled" from ${toName(row)}`;
    const [state] = (await client.query<{ value: string; isCalled: boolean }>(query)).rows;
    if (state) sequences.push({ ...row, ...state });
  }
  return sequences;
}
