import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readReleaseNotes, toPackedChangelog } from "./changelog.ts";
import { readWorkspace, root } from "./workspace.ts";

const pigeon = { packages: ["@latchkey/client"], text: "Sign in by carrier pigeon.\n\nIt needs bread." };

test("a package that was never released tells what was noted for it", () => {
  expect(toPackedChangelog("@latchkey/client", "", [pigeon])).toBe(
    "# @latchkey/client\n\n## Not released yet\n\n- Sign in by carrier pigeon.\n\n  It needs bread.\n",
  );
  expect(toPackedChangelog("@latchkey/verify", "", [pigeon])).toBe(
    "# @latchkey/verify\n\n## Not released yet\n\nNothing was noted for this package.\n",
  );
});

test("what came after a release stands above it, and a release's own changelog stays as it is", () => {
  const told = "# @latchkey/client\n\n## 0.2.0\n\n- Doves.\n";
  expect(toPackedChangelog("@latchkey/client", told, [pigeon])).toBe(
    "# @latchkey/client\n\n## Not released yet\n\n- Sign in by carrier pigeon.\n\n  It needs bread.\n\n## 0.2.0\n\n- Doves.\n",
  );
  expect(toPackedChangelog("@latchkey/client", told, [])).toBe(told);
});

test("notes are read with the packages that they are of", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-notes-"));
  try {
    await writeFile(join(folder, "pigeon.md"), `---\n"@latchkey/client": minor\n---\n\n${pigeon.text}\n`);
    await writeFile(join(folder, "empty.md"), "---\n---\n");
    await writeFile(join(folder, "config.json"), "{}");
    expect(await readReleaseNotes(folder)).toEqual([{ packages: [], text: "" }, pigeon]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("every note of this repository says of which published packages it is, and what is different", async () => {
  const published = (await readWorkspace()).packages.map(({ manifest }) => manifest.name);
  for (const { packages, text } of await readReleaseNotes(join(root, ".changeset"))) {
    expect(packages).not.toEqual([]);
    expect(published).toEqual(expect.arrayContaining([...packages]));
    expect(text).not.toBe("");
  }
});
