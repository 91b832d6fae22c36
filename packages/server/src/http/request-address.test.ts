import { expect, test } from "vitest";
import { createRequestAddressReader } from "./request-address.ts";

function createReader() {
  const notices: string[] = [];
  const read = createRequestAddressReader({ onNotice: (message) => notices.push(message) });
  const readMany = (count: number, remoteAddress: string | null | undefined) =>
    Array.from({ length: count }, () => read({ headers: {}, remoteAddress }));
  return { notices, readMany };
}

test("calls without an address are told of once, since no limit by address counts them", () => {
  const { notices, readMany } = createReader();
  expect(readMany(1, "203.0.113.9")).toEqual(["203.0.113.9"]);
  for (const remoteAddress of [null, undefined, ""]) expect(readMany(3, remoteAddress)).toEqual([null, null, null]);
  expect(notices).toEqual([]);
  readMany(30, null);
  expect(notices).toEqual([expect.stringContaining("without an address")]);
});

test("nothing is told of those who have hung up, few among many, however long a server runs", () => {
  const { notices, readMany } = createReader();
  for (let time = 0; time < 30; time += 1) {
    readMany(20, "203.0.113.9");
    readMany(1, undefined);
  }
  expect(notices).toEqual([]);
});
