import { expect, test } from "vitest";
import { measureSize, sizeBudget } from "./measure-size.ts";

test("a page loads at most 5 KB more with the SDK, and nothing of the server's", async () => {
  const { difference, modules, imports } = await measureSize();

  expect(difference).toBeLessThanOrEqual(sizeBudget);
  expect(imports).toEqual([]);
  const known = /\/packages\/client\/(src|size)\/|\/node_modules\/@trpc\/(client|server)\/|^\0rolldown\/runtime/;
  expect(modules.filter((id) => !known.test(id))).toEqual([]);
  expect(modules.length).toBeGreaterThan(10);
});
