import { expect, test } from "vitest";
import { describeDevice } from "./device.ts";

const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0";

test.each([
  ["a program that clears the terminal", "evil\u009b2J/1.0 (x", "evil 2J"],
  ["a program that writes a column of its own", "a\tb/1 c", "a b"],
  ["a program that turns the line around", "\u202eevil/1.0 x", "evil"],
  ["a program with a name without end", `${"x".repeat(500)}/1.0 y`, "x".repeat(40)],
  ["nothing", null, null],
  ["no word", "<<>>", null],
])("%s shows as words, or not at all", (_, userAgent, words) => {
  expect(describeDevice(userAgent)).toBe(words);
});

test.each([
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36`, "Chrome on Windows"],
  [`Mozilla/5.0 (Linux; Android 14; Pixel 8) ${chrome} Mobile Safari/537.36`, "Chrome on Android"],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"],
  ["curl/8.5.0", "curl"],
  ["node", "node"],
])("%s is %s", (userAgent, words) => {
  expect(describeDevice(userAgent)).toBe(words);
});
