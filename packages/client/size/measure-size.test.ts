import { expect, test } from "vitest";
import { measureSize, sizeBudgets, totalBudget } from "./measure-size.ts";

test("a page loads at most 6,200 bytes more with the SDK, 1,200 more with codes, 2,048 more with its part for React, 13,200 in all with @trpc/client, and nothing of the server's", async () => {
  const { base, withSdk, withCodes, withReact, modules, imports } = await measureSize();

  expect(withSdk - base).toBeLessThanOrEqual(sizeBudgets.sdk);
  expect(withSdk).toBeLessThanOrEqual(totalBudget);
  expect(base).toBeGreaterThan(5_000);
  expect(withCodes - withSdk).toBeLessThanOrEqual(sizeBudgets.codes);
  expect(withReact - withSdk).toBeLessThanOrEqual(sizeBudgets.react);
  expect(imports).toEqual([]);
  const known = /\/packages\/client\/(src|size)\/|\/node_modules\/@trpc\/(client|server)\/|^\0rolldown\/runtime/;
  expect(modules.filter((id) => !known.test(id))).toEqual([]);
  expect(modules.length).toBeGreaterThan(10);
});
