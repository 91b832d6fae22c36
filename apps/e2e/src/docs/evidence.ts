import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { codeIn, root } from "./documents.ts";

/** What a table says of how something asked for is done. */
export interface Evidence {
  /** By which a failure names the row. */
  readonly name: string;
  readonly where: string;
  /** Files of tests, each with a title of one of its tests in double quotes behind it where that helps. */
  readonly shownBy: string;
}

/** Holds a table to files that are there, and to at least one that shows what is done. */
export async function expectFiles({ name, where, shownBy }: Evidence): Promise<void> {
  expect(codeIn(shownBy).length, name).toBeGreaterThan(0);
  await expectNoneMissing({ name, where, shownBy });
}

/** Fails for each file that is named and not there. */
export async function expectNoneMissing({ name, where, shownBy }: Evidence): Promise<void> {
  const files = [...codeIn(where), ...codeIn(shownBy)].filter((code) => /\.\w+$/.test(code));
  for (const file of files) await access(join(root, file)).catch(() => expect.fail(`${name}: there is no ${file}`));
}

/** Fails for each title that no test of the file before it has. Answers how many titles there are. */
export async function expectTitles(rows: readonly Evidence[]): Promise<number> {
  const named = rows.flatMap(({ name, shownBy }) =>
    [...shownBy.matchAll(/`([^`]+)` "([^"]+)"/g)].map(([, file = "", title = ""]) => ({ name, file, title })),
  );
  for (const { name, file, title } of named)
    expect(await readFile(join(root, file), "utf8"), `${name}: ${title}`).toContain(`"${title}"`);
  return named.length;
}
