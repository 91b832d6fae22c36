import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { expect, test } from "vitest";
import { findFolderFaults } from "./backup-folder.ts";

test("a folder that can be written, or made, has no fault; one that cannot is named with why", async () => {
  const folder = await makeTemporaryFolder("latchkey-backups-");
  await writeFile(join(folder, "file"), "");
  expect(await findFolderFaults(undefined)).toEqual([]);
  expect(await findFolderFaults(folder)).toEqual([]);
  expect(await findFolderFaults(join(folder, "made/later"))).toEqual([]);
  for (const [path, code] of [
    [join(folder, "file"), "ENOTDIR"],
    [join(folder, "file/below"), "ENOTDIR"],
  ] as const)
    expect(await findFolderFaults(path)).toEqual([
      expect.stringMatching(`^BACKUP_DIR is ${path}, in which this user cannot write \\(${code}\\): no backup is made`),
    ]);
});
