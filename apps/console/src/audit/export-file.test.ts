import { expect, test } from "vitest";
import { csvHead, toCell, toCsv, toJsonLines } from "./export-file.ts";

test.each(["=1+1", "+1", "-1", "@sum(A1)", "\t=1", "\r=1"])("no cell is a formula: %j", (text) => {
  expect(toCell(text).replace(/^"/, "")).toMatch(/^'/);
});

test("quotes, commas and line ends stay inside their cell", () => {
  expect(toCell('a "b", c\r\nd')).toBe('"a ""b"", c\r\nd"');
  expect(toCell("plain")).toBe("plain");
});

test("a line has as many cells as the head, whatever an event holds, and JSON has it all", () => {
  const event = {
    ...{ id: "1", occurredAt: "2026-11-26T00:00:00Z", event: "signed_in", actorId: null, subjectId: "2" },
    ...{ address: "=cmd|' /C calc'!A0", requestId: null, detail: { because: 'a "quoted", text' } },
  };
  const [line = ""] = toCsv([event]).split("\r\n");
  expect(line).toBe(
    `2026-11-26T00:00:00Z,signed_in,2,,'=cmd|' /C calc'!A0,,1,"{""because"":""a \\""quoted\\"", text""}"`,
  );
  expect(csvHead.split(",")).toHaveLength(8);
  expect(JSON.parse(toJsonLines([event]))).toEqual(event);
});
