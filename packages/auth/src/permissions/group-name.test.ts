import { expect, test } from "vitest";
import { parseGroupName } from "./group-name.ts";

test.each([
  ["nothing", ""],
  ["white space", " \u3000\n"],
  ["a line break", "editors\nroot"],
  ["a tab", "editors\troot"],
  ["a terminal's escape", "\u001b[2Jeditors"],
  ["its short form", "\u009b2Jeditors"],
  ["a right-to-left override", "\u202esrotide"],
  ["a zero-width space", "edit\u200bors"],
  ["a filler of Hangul", "\u3164"],
  ["a blank of Braille", "\u2800"],
  ["half a character", "editors\ud800"],
  ["151 characters", "x".repeat(151)],
])("%s is no name of a group", (_, typed) => {
  expect(parseGroupName(typed)).toBeNull();
});

test.each([
  [" Editors ", "Editors"],
  ["E\u0301quipe (Paris) & more", "Équipe (Paris) & more"],
  ["编辑 ✏️", "编辑 ✏️"],
  ["😀".repeat(150), "😀".repeat(150)],
])("%j is kept as %j", (typed, name) => {
  expect(parseGroupName(typed)).toBe(name);
});
