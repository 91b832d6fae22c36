import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import copy from "pg-copy-streams";
import { StartError } from "../errors.ts";
import { toColumns, toName } from "./back-up.ts";
import { type BackupHeader, type BackupPart, type BackupTable, readBackup } from "./backup-format.ts";
import type { DatabaseOptions } from "./database.ts";
import { refuseAccounts, refuseForeign, refuseToReplace } from "./refuse-restore.ts";
import { restoreMark } from "./restore-mark.ts";
import { withClient } from "./with-client.ts";

export interface RestoreOptions {
  /** What is kept of the present secrets; null to restore what another one sealed. */
  readonly secrets: readonly string[] | null;
  /** Whether a team's own tables may have rows, which are lost then, and others may depend on them. */
  readonly replacesOwnTables: boolean;
  /** Makes the tables of all schemas as they were when the backup was made: the migrations of the header, and no others. */
  readonly makeTables: (header: BackupHeader) => Promise<void>;
}

/**
 * Brings a backup back into a database in which nobody has an account. All rows come in one transaction; when anything is wrong with them,
 * the schemas are gone again. One that is killed leaves a mark, by which starts refuse the database and the next restore begins anew.
 *
 * @throws StartError when the database has accounts or, unless it is meant, rows in a team's own tables, or the backup is damaged, newer than this version, or sealed with another secret
 */
export async function restore(
  database: DatabaseOptions,
  source: AsyncIterable<Buffer>,
  { secrets, replacesOwnTables, makeTables }: RestoreOptions,
): Promise<BackupHeader> {
  const parts = readBackup(source);
  const header = await readHeader(parts);
  refuseForeign(header, secrets);
  await using lent = await withClient(database);
  const { client } = lent;
  await client.query("set statement_timeout = 0");
  // Behind another restore, also while PostgreSQL still ends one that was killed.
  await client.query("select pg_advisory_lock(hashtextextended('latchkey restore', 0))");
  await refuseAccounts(client);
  // What a restore that was cut off has left is its own.
  const { rows: marks } = await client.query(restoreMark.look);
  if (!replacesOwnTables && marks.length === 0) await refuseToReplace(client, header);
  const dropAll = () => client.query(`drop schema if exists ${schemasOf(header).join(", ")} cascade`);
  await client.query(restoreMark.set);
  await dropAll();
  try {
    await makeTables(header);
    await client.query("begin");
    await fill(client, header, parts);
    await client.query(restoreMark.clear);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    await dropAll()
      .then(() => client.query(restoreMark.clear))
      .catch(() => {});
    throw error;
  }
  // So that the first calls are planned with what is there.
  await client.query(`analyze ${header.tables.map(toName).join(", ")}`);
  return header;
}

const schemasOf = ({ migrations }: BackupHeader) => Object.keys(migrations).map(pg.escapeIdentifier);

async function readHeader(parts: AsyncGenerator<BackupPart>): Promise<BackupHeader> {
  const first = await parts.next();
  if (first.done || !("header" in first.value)) throw new StartError("This is no backup of Latchkey.");
  return first.value.header;
}

/** Fills the tables, without triggers and with foreign keys put back at the end, which then hold for every row. */
async function fill(client: pg.ClientBase, header: BackupHeader, parts: AsyncGenerator<BackupPart>): Promise<void> {
  const putBack = await takeAwayForeignKeys(client, header);
  for (const table of header.tables) await client.query(`alter table ${toName(table)} disable trigger user`);
  // Migrations may have put rows there.
  if (header.tables.length > 0) await client.query(`truncate ${header.tables.map(toName).join(", ")}`);
  const counts = await copyAll(client, parts);
  await checkCounts(client, header.tables, counts);
  for (const { value, isCalled, ...sequence } of header.sequences)
    await client.query("select setval($1::regclass, $2, $3)", [toName(sequence), value, isCalled]);
  for (const table of header.tables) await client.query(`alter table ${toName(table)} enable trigger user`);
  await putBack();
}

async function takeAwayForeignKeys(client: pg.ClientBase, header: BackupHeader): Promise<() => Promise<void>> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(
    `select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(c.oid) as definition
    from pg_constraint c join pg_namespace n on n.oid = c.connamespace
    where contype = 'f' and conparentid = 0 and n.nspname = any ($1)`,
    [Object.keys(header.migrations)],
  );
  for (const { table, name } of rows) await client.query(`alter table ${table} drop constraint ${name}`);
  return async () => {
    for (const { table, name, definition } of rows)
      await client.query(`alter table ${table} add constraint ${name} ${definition}`);
  };
}

/** Copies the rows of every table, and answers how many the backup says there are. */
async function copyAll(client: pg.ClientBase, parts: AsyncGenerator<BackupPart>): Promise<readonly number[]> {
  let part = await parts.next();
  while (!part.done) {
    if ("end" in part.value) return part.value.end.rows;
    if (!("table" in part.value)) throw new StartError("The backup is damaged: rows are not where they should be.");
    const { table } = part.value;
    const rows: { next: IteratorResult<BackupPart> | undefined } = { next: undefined };
    const target = client.query(copy.from(`copy ${toName(table)} (${toColumns(table)}) from stdin`));
    await pipeline(
      Readable.from(
        (async function* () {
          for (;;) {
            const next = await parts.next();
            if (next.done || !("rows" in next.value)) {
              rows.next = next;
              return;
            }
            yield next.value.rows;
          }
        })(),
      ),
      target,
    );
    part = rows.next ?? (await parts.next());
  }
  throw new StartError("The backup is cut off: its end is missing.");
}

async function checkCounts(client: pg.ClientBase, tables: readonly BackupTable[], counts: readonly number[]) {
  for (const [index, table] of tables.entries()) {
    const { rows } = await client.query<{ count: string }>(`select count(*) from ${toName(table)}`);
    if (Number(rows[0]?.count) !== counts[index])
      throw new StartError(`${toName(table)} has ${rows[0]?.count} rows, and the backup ${counts[index]}.`);
  }
}
