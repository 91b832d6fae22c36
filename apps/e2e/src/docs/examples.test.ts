import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { shareOut } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { type Page, readPages } from "./documents.ts";
import { openWorkbench } from "./workbench.ts";

/**
 * The TypeScript of a page, by file name, which other examples of the page import: that of the comment in its first line, or `server.ts`
 * for a router.
 */
function examplesOf({ blocks }: Page): [name: string, code: string][] {
  return blocks
    .filter(({ language, code }) => /^tsx?$/.test(language) && !code.startsWith("// packages/"))
    .map(({ language, code }, index) => [
      /^\/\/ ([\w./[\]-]+\.tsx?)$/m.exec(code)?.[1] ??
        (/^export type AppRouter/m.test(code) ? "server.ts" : `example-${index + 1}.${language}`),
      /^(import|export) /m.test(code) ? code : `${code}\nexport {};\n`,
    ]);
}

test("no TypeScript hides behind another name of its language, and what is carried out elsewhere says where it goes", async () => {
  const blocks = (await readPages()).flatMap(({ path, blocks }) => blocks.map((block) => ({ path, ...block })));
  const known = [
    "ts",
    "tsx",
    "js",
    "html",
    "json",
    "sh",
    "sql",
    "yaml",
    "diff",
    "typescript",
    "swift",
    "kotlin",
    "mermaid",
    "",
  ];
  expect(blocks.filter(({ language }) => !known.includes(language)).map(({ path }) => path)).toEqual([]);
  for (const { path, code } of blocks.filter(({ language }) => language === "yaml"))
    expect(parseDocument(code).errors, path).toEqual([]);
  const carriedOut = blocks.filter(({ language }) => language === "typescript");
  for (const { path, code } of carriedOut) expect(code, path).toMatch(/^\/\/ apps\//);
});

/** Next.js has no entries that Node would find, and its apps name their modules without an ending. */
const isOfNext = ({ path }: Page, code: string) => path === "docs/mount-next.md" || /from "next\//.test(code);

for (const { tags, cases } of shareOut(["nodenext", "bundler"] as const, 2))
  test.each(cases)("every TypeScript example for %s compiles", { tags }, async (resolution) => {
    await using bench = await openWorkbench(resolution);
    let count = 0;
    for (const page of await readPages()) {
      const folder = join(bench.path, page.path.replaceAll(/\W/g, "-"));
      for (const [name, code] of examplesOf(page)) {
        if (isOfNext(page, code) !== (resolution === "bundler")) continue;
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), code);
        count += 1;
      }
    }

    expect(count).toBeGreaterThan(resolution === "bundler" ? 2 : 4);
    expect(await bench.typeCheck()).toBe("");
  });
