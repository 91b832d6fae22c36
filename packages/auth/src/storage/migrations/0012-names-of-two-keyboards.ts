import { type Kysely, sql } from "kysely";

/**
 * Names that differ in the keyboard only that typed them are one since this version. Those that are stored keep their keys, which the
 * version before still looks for; this finds them by the key of all keyboards. The index holds names with such letters only; making it reads
 * the whole table, which is done before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(oneKeyboard).execute(db);
  await sql.raw(`create index if not exists users_one_keyboard on latchkey.${index}`).execute(db);
}

const pairs = [
  ["\u06cc", "\u064a"],
  ["\u0649", "\u064a"],
  ["\u06a9", "\u0643"],
  ["\u06aa", "\u0643"],
  ["\u06c0", "\u0647\u0654"],
  ["\u06c2", "\u0647\u0654"],
  ["\u06c1", "\u0647"],
  ["\u06d5", "\u0647"],
  ["\u06be", "\u0647"],
  ["\u06c3", "\u0629"],
  ["\u0762", "\u06ac"],
  ["\u01dd", "\u0259"],
  ["\u0219", "\u015f"],
  ["\u021b", "\u0163"],
  ["\u02bb", "\u02bc"],
  ["\u04cf", "\u0456"],
  ["\u05f0", "\u05d5\u05d5"],
  ["\u05f1", "\u05d5\u05d9"],
  ["\u05f2", "\u05d9\u05d9"],
  ["\u0e40\u0e40", "\u0e41"],
  ["\u0e45", "\u0e32"],
  ["\u0e4d\u0e48", "\u0e48\u0e4d"],
  ["\u0e4d\u0e49", "\u0e49\u0e4d"],
  ["\u0e4d\u0e4a", "\u0e4a\u0e4d"],
  ["\u0e4d\u0e4b", "\u0e4b\u0e4d"],
  ["\u0ec0\u0ec0", "\u0ec1"],
  ["\u0ecd\u0ec8", "\u0ec8\u0ecd"],
  ["\u0ecd\u0ec9", "\u0ec9\u0ecd"],
  ["\u0ecd\u0eca", "\u0eca\u0ecd"],
  ["\u0ecd\u0ecb", "\u0ecb\u0ecd"],
  ["\u17c1\u17b6", "\u17c4"],
  ["\u17c1\u17b8", "\u17be"],
  ["\u17d2\u178a", "\u17d2\u178f"],
  ["\u0d7a", "\u0d23\u0d4d"],
  ["\u0d7b", "\u0d28\u0d4d"],
  ["\u0d7c", "\u0d30\u0d4d"],
  ["\u0d7d", "\u0d32\u0d4d"],
  ["\u0d7e", "\u0d33\u0d4d"],
  ["\u0d7f", "\u0d15\u0d4d"],
  ["\u09ce", "\u09a4\u09cd"],
  ["\u0bb6\u0bcd\u0bb0\u0bc0", "\u0bb8\u0bcd\u0bb0\u0bc0"],
] as const;

const replaced = pairs.reduce((text, [from, to]) => `replace(${text}, '${from}', '${to}')`, "key");

/** Null for a key with none of the letters. */
const oneKeyboard = `create or replace function latchkey.one_keyboard(key text) returns text
  language sql immutable parallel safe
  return case when key collate "C" ~ '${pairs.map(([from]) => from).join("|")}' then normalize(${replaced}, nfc) end`;

const index = "users (latchkey.one_keyboard(username_key)) where latchkey.one_keyboard(username_key) is not null";

export const beforehand = { statements: [oneKeyboard], indexes: { users_one_keyboard: index } };
