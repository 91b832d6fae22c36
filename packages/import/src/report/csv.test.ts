import { expect, test } from "vitest";
import { fromCell, toCell, toCsvLine } from "./csv.ts";

test.each(["=1+1", "+905321234567", "-1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("https://a.example")'])(
  "no spreadsheet takes %j for a formula, and it is read back as it was",
  (value) => {
    const cell = toCell(value);
    expect(cell).toMatch(/^"'/);
    expect(fromCell(cell.slice(1, -1).replaceAll('""', '"'))).toBe(value);
  },
);

test.each(["a;=1+1;b", "a\t=1+1", "'=1", ";''-1", "a\n@b"])(
  "%j is no formula where a spreadsheet splits it at a separator of its own, and is read back as it was",
  (value) => {
    const cell = toCell(value).slice(1, -1);
    expect(cell).not.toMatch(/(^|[;\t\n])[=+\-@]/);
    expect(fromCell(cell)).toBe(value);
  },
);

test("cells with commas, quotes and line ends are quoted", () => {
  expect(toCsvLine(["a", null, 'b"c', "d,e", "f\ng"])).toBe('a,,"b""c","d,e","f\ng"\n');
});
