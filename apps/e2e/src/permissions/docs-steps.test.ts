import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { type CodeBlock, readPage, root } from "../docs/documents.ts";
import { openWorkbench } from "../docs/workbench.ts";

// Each section of docs/permissions.md that changes code is carried out, to the letter, in a copy of the service.

const page = await readPage("docs/permissions.md");

/** The code blocks below a heading that name a file of the service. */
async function editsOf(heading: string): Promise<CodeBlock[]> {
  const start = page.text.indexOf(`\n## ${heading}\n`);
  const end = page.text.indexOf("\n## ", start + 1);
  const section = page.text.slice(start, end < 0 ? undefined : end);
  expect(start).toBeGreaterThan(0);
  return page.blocks.filter(({ code }) => /^(#|\/\/) apps\/api\//.test(code) && section.includes(code));
}

/** Makes the edit of a block: its lines without `+` must stand in the file exactly once. */
function applyEdit(source: string, lines: readonly string[]): string {
  const textOf = (kept: readonly string[]) => kept.map((line) => line.slice(1)).join("\n");
  const before = textOf(lines.filter((line) => !line.startsWith("+")));
  const pieces = source.split(before);
  expect(pieces, `the page's lines stand in the file once:\n${before}`).toHaveLength(2);
  return pieces.join(textOf(lines.filter((line) => !line.startsWith("-"))));
}

async function carryOut(copy: string, { language, code }: CodeBlock): Promise<void> {
  const [head = "", ...lines] = code.trimEnd().split("\n");
  const path = join(copy, head.replace(/^(#|\/\/) apps\/api\//, ""));
  await mkdir(dirname(path), { recursive: true });
  const text = language === "diff" ? applyEdit(await readFile(path, "utf8"), lines) : `${lines.join("\n")}\n`;
  await writeFile(path, text);
}

async function copyService(to: string): Promise<void> {
  await cp(join(root, "apps/api/src"), join(to, "src"), {
    recursive: true,
    filter: (path) => !path.endsWith(".test.ts"),
  });
}

/** What whoever followed the page would write next, and what must not compile. */
const useOfOrders = `
import { modelProcedures, permittedProcedure } from "./trpc.ts";

export const allowed = [modelProcedures("shop.order").view, permittedProcedure("shop.refund_order")];
// @ts-expect-error there is no such permission
permittedProcedure("shop.refund_orders");
// @ts-expect-error there is no such model
modelProcedures("shop.orders");
`;

const useWithoutNotes = `
import { permittedProcedure } from "./trpc.ts";

export const allowed = permittedProcedure("auth.view_user");
// @ts-expect-error it went with the notes
permittedProcedure("notes.add_note");
`;

test("whoever follows docs/permissions.md has a model and a permission of their own, or no notes, and all compiles", async () => {
  await using bench = await openWorkbench();
  // As the service is compiled, without a browser's types.
  await writeFile(join(bench.path, "tsconfig.json"), '{ "extends": "../../../../tsconfig.base.json" }');
  await symlink(join(root, "apps/api/node_modules"), join(bench.path, "node_modules"));
  const [withOrders, withoutNotes] = [join(bench.path, "apps/with-orders"), join(bench.path, "apps/without-notes")];
  await symlink(join(root, "docs"), join(bench.path, "docs"));
  await Promise.all([copyService(withOrders), copyService(withoutNotes)]);

  const additions = [...(await editsOf("Add a model")), ...(await editsOf("Permissions of your own"))];
  expect(additions).toHaveLength(5);
  for (const edit of additions) await carryOut(withOrders, edit);
  await writeFile(join(withOrders, "src/use.ts"), useOfOrders);

  expect(page.text).toContain("rm -r apps/api/src/notes\n");
  await rm(join(withoutNotes, "src/notes"), { recursive: true });
  const removals = await editsOf("Delete the example");
  expect(removals).toHaveLength(5);
  for (const edit of removals) await carryOut(withoutNotes, edit);
  await writeFile(join(withoutNotes, "src/use.ts"), useWithoutNotes);

  expect(await bench.typeCheck()).toBe("");
});
