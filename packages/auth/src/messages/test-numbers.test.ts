import { expect, it } from "vitest";
import { parseTestNumbers } from "./test-numbers.ts";

it("reads numbers with their codes, and names what cannot be without its code", () => {
  expect(parseTestNumbers("")).toEqual([]);
  expect(parseTestNumbers(" +905550000001:123456, +905550000002:1234567890")).toEqual([
    { number: "+905550000001", code: "123456" },
    { number: "+905550000002", code: "1234567890" },
  ]);
  for (const wrong of ["+905550000001", "905550000001:123456", "+905550000001:12345", "+905550000001:123456:1", "x:y"])
    expect(() => parseTestNumbers(wrong)).toThrow("Test number 1");
  expect(() => parseTestNumbers("+905550000001:123456,+905550000001:654321")).toThrow("twice");
});
