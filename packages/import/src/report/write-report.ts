import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { type Dialect, type ForeignKey, SourceError } from "../old-row.ts";
import type { Run } from "../run/staging.ts";
import type { UuidKey } from "../sources/sql-reader.ts";
import { toCsvLine } from "./csv.ts";
import { decisionColumns } from "./decisions-file.ts";

export interface ReportContent {
  readonly summary: string;
  readonly foreignKeys: readonly ForeignKey[];
  readonly dialect: Dialect | null;
  readonly uuidKey: UuidKey;
}

/**
 * Writes the folder of the report: what a person reads, what they decide, what became of each, and the map of ids. The files of before stay
 * until all of it is written.
 *
 * @throws SourceError where the folder cannot be written
 */
export async function writeReport(run: Run, folder: string, content: ReportContent): Promise<void> {
  await inFolder(folder, async () => {
    await writeParts(run, folder, content);
    for (const name of fileNames) await rename(partOf(folder, name), join(folder, name));
  });
}

/**
 * Writes all that a report will have and takes it away again, so that a full disk is found before anybody is brought over.
 *
 * @throws SourceError where the folder cannot be written
 */
export async function tryReport(run: Run, folder: string, content: ReportContent): Promise<void> {
  await inFolder(folder, async () => {
    await writeParts(run, folder, content);
    await removeParts(folder);
  });
}

const fileNames = ["summary.txt", "decisions.csv", "rows.jsonl", "id-map.csv"] as const;

const partOf = (folder: string, name: (typeof fileNames)[number]) => join(folder, `${name}.part`);

async function removeParts(folder: string): Promise<void> {
  for (const name of fileNames) await rm(partOf(folder, name), { force: true });
}

async function inFolder(folder: string, work: () => Promise<void>): Promise<void> {
  try {
    await makeFolder(folder);
    await work();
  } catch (error) {
    await removeParts(folder).catch(() => {});
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new SourceError(`The report cannot be written to ${folder}: ${error.message}`, 3);
  }
}

/** Not with `recursive`, which tries for ever where the folder above is there and takes none, such as a link to nowhere. */
async function makeFolder(folder: string): Promise<void> {
  const make = () => mkdir(folder).catch(unless("EEXIST"));
  const isMade = await make().then(() => true, unless("ENOENT"));
  if (isMade || dirname(folder) === folder) return;
  await makeFolder(dirname(folder));
  await make();
}

const unless = (code: string) => (error: Error) => {
  if (!("code" in error && error.code === code)) throw error;
};

async function writeParts(run: Run, folder: string, content: ReportContent): Promise<void> {
  const write = (name: (typeof fileNames)[number], lines: Iterable<string> | AsyncIterable<string>) =>
    pipeline(Readable.from(lines), createWriteStream(partOf(folder, name)));
  await write("summary.txt", [content.summary, await describeForeignKeys(run, content)]);
  await write("decisions.csv", decisionLines(run));
  await write("rows.jsonl", personLines(run));
  await write("id-map.csv", idLines(run));
}

interface IdStatements {
  /** Makes a table of the ids and fills it from `id-map.csv`. */
  readonly load: string;
  follow(key: ForeignKey): string;
}

const loadInto = "create table latchkey_ids (old_id varchar(255) primary key, user_id varchar(36) not null);";

/** As text, since a text and a number would be compared as numbers that lose digits; and byte for byte, as ids are told apart. */
const asMysqlText = (column: string) => `convert(${column} using utf8mb4) collate utf8mb4_bin`;

const statementsOf: Readonly<Record<Dialect, IdStatements>> = {
  postgres: {
    load: `create table latchkey_ids (old_id text primary key, user_id uuid not null);
\\copy latchkey_ids (old_id, user_id) from 'id-map.csv' csv header`,
    follow({ table, column, follower, by }) {
      const joined = by ? ` join ${by.users} u on m.old_id = u.${by.key}::text` : "";
      const isTheirs = by ? `u.${by.column} = t.${column}` : `m.old_id = t.${column}::text`;
      return `alter table ${table} add column ${follower} uuid;
update ${table} t set ${follower} = m.user_id from latchkey_ids m${joined} where ${isTheirs};`;
    },
  },
  mysql: {
    load: `${loadInto.replace("varchar(255)", "varchar(255) character set utf8mb4 collate utf8mb4_bin")}
load data local infile 'id-map.csv' into table latchkey_ids character set utf8mb4 fields terminated by ',' optionally enclosed by '"' escaped by '' ignore 1 lines (old_id, user_id);`,
    follow({ table, column, follower, by }) {
      const joined = by ? ` join ${by.users} u on u.${by.column} = t.${column}` : "";
      const key = by ? `u.${by.key}` : `t.${column}`;
      return `alter table ${table} add column ${follower} char(36);
update ${table} t${joined} join latchkey_ids m on m.old_id = ${asMysqlText(key)} set t.${follower} = m.user_id;`;
    },
  },
  sqlite: {
    load: `${loadInto}
.import --csv --skip 1 id-map.csv latchkey_ids`,
    follow({ table, column, follower, by }) {
      const joined = by ? ` join ${by.users} u on m.old_id = cast(u.${by.key} as text)` : "";
      const isTheirs = by ? `u.${by.column} = t.${column}` : `m.old_id = cast(t.${column} as text)`;
      return `alter table ${table} add column ${follower} text;
update ${table} as t set ${follower} = (select m.user_id from latchkey_ids m${joined} where ${isTheirs});`;
    },
  },
};

