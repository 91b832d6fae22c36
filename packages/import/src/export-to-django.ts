import type { Auth, DatabaseOptions } from "@latchkey/auth";
import { withClient } from "@latchkey/auth/import";
import type pg from "pg";
import { createColumns } from "./known-columns.ts";
import type { Dialect } from "./old-row.ts";
import { printsHere } from "./run/prints.ts";
import { listSources, requireSource } from "./run/require-source.ts";
import { findUsers } from "./sources/django.ts";
import { openReader } from "./sources/open-source.ts";
import { type SqlReader, toStoredId, type UuidKey } from "./sources/sql-reader.ts";

export interface ExportOptions {
  /** The database of the Django project: it is read for its columns, and for names that are somebody's there. */
  readonly source: string;
  /** The source's name here. */
  readonly name: string;
  readonly table?: string | undefined;
  readonly map: Readonly<Record<string, string>>;
  readonly connection: DatabaseOptions;
}

/** A column over there, and the field that it is here. */
interface Column {
  /** In SQL. */
  readonly name: string;
  readonly field: string;
  /** Whether it is a team's own field. */
  readonly isOwn: boolean;
  /** Whether it takes no null: Django has an empty text then. */
  readonly isRequired: boolean;
}

interface Target {
  readonly dialect: Dialect;
  readonly table: string;
  readonly key: string;
  readonly uuidKey: UuidKey;
  readonly columns: readonly Column[];
  /** Columns that a new row must have, and of which nothing here says what is in them. */
  readonly unfilled: readonly string[];
}

/** By what the statements mean the same whoever runs them: texts in UTF-8, times in UTC, and nothing cut off. */
const settings: Readonly<Record<Dialect, string>> = {
  postgres:
    "set local client_encoding = 'UTF8';\nset local standard_conforming_strings = on;\nset local time zone 'UTC';\n",
  mysql: "set names utf8mb4;\nset time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES';\n",
  sqlite: "",
};

/**
 * Writes the statements that bring a Django project up to date with what happened here: fields and passwords that were changed here since
 * their people came, people who were made here, and the disabling of those who were deleted here. Ranks and permissions are not among
 * them. Nothing is changed, here or there.
 *
 * @throws SourceError
 */
export async function* exportToDjango(auth: Pick<Auth, "profile">, options: ExportOptions): AsyncGenerator<string> {
  const reader = await openReader(options.source);
  try {
    const target = await readTarget(auth, reader, options);
    await using lent = await withClient(options.connection);
    const { client } = lent;
    const sources = await listSources(client);
    // By a wrong name everybody here would be somebody new there, as they are where nobody came from anywhere.
    if (sources.length > 0) requireSource(sources, options.name);
    yield* writeScript(client, reader, target, options);
  } finally {
    await reader.close();
  }
}

async function* writeScript(
  client: pg.ClientBase,
  reader: SqlReader,
  target: Target,
  { name }: Pick<ExportOptions, "name">,
): AsyncGenerator<string> {
  yield `-- Holds hashes of passwords: keep it as safe as a backup.\n${describeUnfilled(target)}begin;\n${settings[target.dialect]}`;
  for await (const rows of readRows(client, changedPeople, name)) for (const row of rows) yield* toUpdate(target, row);
  for await (const rows of readRows(client, newPeople, name)) {
    const taken = await findTaken(reader, target, rows);
    for (const row of rows) yield toInsert(target, row, taken);
  }
  for await (const rows of readRows(client, deletedPeople, name))
    for (const { oldId } of rows)
      yield `update ${target.table} set ${columnOf(target, "isActive")} = ${toLiteral(target.dialect, false)} where ${target.key} = ${toKey(target, oldId)};\n`;
  yield "commit;\n";
}

function describeUnfilled({ table, unfilled }: Target): string {
  if (unfilled.length === 0) return "";
  return `-- ${table} has columns that need a value which is not known here: ${unfilled.join(", ")}. Where people were made here, give them a default there first.\n`;
}

async function readTarget(
  auth: Pick<Auth, "profile">,
  reader: SqlReader,
  { table, map }: Pick<ExportOptions, "table" | "map">,
): Promise<Target> {
  const users = findUsers(await reader.tables(), table, reader.place);
  const ownFields = auth.profile.ownFields.map(({ name }) => name);
  const { fieldOf } = createColumns({ map, drop: [], ownFields });
  const required = new Set(users.required.map(({ name }) => name));
  const columns = users.columns.flatMap((column): Column[] => {
    const field = fieldOf(column);
    if (field === null || field === "id") return [];
    const isOwn = ownFields.includes(field);
    return [{ name: reader.quoteColumn(column), field, isOwn, isRequired: required.has(column) }];
  });
  const { uuidKey, primaryKey } = users;
  const unfilled = users.required.flatMap(({ name, isFilled }) => {
    const isKnown = columns.some((column) => column.name === reader.quoteColumn(name));
    return isFilled || isKnown || (uuidKey !== null && primaryKey.includes(name)) ? [] : [name];
  });
  const key = reader.quoteColumn(primaryKey[0] ?? "id");
  return { dialect: reader.dialect, table: reader.quote(users), key, uuidKey, columns, unfilled };
}

/** What a new person could be called there, the best first. */
const namesOf = ({ username, phoneNumber, email }: Row["values"]) =>
  [username, phoneNumber, email].filter(
    (name) => typeof name === "string" && name.length <= longestUsername,
  ) as string[];

/** Characters of Django's own field. */
const longestUsername = 150;

