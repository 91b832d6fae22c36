import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { expect, onTestFinished, test } from "vitest";
import { stage } from "./prepack.ts";
import { readManifest, root } from "./workspace.ts";

test("a package is made ready to be packed while others import it from the workspace: its own manifest is not touched", async () => {
  const [own, target] = [join(root, "packages/senders"), await makeTemporaryFolder("latchkey-staged-")];
  onTestFinished(() => rm(target, { recursive: true }));
  const before = await stat(join(own, "package.json"));
  await stage(own, target);
  expect(await stat(join(own, "package.json"))).toMatchObject({ mtimeMs: before.mtimeMs, ino: before.ino });
  const { name, version, publishConfig } = await readManifest(own);
  const staged = await readManifest(target);
  expect(staged).toMatchObject({ name, version, exports: publishConfig?.exports });
  expect(staged).not.toHaveProperty("scripts");
  expect(await readFile(join(target, "CHANGELOG.md"), "utf8")).toContain(`# ${name}\n`);
});