/** Takes away again what keeps a spreadsheet from reading an id as a formula. */
const withoutApostrophes = `
update latchkey_ids set old_id = substr(old_id, 2) where substr(old_id, 1, 2) in ('''=', '''+', '''-', '''@');`;

async function describeForeignKeys(run: Run, { foreignKeys, dialect, uuidKey }: ReportContent): Promise<string> {
  if (foreignKeys.length === 0 || dialect === null) return "";
  const { load, follow } = statementsOf[dialect];
  const asTheyAre = (await hasApostrophes(run)) ? withoutApostrophes : "";
  const asStored = uuidKey === "bare" ? "\nupdate latchkey_ids set old_id = replace(old_id, '-', '');" : "";
  return `
Rows there that point at people. Load id-map.csv there, and let them follow:

${load}${asTheyAre}${asStored}
${foreignKeys.map((key) => `-- ${key.rows} rows\n${follow(key)}`).join("\n")}
`;
}

async function hasApostrophes({ client, source }: Run): Promise<boolean> {
  const { rowCount } = await client.query(
    "select from latchkey.imported_users where source = $1 and user_id is not null and old_id ~ '^[=+@-]' limit 1",
    [source],
  );
  return rowCount === 1;
}

/** Runs through a query without holding all of it: a page of rows at a time. */
async function* readAll<Row extends object>({ client }: Run, query: string, values: string[]): AsyncGenerator<Row[]> {
  await client.query("begin");
  try {
    // A cursor takes no parameters.
    const text = query.replaceAll(/\$(\d)/g, (_, number) => pg.escapeLiteral(values[Number(number) - 1] ?? ""));
    await client.query(`declare report no scroll cursor for ${text}`);
    for (;;) {
      const { rows } = await client.query<Row>("fetch 5000 from report");
      if (rows.length > 0) yield rows;
      if (rows.length < 5_000) break;
    }
  } finally {
    await client.query("commit");
  }
}

interface IssueRow {
  readonly oldId: string;
  readonly code: string;
  readonly field: string;
  readonly value: string | null;
  readonly other: string | null;
  readonly proposal: string;
  readonly decision: string | null;
}

async function* decisionLines(run: Run): AsyncGenerator<string> {
  yield toCsvLine(decisionColumns);
  const pages = readAll<IssueRow>(
    run,
    // What was decided of a column that is asked about no more is said too: the file is read the next time.
    `select old_id as "oldId", code, field, value, other, proposal,
      case when is_decided then coalesce(decision, proposal) end as decision
    from (
      select old_id, code, field, value, other, proposal, decision, is_decided from latchkey.import_issues where run_id = $1
      union all
      select d.old_id, d.code, d.field, null, null, '', d.decision, true from latchkey.import_decisions d
      where d.run_id = $1 and d.old_id = '' and not exists (select from latchkey.import_issues i
        where i.run_id = $1 and (i.old_id, i.code, i.field) = (d.old_id, d.code, d.field))
    ) told order by is_decided, code, old_id, field`,
    [run.id],
  );
  for await (const rows of pages)
    yield rows
      .map((row) => toCsvLine([row.oldId, row.code, row.field, row.value, row.other, row.proposal, row.decision]))
      .join("");
}

/** What is staged of those who are settled is what stands there, whatever they are called here. */
const nameOfComer = (column: string) => `case when p.state in ('new', 'changed') then p.${column} end`;

async function* personLines(run: Run): AsyncGenerator<string> {
  const pages = readAll<{ line: string }>(
    run,
    `select json_strip_nulls(json_build_object('oldId', p.old_id, 'becomes', p.state, 'id', i.user_id,
        'username', ${nameOfComer("username")}, 'phoneNumber', ${nameOfComer("phone_number")}, 'email', ${nameOfComer("email")}, 'alias', p.alias,
        'issues', (select json_agg(json_build_object('code', o.code, 'field', o.field, 'decision', o.decision, 'proposal', o.proposal))
          from latchkey.import_issues o where o.run_id = p.run_id and o.old_id = p.old_id)))::text as line
    from latchkey.import_people p
    left join latchkey.imported_users i on i.source = $2 and i.old_id = p.old_id
    where p.run_id = $1 order by p.position`,
    [run.id, run.source],
  );
  for await (const rows of pages) yield rows.map(({ line }) => `${line}\n`).join("");
}

async function* idLines(run: Run): AsyncGenerator<string> {
  yield toCsvLine(["old_id", "user_id"]);
  const pages = readAll<{ oldId: string; userId: string }>(
    run,
    `select old_id as "oldId", user_id as "userId" from latchkey.imported_users
    where source = $1 and user_id is not null order by old_id`,
    [run.source],
  );
  for await (const rows of pages) yield rows.map(({ oldId, userId }) => toCsvLine([oldId, userId])).join("");
}
