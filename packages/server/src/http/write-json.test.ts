import { expect, test } from "vitest";
import { writeJson } from "./write-json.ts";

class Money {
  readonly cents = 5;
  toJSON() {
    return `${this.cents} cents`;
  }
}

const date = new Date("2026-11-26T12:00:00.007Z");

test.each([
  ["a date", date],
  ["one that is none", new Date(Number.NaN)],
  [
    "dates of all times",
    [-1, 0, 1, 59_999, 253_402_300_799_999, 253_402_300_800_000, -62_135_596_800_001, -3.1e13, 8.64e15, -8.64e15].map(
      (time) => new Date(time),
    ),
  ],
  [
    "days of a leap year, each at another time",
    Array.from({ length: 366 }, (_, day) => new Date(Date.UTC(2024, 0, 1 + day) + day * 61_234_567)),
  ],
  ["a date that says itself how it is written", Object.assign(new Date(0), { toJSON: () => "the beginning" })],
  ["one that writes itself otherwise", Object.assign(new Date(0), { toISOString: () => "1970" })],
  ["dates among others", { at: date, before: null, list: [date, undefined, 1], empty: {}, not: undefined }],
  ["a list with a gap", Object.assign([date], { 2: 3 })],
  ["dates deep inside", { a: { b: { c: { d: { e: { f: { g: date } } } } } } }],
  ["what says itself how it is written", { money: new Money(), at: date, own: { toJSON: () => date, at: date } }],
  ["names in their order, numbers first", { b: date, 2: date, a: 1, 1: "one" }],
  ["a name that is a prototype elsewhere", JSON.parse('{"__proto__": {"at": 1}, "at": 2}')],
  ["no prototype", Object.assign(Object.create(null), { at: date })],
  ["what is no data", { map: new Map([[1, date]]), call: () => 1, symbol: Symbol("a"), [Symbol("b")]: date }],
  ["nothing", undefined],
])("JSON is as JSON.stringify writes it: %s", (_, value) => {
  expect(writeJson(value)).toBe(JSON.stringify(value));
});

const circle: Record<string, unknown> = { at: date, others: [] };
circle.itself = { again: circle };

test.each([
  ["what leads back to itself", circle],
  ["a number too large for it", { at: date, big: 1n }],
])("what cannot be written says the same: %s", (_, value) => {
  const message = (write: (value: unknown) => string) => {
    try {
      return write(value);
    } catch (error) {
      return error;
    }
  };
  expect(message(writeJson)).toEqual(message(JSON.stringify));
});
