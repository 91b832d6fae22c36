import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPage } from "../docs/documents.ts";
import { openWorkbench } from "../docs/workbench.ts";

/** What a reader of docs/permissions.md would write next, and what must not compile. */
const use = `
import { latchkey } from "./shop.ts";

export const allowed = [latchkey.modelProcedures("shop.order").view, latchkey.permittedProcedure("shop.refund_order")];
// @ts-expect-error there is no such permission
latchkey.permittedProcedure("shop.refund_orders");
// @ts-expect-error there is no such model
latchkey.modelProcedures("shop.orders");
// @ts-expect-error nothing of the sort is declared
latchkey.permittedProcedure("notes.add_note");
`;

test("who follows docs/permissions.md has a model and a permission of their own, and a misspelt one does not compile", {
  tags: ["long"],
}, async () => {
  const { blocks } = await readPage("docs/permissions.md");
  const [shop, ...more] = blocks.filter(({ code }) => code.startsWith("// shop.ts\n"));
  expect(more).toEqual([]);
  await using bench = await openWorkbench();
  await mkdir(join(bench.path, "own"));
  await writeFile(join(bench.path, "own/shop.ts"), shop?.code ?? "");
  await writeFile(join(bench.path, "own/use.ts"), use);
  expect(await bench.typeCheck()).toBe("");
});
