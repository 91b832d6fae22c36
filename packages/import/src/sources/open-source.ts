import { type OldRow, type Source, SourceError } from "../old-row.ts";
import { auth0Shape, fromAuth0 } from "./auth0.ts";
import { betterAuthTables } from "./better-auth.ts";
import { type DjangoOptions, openDjango } from "./django.ts";
import { type FileOptions, type JsonShape, openCsv, openJson } from "./files.ts";
import { createFirebaseShape } from "./firebase.ts";
import { keycloakShape } from "./keycloak.ts";
import { openMysqlReader } from "./mysql-reader.ts";
import { openPostgresReader } from "./postgres-reader.ts";
import type { SqlReader } from "./sql-reader.ts";
import { openSqliteReader } from "./sqlite-reader.ts";
import { supabaseTables } from "./supabase.ts";
import { type AccountsOfTables, openTables } from "./tables.ts";

/** What a source can be. */
export const sourceKinds = [
  "django",
  "simplejwt",
  "csv",
  "json",
  "supabase",
  "better-auth",
  "firebase",
  "auth0",
  "keycloak",
] as const;
export type SourceKind = (typeof sourceKinds)[number];

export interface SourceOptions extends FileOptions, DjangoOptions {
  /** The file of a Firebase project's hash parameters. */
  readonly hashConfig?: string | undefined;
}

/** The kind that a source is by its name alone; null where only a person can say. */
export function guessKind(source: string): SourceKind | null {
  if (/^((postgres(ql)?|mysql|mariadb):\/\/|sqlite:)/.test(source)) return "django";
  if (/\.(csv|tsv)$/i.test(source)) return "csv";
  return /\.(json|jsonl|ndjson)$/i.test(source) ? "json" : null;
}

/** What a source is called here unless somebody says. A Django with simplejwt is the one whose tokens are adopted. */
export const nameOfKind = (kind: SourceKind) => (kind === "simplejwt" ? "django" : kind);

/** Systems whose tables are read. */
const tablesOf: Partial<Record<SourceKind, AccountsOfTables>> = {
  supabase: supabaseTables,
  "better-auth": betterAuthTables,
};

/** Systems whose files are not a list of columns. */
const shapesOf: Partial<Record<SourceKind, JsonShape>> = { auth0: auth0Shape, keycloak: keycloakShape };

const isDatabase = (source: string) => guessKind(source) === "django";

/** Opens a source by where it is. */
export async function openSource(source: string, kind: SourceKind, options: SourceOptions): Promise<Source> {
  if (kind === "django" || kind === "simplejwt") return openWith(source, (reader) => openDjango(reader, options));
  const tables = tablesOf[kind];
  if (tables && isDatabase(source)) return openWith(source, (reader) => openTables(reader, tables, options));
  const format = kind === "csv" || kind === "json" ? kind : guessKind(source);
  if (format !== "csv" && format !== "json") {
    const database = tables ? "a database or " : "";
    throw new SourceError(`--from ${kind} is read from ${database}a file that ends with .csv, .json or .jsonl.`);
  }
  if (format === "json") return openAnyJson(source, kind, options);
  if (kind === "firebase" || kind === "keycloak")
    throw new SourceError(`--from ${kind} is read from a file of JSON, which ends with .json.`);
  return asOf(kind, await openCsv(source, options));
}

async function openAnyJson(source: string, kind: SourceKind, options: SourceOptions): Promise<Source> {
  const shape = await findShape(kind, options);
  return shape ? openJson(source, options, shape) : asOf(kind, await openJson(source, options));
}

async function findShape(kind: SourceKind, { hashConfig }: SourceOptions): Promise<JsonShape | null> {
  if (kind === "firebase") return createFirebaseShape(hashConfig);
  return shapesOf[kind] ?? null;
}

/** A file of a table of people, with the columns that its system has. */
function asOf(kind: SourceKind, file: Source): Source {
  const toRow = kind === "auth0" ? fromAuth0 : tablesOf[kind]?.toRow;
  return toRow ? { ...file, read: () => mapRows(file.read(), toRow) } : file;
}

async function* mapRows(
  batches: AsyncIterable<readonly OldRow[]>,
  map: (row: OldRow) => OldRow,
): AsyncGenerator<readonly OldRow[]> {
  for await (const rows of batches) yield rows.map(map);
}

async function openWith(source: string, open: (reader: SqlReader) => Promise<Source>): Promise<Source> {
  const reader = await openReader(source);
  try {
    return await open(reader);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Opens the database of another system. */
export async function openReader(source: string) {
  if (/^postgres(ql)?:\/\//.test(source)) return openPostgresReader(source);
  if (/^(mysql|mariadb):\/\//.test(source)) return openMysqlReader(source.replace(/^mariadb:/, "mysql:"));
  if (source.startsWith("sqlite:")) return openSqliteReader(source.slice("sqlite:".length));
  throw new SourceError(
    `A database is read from postgres://…, mysql://… or sqlite:FILE, not from ${source.split("@").at(-1)}.`,
  );
}
