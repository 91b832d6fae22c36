import { permissionPattern } from "@latchkey/auth/import";
import { createTestDatabase, type TestDatabase } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findAmbiguous, toPermission } from "./permission-names.ts";
import { readFlag, readTime } from "./read-values.ts";

describe("a time is read as text, to the microsecond", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database[Symbol.asyncDispose]());

  test.each([
    ["2024-03-01 12:00:00.123456", "UTC", "2024-03-01 12:00:00.123456+00"],
    ["2024-03-01T12:00:00Z", "Europe/Istanbul", "2024-03-01 12:00:00+00"],
    ["2024-03-01 12:00:00+03:00", "UTC", "2024-03-01 09:00:00+00"],
    ["2024-03-01 12:00:00+03", "UTC", "2024-03-01 09:00:00+00"],
    ["2024-03-01", "Europe/Istanbul", "2024-02-29 21:00:00+00"],
    ["2024-07-01 12:00:00", "Europe/Berlin", "2024-07-01 10:00:00+00"],
    ["2024-01-01 12:00:00", "Europe/Berlin", "2024-01-01 11:00:00+00"],
    ["1969-12-31 23:59:59.999999+00", "UTC", "1969-12-31 23:59:59.999999+00"],
  ])("%s in %s is %s", async (text, timezone, expected) => {
    const [row] = await database.query<{ at: string }>(
      "select ($1::timestamptz at time zone 'UTC')::text || '+00' as at",
      [readTime(text, timezone)],
    );
    expect(row?.at).toBe(expected);
  });

  test.each([
    "2024-02-30 12:00:00",
    "2024-13-01",
    "2024-03-01 24:00:00",
    "01.03.2024",
    "yesterday",
    "infinity",
    "0",
    "2024-03-01 12:00:00+99",
    "2024-03-01 12:00:00+03:99",
    "2024-03-01T12:00:00-16:00",
  ])("%j is none", (text) => {
    expect(readTime(text, "UTC")).toBeUndefined();
  });

  test.each([null, "", "  "])("%j is nothing", (text) => {
    expect(readTime(text, "UTC")).toBeNull();
  });
});

test.each([
  ["true", true],
  ["T", true],
  ["1", true],
  ["yes", true],
  [" false ", false],
  ["f", false],
  ["0", false],
  ["", null],
  [null, null],
  ["2", undefined],
  ["maybe", undefined],
])("a flag %j is %j", (text, expected) => {
  expect(readFlag(text)).toBe(expected);
});

test.each([
  [{ app: "shop", codename: "add_order", model: "order" }, "shop.add_order"],
  [{ app: "news", codename: "publish", model: "article" }, "news.publish_article"],
  [{ app: "shop", codename: "close-order", model: "order" }, "shop.close_order"],
  [{ app: "shop", codename: "approveOrder", model: "order" }, "shop.approve_order"],
  [{ app: "shop", codename: "publish", model: "" }, "shop.publish_it"],
  [{ app: "my-app", codename: "Über den Rand", model: "x" }, "my_app.ber_den_rand"],
  [{ app: "shop", codename: "reset_2fa", model: "order" }, "shop.reset2fa_order"],
  [{ app: "shop", codename: "2fa_reset", model: "order" }, "shop.can2fa_reset"],
  [{ app: "_shop", codename: "approve_1_2_orders", model: "order" }, "shop.approve12_orders"],
  [{ app: "shop", codename: "発行", model: "2ürün" }, "shop.u767au884c_can2rn"],
  [{ app: "shop", codename: `see_${"x".repeat(96)}`, model: "order" }, `shop.see_${"x".repeat(91)}`],
])("the permission %j is %s here", (old, expected) => {
  expect(toPermission(old)).toBe(expected);
  expect(expected).toMatch(new RegExp(permissionPattern));
});

test("a permission that would be called here as another one there is granted to nobody, and that one to its own holders", () => {
  const of = (codename: string, model = "order") => ({ app: "shop", codename, model });
  expect(
    findAmbiguous([
      of("delete_order"),
      of("deleteOrder"),
      of("delete-order"),
      of("view"),
      of("view_order"),
      of("close"),
    ]),
  ).toEqual([
    { permission: "shop.deleteOrder", name: "shop.delete_order" },
    { permission: "shop.delete-order", name: "shop.delete_order" },
    { permission: "shop.view", name: "shop.view_order" },
  ]);
  // Of two that are both called otherwise here, nobody knows which is meant.
  expect(findAmbiguous([of("closeOrder"), of("close-order")])).toHaveLength(2);
});
