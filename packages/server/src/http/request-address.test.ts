import { expect, test } from "vitest";
import { createRequestAddressReader } from "./request-address.ts";

test("a call without an address is told of once, since no limit by address counts it", () => {
  const notices: string[] = [];
  const read = createRequestAddressReader({ onNotice: (message) => notices.push(message) });
  expect(read({ headers: {}, remoteAddress: "203.0.113.9" })).toBe("203.0.113.9");
  expect(notices).toEqual([]);
  for (const remoteAddress of [null, undefined, ""]) expect(read({ headers: {}, remoteAddress })).toBeNull();
  expect(notices).toEqual([expect.stringContaining("without an address")]);
});
