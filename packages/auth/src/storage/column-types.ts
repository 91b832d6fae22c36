import pg from "pg";
import { isGuest } from "./lent-transaction.ts";
import { readTime } from "./read-time.ts";

type Reader = (text: string) => unknown;

const {
  BOOL,
  BYTEA,
  FLOAT4,
  FLOAT8,
  INT2,
  INT4,
  INT8,
  JSON: JSON_TYPE,
  JSONB,
  NUMERIC,
  OID,
  TEXT,
  TIMESTAMPTZ,
} = pg.types.builtins;

const readInteger: Reader = (text) => Number.parseInt(text, 10);
const readJson: Reader = (text) => JSON.parse(text);

const readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [BOOL, (text) => text === "t"],
  [BYTEA, readBytes],
  ...[INT2, INT4, OID].map((type) => [type, readInteger] as const),
  ...[FLOAT4, FLOAT8].map((type) => [type, Number.parseFloat] as const),
  // Larger than a number of JavaScript may be.
  ...[TEXT, INT8, NUMERIC].map((type) => [type, String] as const),
  ...[JSON_TYPE, JSONB].map((type) => [type, readJson] as const),
  [TIMESTAMPTZ, readTime],
]);

/** By `bytea_output`, which a pool that was handed in may have otherwise than it is pinned. */
function readBytes(text: string): Buffer {
  if (text.startsWith("\\x")) return Buffer.from(text.slice(2), "hex");
  const toByte = (_: string, escaped: string) =>
    escaped === "\\" ? escaped : String.fromCharCode(Number.parseInt(escaped, 8));
  return Buffer.from(text.replace(/\\(\\|[0-7]{3})/g, toByte), "latin1");
}

/**
 * How the columns of our statements are read: as `pg` does by itself. A program in which the core is mounted may have told its `pg`, which is
 * the same one, to read times as text, say, or bigints as numbers: that is for its own statements.
 */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: (id: number, format: "text" | "binary" = "text") =>
    (format === "text" && readers.get(id)) || pg.types.getTypeParser(id, format),
};

/** A statement of ours as `pg` is given it. What a hook asks in our transaction is its program's own, and read as that reads everything. */
export const toStatement = (text: string, values: readonly unknown[]) => ({
  ...{ text, values: [...values] },
  ...(isGuest() ? {} : { types: columnTypes }),
});
