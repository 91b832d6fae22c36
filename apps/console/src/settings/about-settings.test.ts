import { expect, test } from "vitest";
import { findLinesAbout, withoutSettings } from "./about-settings.ts";

const lines = ["SESSION_LIFETIME is short.", "Set LATCHKEY_SECRET, or two of it.", "The clocks differ."];
const setting = (name: string) => ({ name, value: null, isSet: true, isSecret: false });

test("a line stands with the setting that it names, and with none whose name is a part of that", () => {
  expect(findLinesAbout(lines, "SESSION_LIFETIME")).toEqual([lines[0]]);
  expect(findLinesAbout(lines, "LIFETIME")).toEqual([]);
  expect(findLinesAbout(lines, "SESSION")).toEqual([]);
});

test("a line that names no setting stands alone", () => {
  expect(withoutSettings(lines, [setting("SESSION_LIFETIME"), setting("LATCHKEY_SECRET")])).toEqual([lines[2]]);
  expect(withoutSettings(lines, [])).toEqual(lines);
});
