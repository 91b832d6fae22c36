import { readFile } from "node:fs/promises";
import { inputIssueCodes } from "@latchkey/auth";
import { expect, test } from "vitest";

test("the page of input issues has every code that there is, and no other", async () => {
  const page = await readFile(new URL("../../../../docs/input-issues.md", import.meta.url), "utf8");
  const told = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code);
  expect(told.sort()).toEqual([...inputIssueCodes].sort());
});
