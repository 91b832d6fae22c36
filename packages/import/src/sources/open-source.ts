import { type Source, SourceError } from "../old-row.ts";
import { openDjango } from "./django.ts";
import { type FileOptions, openCsv, openJson } from "./files.ts";
import { openMysqlReader } from "./mysql-reader.ts";
import { openPostgresReader } from "./postgres-reader.ts";
import { openSqliteReader } from "./sqlite-reader.ts";

/** What a source can be. */
export const sourceKinds = ["django", "csv", "json"] as const;
export type SourceKind = (typeof sourceKinds)[number];

export interface SourceOptions extends FileOptions {
  readonly table?: string | undefined;
}

/** The kind that a source is by its name alone; null where only a person can say. */
export function guessKind(source: string): SourceKind | null {
  if (/^((postgres(ql)?|mysql|mariadb):\/\/|sqlite:)/.test(source)) return "django";
  if (/\.(csv|tsv)$/i.test(source)) return "csv";
  return /\.(json|jsonl|ndjson)$/i.test(source) ? "json" : null;
}

/** Opens a source by where it is. */
export async function openSource(source: string, kind: SourceKind, options: SourceOptions): Promise<Source> {
  if (kind === "csv") return openCsv(source, options);
  if (kind === "json") return openJson(source, options);
  const reader = await openReader(source);
  try {
    return await openDjango(reader, options);
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Opens the database of a Django project. */
export async function openReader(source: string) {
  if (/^postgres(ql)?:\/\//.test(source)) return openPostgresReader(source);
  if (/^(mysql|mariadb):\/\//.test(source)) return openMysqlReader(source.replace(/^mariadb:/, "mysql:"));
  if (source.startsWith("sqlite:")) return openSqliteReader(source.slice("sqlite:".length));
  throw new SourceError(
    `A Django project is read from postgres://…, mysql://… or sqlite:FILE, not from ${source.split("@").at(-1)}.`,
  );
}
