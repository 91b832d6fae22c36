import { type OldRow, type Source, SourceError } from "../old-row.ts";
import { openDjango } from "./django.ts";
import { type FileOptions, openCsv, openJson } from "./files.ts";
import { openMysqlReader } from "./mysql-reader.ts";
import { openPostgresReader } from "./postgres-reader.ts";
import { openSqliteReader } from "./sqlite-reader.ts";

/** What a source can be. */
export const sourceKinds = ["django", "simplejwt", "csv", "json", "supabase", "auth0", "better-auth"] as const;
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

/** What a source is called here unless somebody says. A Django with simplejwt is the one whose tokens are adopted. */
export const nameOfKind = (kind: SourceKind) => (kind === "simplejwt" ? "django" : kind);

/** Opens a source by where it is. */
export async function openSource(source: string, kind: SourceKind, options: SourceOptions): Promise<Source> {
  if (kind === "django" || kind === "simplejwt") return openProject(source, options);
  const format = kind === "csv" || kind === "json" ? kind : guessKind(source);
  if (format !== "csv" && format !== "json")
    throw new SourceError(`--from ${kind} is read from a file that ends with .csv, .json or .jsonl.`);
  const file = await (format === "csv" ? openCsv(source, options) : openJson(source, options));
  return kind === "supabase" ? { ...file, read: () => withPlusSigns(file.read()) } : file;
}

/** Supabase keeps numbers as E.164 without its plus sign. */
async function* withPlusSigns(batches: AsyncIterable<readonly OldRow[]>): AsyncGenerator<readonly OldRow[]> {
  for await (const rows of batches)
    yield rows.map(({ values, ...row }) => {
      const { phone } = values;
      return { ...row, values: phone && /^[1-9]\d{6,14}$/.test(phone) ? { ...values, phone: `+${phone}` } : values };
    });
}

async function openProject(source: string, options: SourceOptions): Promise<Source> {
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
