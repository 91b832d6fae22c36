import { expect } from "vitest";

/** Makes the edit of a block of a page: its lines without `+` must stand in the file exactly once. */
export function applyEdit(source: string, lines: readonly string[]): string {
  const textOf = (kept: readonly string[]) => kept.map((line) => line.slice(1)).join("\n");
  const before = textOf(lines.filter((line) => !line.startsWith("+")));
  const pieces = source.split(before);
  expect(pieces, `the page's lines stand in the file once:\n${before}`).toHaveLength(2);
  return pieces.join(textOf(lines.filter((line) => !line.startsWith("-"))));
}
