import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
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
      /^\/\/ ([\w-]+\.tsx?)$/m.exec(code)?.[1] ??
        (/^export type AppRouter/m.test(code) ? "server.ts" : `example-${index + 1}.${language}`),
      /^(import|export) /m.test(code) ? code : `${code}\nexport {};\n`,
    ]);
}

test("every TypeScript example compiles", async () => {
  await using bench = await openWorkbench();
  let count = 0;
  for (const page of await readPages()) {
    const folder = join(bench.path, page.path.replaceAll(/\W/g, "-"));
    for (const [name, code] of examplesOf(page)) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, name), code);
      count += 1;
    }
  }

  expect(count).toBeGreaterThan(4);
  expect(await bench.typeCheck()).toBe("");
});
