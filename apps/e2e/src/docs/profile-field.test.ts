import { execFile } from "node:child_process";
import { cp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { applyEdit } from "./apply-edit.ts";
import { type CodeBlock, readPage, root } from "./documents.ts";
import { openWorkbench } from "./workbench.ts";

/** Carries out what a block says in a copy of the core. */
async function carryOut(copy: string, number: string, { language, code }: CodeBlock): Promise<void> {
  const [head = "", ...lines] = code.replaceAll("NNNN", number).trimEnd().split("\n");
  const path = join(copy, head.replace(/^(#|\/\/) packages\/auth\//, ""));
  const text = language === "diff" ? applyEdit(await readFile(path, "utf8"), lines) : `${lines.join("\n")}\n`;
  await writeFile(path, text);
}

/** What somebody who followed the page would try. */
const trial = `
import { z } from "zod";
import { profileFields } from "./src/internal.ts";
import { createTestAuth } from "./src/testing/index.ts";

const changes = z.strictObject(profileFields).partial();
// With a profile it looks for migrations, of which the tests' database has none of this copy's.
await using test = await createTestAuth({ profile: {} });
const { auth, facts, database } = test;
const { preferredName: atFirst } = await auth.createUser({ username: "alice", password: "correct horse battery" });
const { token } = await auth.signIn({ username: "alice", password: "correct horse battery" }, facts);
const caller = await auth.authenticate([\`Bearer \${token}\`]);
const { preferredName: answered } = await auth.updateProfile(caller, changes.parse({ preferredName: "Ali" }), facts);
const { preferredName: read } = (await auth.authenticate([\`Bearer \${token}\`])).user;
const isRefusedByCode = !changes.safeParse({ preferredName: "x".repeat(81) }).success;
const isRefusedByDatabase = await database
  .query("update latchkey.users set preferred_name = repeat('x', 81)")
  .then(() => false, (error: Error) => error.message.includes("users_preferred_name_length"));
console.log(JSON.stringify({ atFirst, answered, read, isRefusedByCode, isRefusedByDatabase }));
`;

test("whoever follows docs/internals/built-in-profile-field.md has a field that is stored, answered and bounded", {
  tags: ["long"],
}, async () => {
  await using bench = await openWorkbench();
  const core = join(root, "packages/auth");
  await cp(join(core, "src"), join(bench.path, "src"), {
    recursive: true,
    filter: (path) => !path.endsWith(".test.ts"),
  });
  await cp(join(core, "package.json"), join(bench.path, "package.json"));
  await symlink(join(core, "node_modules"), join(bench.path, "node_modules"));
  const migrations = (await readdir(join(core, "src/storage/migrations"))).filter((file) => /^\d{4}-/.test(file));
  const number = String(Number(migrations.sort().at(-1)?.slice(0, 4)) + 1).padStart(4, "0");

  const { blocks } = await readPage("docs/internals/built-in-profile-field.md");
  const edits = blocks.filter(({ code }) => /^(#|\/\/) packages\/auth\//.test(code));
  expect(edits).toHaveLength(5);
  for (const edit of edits) await carryOut(bench.path, number, edit);
  await writeFile(join(bench.path, "trial.ts"), trial);

  expect(await bench.typeCheck()).toBe("");
  const { stdout } = await promisify(execFile)(process.execPath, [join(bench.path, "trial.ts")]);
  expect(JSON.parse(stdout)).toEqual({
    atFirst: null,
    answered: "Ali",
    read: "Ali",
    isRefusedByCode: true,
    isRefusedByDatabase: true,
  });
});
