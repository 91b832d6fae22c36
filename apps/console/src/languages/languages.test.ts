import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { ar } from "./ar.ts";
import { en, type Texts } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { hi } from "./hi.ts";
import { id } from "./id.ts";
import { ptBR } from "./pt-br.ts";
import { tr } from "./tr.ts";

const spoken: readonly Texts[] = [en, tr, ar, es, ptBR, hi, id, fr];

const forms: readonly string[] = ["zero", "one", "two", "few", "many", "other"];

/** Whether it is the forms of one text for a count, and no group of texts. */
const isPlural = (value: object): boolean => "other" in value && Object.keys(value).every((key) => forms.includes(key));

/** Every text by its path; one for a count has all its forms. */
function listTexts(texts: object, path = ""): [path: string, text: string | Readonly<Record<string, string>>][] {
  return Object.entries(texts).flatMap(
    ([name, value]): ReturnType<typeof listTexts> =>
      typeof value === "string" || isPlural(value) ? [[`${path}${name}`, value]] : listTexts(value, `${path}${name}.`),
  );
}

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([whole]) => whole).sort();

test("every catalogue is looked at here", async () => {
  const files = (await readdir(new URL(".", import.meta.url))).filter((name) => /^[a-z]{2}(-[a-z]+)?\.ts$/.test(name));
  expect(files.map((name) => name.replace(".ts", "")).sort()).toEqual(
    spoken.map(({ tag }) => tag.toLowerCase()).sort(),
  );
});

describe.each(spoken.map((texts) => [texts.tag, texts] as const))("%s", (tag, texts) => {
  const english = new Map(listTexts(en));

  test("says everything, with the same values in each text", () => {
    const own = listTexts(texts);
    expect(own.map(([path]) => path).sort()).toEqual([...english.keys()].sort());
    for (const [path, text] of own) {
      const wanted = english.get(path) ?? "";
      expect(typeof text, path).toBe(typeof wanted);
      if (typeof text !== "string" || typeof wanted !== "string") continue;
      expect(text.trim(), path).not.toBe("");
      expect(placeholders(text), path).toEqual(placeholders(wanted));
    }
  });

  test("has each form that its counts need, and no other, and the number where it is not in the words", () => {
    const needed = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    for (const [path, text] of listTexts(texts)) {
      if (typeof text === "string") continue;
      expect(Object.keys(text).sort(), path).toEqual([...needed].sort());
      for (const [form, words] of Object.entries(text)) {
        expect(words.trim(), `${path}.${form}`).not.toBe("");
        const mayBeWords = tag === "ar" && ["zero", "one", "two"].includes(form);
        if (!mayBeWords) expect(placeholders(words), `${path}.${form}`).toEqual(["{count}"]);
      }
    }
  });

  test("is not English where it is another language", () => {
    if (tag === "en") return;
    const same = listTexts(texts).filter(([path, text]) => typeof text === "string" && text === english.get(path));
    // Names, abbreviations and what is the same word: what stands for itself.
    expect(same.length, same.map(([path]) => path).join()).toBeLessThan(12);
  });
});

test("whatever the audit trail holds has a name", async () => {
  const source = await readFile(new URL("../../../../packages/auth/src/audit/audit-event.ts", import.meta.url), "utf8");
  const events = [...source.matchAll(/event: "(\w+)"/g)].map(([, event]) => event ?? "");
  expect(events.length).toBeGreaterThan(40);
  expect(events.filter((event) => !(event in en.events))).toEqual([]);
});