/** Which of these people's names are usernames there, in lower case: an address that somebody lost here may be their username there. */
async function findTaken(reader: SqlReader, target: Target, rows: readonly Row[]): Promise<ReadonlySet<string>> {
  const { table, columns, dialect } = target;
  const column = columns.find(({ field }) => field === "username");
  const names = rows.flatMap(({ values }) => namesOf(values)).map((name) => toLiteral(dialect, name.toLowerCase()));
  if (!column || names.length === 0) return new Set();
  const found = await reader.all(
    `select lower(${column.name}) as name from ${table} where lower(${column.name}) in (${names.join(", ")})`,
  );
  return new Set(found.map(({ name }) => name ?? ""));
}

type Value = string | number | boolean | null | object;

interface Row {
  readonly oldId: string;
  /** Fields that were changed here; a team's own ones together, as `profile`. */
  readonly changed: readonly string[];
  /** By field, a team's own ones among them. */
  readonly values: Readonly<Record<string, Value>>;
}

const time = (column: string) => `to_char(u.${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`;

const values = `u.profile || jsonb_build_object('username', u.username, 'phoneNumber', u.phone_number, 'email', u.email, 'password', u.password,
  'firstName', u.first_name, 'lastName', u.last_name, 'gender', u.gender, 'country', u.country, 'city', u.city, 'state', u.state,
  'isApprovedToBeInTouch', u.is_approved_to_be_in_touch, 'isActive', u.is_active, 'lastLogin', ${time("last_login")},
  'dateJoined', ${time("date_joined")})`;

/** Without ranks and permissions, which are nobody's to give by a file. */
const changedPeople = `select i.old_id as "oldId", ${values} as values, array(
    select now.key from jsonb_each_text(${printsHere("u")}) now where now.value is distinct from i.prints -> 'here' ->> now.key
    union select before.key from jsonb_each_text(i.prints -> 'here') before where not ${printsHere("u")} ? before.key
    union select 'password' where u.password_set_at is not null) as changed
  from latchkey.imported_users i join latchkey.users u on u.id = i.user_id, latchkey.imported_name_key k
  where i.source = $1 and i.prints ? 'here'`;

const newPeople = `select u.id::text as "oldId", ${values} as values, '{}'::text[] as changed from latchkey.users u
  where not exists (select from latchkey.imported_users i where i.source = $1 and i.user_id = u.id)`;

const deletedPeople = `select i.old_id as "oldId", '{}'::jsonb as values, '{}'::text[] as changed from latchkey.imported_users i
  where i.source = $1 and i.deleted_at is not null and i.gone_at is null`;

async function* readRows(client: pg.ClientBase, query: string, source: string): AsyncGenerator<readonly Row[]> {
  for (let after = ""; ; ) {
    const { rows } = await client.query<Row>(
      `select * from (${query}) found where "oldId" collate "C" > $2 order by "oldId" collate "C" limit 1000`,
      [source, after],
    );
    yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < 1_000) return;
    after = last.oldId;
  }
}

/** What Django reads; of the package `bcrypt` or not. */
const isDjangos = (hash: Value) =>
  typeof hash === "string" && /^(pbkdf2_sha256|pbkdf2_sha1|bcrypt_sha256|bcrypt|argon2|scrypt)\$/.test(hash);

/** A name that somebody has not here stays what it is there: they had it, and it is nobody else's. */
const isKept = (field: string, value: Value) =>
  (field === "username" && value === null) || (field === "password" && !isDjangos(value));

const toKey = ({ dialect, uuidKey }: Target, oldId: string) => toLiteral(dialect, toStoredId(oldId, uuidKey));

/** Of a field that is null here, what a column has that takes no null. */
const toCell = (dialect: Dialect, value: Value, { isRequired }: Column) =>
  toLiteral(dialect, value === null && isRequired ? "" : value);

function* toUpdate(target: Target, { oldId, changed, values }: Row): Generator<string> {
  const { dialect, table, key, columns } = target;
  const sets = columns.flatMap((column) => {
    const { name, field, isOwn } = column;
    const value = values[field] ?? null;
    const isChanged = changed.includes(isOwn ? "profile" : field);
    return isChanged && !isKept(field, value) ? [`${name} = ${toCell(dialect, value, column)}`] : [];
  });
  if (sets.length > 0) yield `update ${table} set ${sets.join(", ")} where ${key} = ${toKey(target, oldId)};\n`;
}

function toInsert(target: Target, { oldId, values }: Row, taken: ReadonlySet<string>): string {
  const { dialect, table, key, uuidKey, columns } = target;
  const username = namesOf(values).find((name) => !taken.has(name.toLowerCase())) ?? oldId;
  const password = isDjangos(values.password ?? null) ? values.password : "!";
  const all: Readonly<Record<string, Value | undefined>> = {
    ...values,
    ...{ username, password, isStaff: false, isSuperuser: false },
  };
  const cells = columns.flatMap((column) => {
    const value = column.isOwn ? (all[column.field] ?? null) : all[column.field];
    return value === undefined ? [] : [[column.name, toCell(dialect, value, column)] as const];
  });
  // Such a key is drawn by Django, and not by its database.
  if (uuidKey !== null) cells.unshift([key, toKey(target, oldId)]);
  return `insert into ${table} (${cells.map(([name]) => name).join(", ")}) values (${cells.map(([, value]) => value).join(", ")});\n`;
}

const columnOf = ({ columns }: Target, field: string) =>
  columns.find((column) => column.field === field)?.name ?? field;

function toLiteral(dialect: Dialect, value: Value): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return dialect === "postgres" ? String(value) : String(Number(value));
  const quoted = (typeof value === "object" ? JSON.stringify(value) : String(value)).replaceAll("'", "''");
  return `'${dialect === "mysql" ? quoted.replaceAll("\\", "\\\\") : quoted}'`;
}
