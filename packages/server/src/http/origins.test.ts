import { describe, expect, it } from "vitest";
import { createOriginRules, findOriginFault } from "./origins.ts";
import { rememberLatest } from "./remember-latest.ts";

const from = (origin: string, headers: Record<string, string> = {}) =>
  Object.defineProperty(new Request("http://auth.example.com/trpc/me.get"), "headers", {
    value: new Headers({ origin, host: "auth.example.com", ...headers }),
  });

describe("an origin can be named", () => {
  it.each([
    "https://app.example.com",
    "http://localhost:5173",
    "https://tauri.localhost",
    "capacitor://localhost",
    "ionic://localhost",
    "tauri://localhost",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "app://obsidian.md",
  ])("when it is one: %s", (text) => {
    expect(findOriginFault(text)).toBeNull();
  });

  it.each<[text: string, fault: RegExp]>([
    ["https://*.example.com", /is a pattern: name each origin/],
    ["*", /is a pattern/],
    ["https://app.example.com:*", /is a pattern/],
    ["https://app.example.com/", /did you mean https:\/\/app\.example\.com\?/],
    ["https://App.example.com", /did you mean https:\/\/app\.example\.com\?/],
    ["https://app.example.com:443", /did you mean https:\/\/app\.example\.com\?/],
    ["https://app.example.com/sign-in", /did you mean/],
    ["https://bücher.example", /did you mean https:\/\/xn--bcher-kva\.example\?/],
    ["https://user@app.example.com", /did you mean/],
    ["app.example.com", /must be origins/],
    ["null", /must be origins/],
    ["file://", /must be origins/],
    ["file://localhost", /must be origins/],
    ["data://x", /must be origins/],
    ["javascript://x", /must be origins/],
    ["capacitor://localhost/", /must be origins/],
    ["capacitor://Localhost", /write capacitor:\/\/localhost/],
    ["https://", /must be origins/],
    ["", /must be origins/],
  ])("and in no other way: %j", (text, fault) => {
    expect(findOriginFault(text)).toMatch(fault);
  });
});

describe("an origin that gets no answer", () => {
  it("is told once, with the whole setting that would let it in", () => {
    const told: unknown[] = [];
    const tell = (message: string, details: object) => told.push([message, details]);
    const rules = createOriginRules({ named: ["https://a.example"], allowsLoopback: false, tell });
    for (let count = 0; count < 3; count += 1) rules.noteRefused(from("https://b.example"));
    const setting = 'http.corsOrigins to ["https://a.example","https://b.example"]';
    expect(told).toEqual([
      [`pages of this origin get no answer; if they are yours, set ${setting}`, { origin: "https://b.example" }],
    ]);
  });

  it("is not what a browser says of the service's own pages", () => {
    const told: string[] = [];
    const rules = createOriginRules({ named: [], allowsLoopback: false, tell: (message) => told.push(message) });
    rules.noteRefused(from("https://auth.example.com"));
    rules.noteRefused(from("https://seen.example", { "sec-fetch-site": "same-origin" }));
    expect(told).toEqual([]);
  });
});

it("the latest texts are remembered, and no more than so many", () => {
  const isNew = rememberLatest(3);
  expect(["a", "b", "c", "a", "d", "b", "a"].map(isNew)).toEqual([true, true, true, false, true, true, false]);
  for (let count = 0; count < 1_000; count += 1) isNew(String(count));
  expect(["999", "998", "997", "996"].map(isNew)).toEqual([false, false, false, true]);
});
