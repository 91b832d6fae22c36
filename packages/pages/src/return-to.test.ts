import { expect, test } from "vitest";
import { readReturnTo } from "./return-to.ts";

const base = new URL("https://auth.example.com/");

test.each([
  "https://evil.example/",
  "https://auth.example.com.evil.example/",
  "https://auth.example.com@evil.example/",
  "https://me:secret@auth.example.com/",
  "https://app.example.com/",
  "https://auth.example.com:8443/",
  "http://auth.example.com/",
  "//evil.example",
  "\\\\evil.example",
  "/\\evil.example",
  "/\t/evil.example",
  "\t//evil.example",
  "https:/\\evil.example",
  "///evil.example",
  "https://auth.example.com//evil.example",
  "https://auth.example.com/\\evil.example",
  "/./\\evil.example",
  "/.//evil.example",
  "javascript:alert(1)",
  "java\nscript:alert(1)",
  "data:text/html,x",
  "blob:https://auth.example.com/x",
  "https://",
  `/${"a".repeat(3_000)}`,
  "",
])("%j leads nowhere", (text) => {
  expect(readReturnTo(text, base)).toBeNull();
});

test.each([
  ["/orders/7?x=1#top", "/orders/7?x=1#top"],
  ["https://auth.example.com/app", "/app"],
  ["app", "/app"],
  ["?x", "/?x"],
  ["https://AUTH.example.com:443/app", "/app"],
  ["/a/../b", "/b"],
])("%j leads to %s", (text, path) => {
  expect(readReturnTo(text, base)).toBe(path);
});

test("whatever is let through is of the same origin, as a browser reads the header Location", () => {
  const pieces = ["/", "\\", "//", "\t", "\n", ".", "..", "@", ":", "evil.example", "https:", "%2f", "%5c", "?", "#"];
  let passed = 0;
  for (const a of pieces)
    for (const b of pieces)
      for (const c of pieces) {
        const path = readReturnTo(a + b + c, base);
        if (path === null) continue;
        passed += 1;
        expect(new URL(path, "https://auth.example.com/cookie/sign-in").origin, JSON.stringify(a + b + c)).toBe(
          base.origin,
        );
      }
  expect(passed).toBeGreaterThan(100);
});
