import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { format } from "./format.ts";
import { generateDocument } from "./generate.ts";
import { files } from "./service.ts";

test("the committed document is the one that the procedures and the types of their answers make", async () => {
  const isCurrent = (await readFile(files.document, "utf8")) === format(await generateDocument());
  expect(isCurrent, "docs/openapi.json is stale: run `npx -y pnpm@12 openapi` and commit it").toBe(true);
});
