import { expect, test } from "vitest";
import { compareSeen } from "./kept-looks.ts";

const button = { kind: "button.button", box: [24, 300, 312, 48], ink: "ffffff", ground: "1f5f5b" } as const;
const title = { kind: "h1", box: [24, 100, 312, 32], ink: "1c1b18", ground: "-" } as const;

test("a look is the same where letters are a little wider, and another where something went, came, moved or changed its colour", () => {
  const kept = [title, button];
  expect(compareSeen(kept, [title, { ...button, box: [24, 306, 312, 50] }])).toEqual([]);
  expect(compareSeen(kept, [title])).toEqual(["shows 1 things in place of 2"]);
  expect(compareSeen(undefined, kept)).toEqual(["is not kept yet"]);
  for (const other of [
    { ...button, box: [24, 400, 312, 48] as const },
    { ...button, box: [24, 300, 150, 48] as const },
    { ...button, box: [60, 300, 312, 48] as const },
    { ...button, ink: "000000" },
    { ...button, ground: "-" },
    { ...button, kind: "a.button" },
  ])
    expect(compareSeen(kept, [title, other])).toHaveLength(1);
});
