import { StartError } from "@latchkey/auth";
import { describe, expect, test } from "vitest";
import { parseSettings } from "./environment.ts";

const refusalOf = (variables: Readonly<Record<string, string>>) => {
  try {
    parseSettings(variables);
    return null;
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
};

describe("CONSOLE_ORIGIN", () => {
  test.each([
    ["https://auth.example.com", "https://console.example.com"],
    ["https://example.com/auth", "https://console.example.com"],
    ["https://auth.example.com", "https://auth.example.com:8443"],
    ["http://localhost:3000", "http://localhost:4000"],
    ["http://127.0.0.1:3000", "http://127.0.0.1:4000"],
  ])("may be beside %s: %s", (PUBLIC_URL, CONSOLE_ORIGIN) => {
    expect(parseSettings({ PUBLIC_URL, CONSOLE_ORIGIN })).toMatchObject({ CONSOLE_ORIGIN });
  });

  test.each([
    ["https://auth.example.com", "https://console.example.org", "https://console.example.com"],
    ["https://auth.example.com", "http://console.example.com", "https://console.example.com"],
    ["http://localhost:3000", "http://127.0.0.1:4000", "http://localhost:4000"],
    ["http://10.0.0.7", "http://10.1.0.7", "http://10.0.0.7:4000"],
    ["http://localhost:3000", "http://console.localhost:3000", "http://localhost:4000"],
  ])("must be on one site with %s, which %s is not", (PUBLIC_URL, CONSOLE_ORIGIN, such) => {
    expect(refusalOf({ PUBLIC_URL, CONSOLE_ORIGIN })).toBe(
      `CONSOLE_ORIGIN must be on one site with ${PUBLIC_URL}, such as ${such}: between two sites no cookie goes`,
    );
  });

  test.each([
    [{ CONSOLE_ORIGIN: "https://console.example.com" }, "CONSOLE_ORIGIN needs PUBLIC_URL, which the console calls"],
    [
      { PUBLIC_URL: "https://example.com/auth", CONSOLE_ORIGIN: "https://example.com" },
      "CONSOLE_ORIGIN is the origin of PUBLIC_URL: without it, the console is there below /console",
    ],
    [
      { PUBLIC_URL: "https://auth.example.com", CONSOLE_ORIGIN: "https://console.example.com", CONSOLE: "off" },
      "CONSOLE_ORIGIN and CONSOLE=off are two wishes",
    ],
    [
      { CONSOLE_ORIGIN: "https://console.example.com/admin" },
      "CONSOLE_ORIGIN https://console.example.com/admin is not an origin; did you mean https://console.example.com?",
    ],
    [
      { CONSOLE_ORIGIN: "https://*.example.com" },
      "CONSOLE_ORIGIN https://*.example.com is a pattern: name each origin",
    ],
    ...["console.example.com", "capacitor://localhost", "https://a.example,https://b.example"].map(
      (CONSOLE_ORIGIN): [Record<string, string>, string] => [
        { CONSOLE_ORIGIN },
        "CONSOLE_ORIGIN must be one origin such as https://console.example.com",
      ],
    ),
  ])("%o is refused", (variables, refusal) => {
    expect(refusalOf(variables)).toBe(refusal);
  });
});
