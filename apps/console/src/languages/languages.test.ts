import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ar } from "./ar.ts";
import { en, type Texts } from "./en.ts";
import { tr } from "./tr.ts";

const spoken = { en, tr, ar };

/** Every text by its path. */
function listTexts(texts: object, path = ""): [path: string, text: string][] {
  return Object.entries(texts).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[`${path}${name}`, value]] : listTexts(value, `${path}${name}.`),
  );
}

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([whole]) => whole).sort();

test.each(Object.entries(spoken))("%s says everything, with the same values in each text", (_, texts: Texts) => {
  const english = new Map(listTexts(en));
  const own = listTexts(texts);
  expect(own.map(([path]) => path).sort()).toEqual([...english.keys()].sort());
  for (const [path, text] of own) {
    expect(text.trim(), path).not.toBe("");
    expect(placeholders(text), path).toEqual(placeholders(english.get(path) ?? ""));
  }
});

test("whatever the audit trail holds has a name", async () => {
  const source = await readFile(new URL("../../../../packages/auth/src/audit/audit-event.ts", import.meta.url), "utf8");
  const events = [...source.matchAll(/event: "(\w+)"/g)].map(([, event]) => event ?? "");
  expect(events.length).toBeGreaterThan(40);
  expect(events.filter((event) => !(event in en.events))).toEqual([]);
});
