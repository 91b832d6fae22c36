import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { afterRestore, describeAfterRestore } from "../../../api/src/backup/after-restore.ts";
import { root } from "./documents.ts";

test("what a restore tells to do before users come back is what the page says", async () => {
  const page = await readFile(join(root, "docs/backup-and-upgrade.md"), "utf8");
  const [, section = ""] = /^## After a restore$([\s\S]*?)^## /m.exec(page) ?? [];
  expect(afterRestore.filter(([command]) => !section.includes(command))).toEqual([]);
  expect(describeAfterRestore().split("\n")).toHaveLength(afterRestore.length);
});
