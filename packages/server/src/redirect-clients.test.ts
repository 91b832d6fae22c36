import { describe, expect, test } from "vitest";
import { allowsRedirect, findRedirectFault, type RedirectClient, readRedirectClients } from "./redirect-clients.ts";

describe("a place to send people back to", () => {
  test.each([
    "http://app.example.com/callback",
    "http://10.0.0.1/callback",
    "http://127.0.0.1.evil.example/callback",
    "http://localhost.evil.example/",
    "//app.example.com/callback",
    "/callback",
    "app.example.com/callback",
    "https://*.example.com/callback",
    "https://app.example.com/*",
    "https://app.example.com/callback#",
    "https://app.example.com/callback#top",
    "https://me@app.example.com/callback",
    "https://me:secret@app.example.com/callback",
    "https://app.example.com\\@evil.example/callback",
    "https:\\\\app.example.com/callback",
    "https://app.example.com/a\\b",
    "https://APP.example.com/callback",
    "https://app.example.com:443/callback",
    "https://app.example.com/a/../callback",
    "https://app.example.com/%2e%2e/callback",
    "https://bücher.example/callback",
    "https://app.example.com/b\u00fccher",
    "https://app.example.com/\u202ecallback",
    "https://app.example.com/ callback",
    "https://app.example.com/\tcallback",
    " https://app.example.com/callback",
    "https://app.example.com/callback?code=1",
    "https://app.example.com/callback?x=1&state=2",
    "https://app.example.com/callback?iss=1",
    "https://",
    "javascript:alert(1)",
    "java.script:alert(1)//'",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://app.example.com/x",
    "about:blank",
    "ftp://app.example.com/x",
    "ws://app.example.com/x",
    "myapp:/callback",
    "myapp://callback",
    ".app:/callback",
    "com.example.:/callback",
    `https://app.example.com/${"a".repeat(500)}`,
    "",
    null,
    7,
  ])("is not %j", (uri) => {
    expect(findRedirectFault(uri)).toEqual(expect.any(String));
  });

  test.each([
    "https://app.example.com/callback",
    "https://app.example.com",
    "https://app.example.com/",
    "https://app.example.com:8443/callback?tenant=7",
    "https://xn--bcher-kva.example/callback",
    "http://localhost:5173/callback",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:4000/callback",
    "http://[::1]/callback",
    "com.example.app:/callback",
    "com.example.app://signed-in",
    "com.example-shop.app2:/a/b?x=1",
  ])("may be %s", (uri) => {
    expect(findRedirectFault(uri)).toBeNull();
  });
});

const client: RedirectClient = {
  ...{ id: "app", name: "App" },
  redirectUris: [
    "https://app.example.com/callback",
    "http://localhost:5173/callback",
    "http://127.0.0.1/callback",
    "http://[::1]:9/callback?x=1",
    "com.example.app:/callback",
  ],
};

test.each([
  "https://app.example.com/callback",
  "http://localhost:5173/callback",
  "http://127.0.0.1/callback",
  "http://127.0.0.1:1/callback",
  "http://127.0.0.1:65535/callback",
  "http://[::1]:51234/callback?x=1",
  "com.example.app:/callback",
])("a client gets people back at %s", (uri) => {
  expect(allowsRedirect(client, uri)).toBe(true);
});

test.each([
  "https://app.example.com/callback/",
  "https://app.example.com/callback?",
  "https://app.example.com/callback?next=//evil.example",
  "https://app.example.com/callback#x",
  "https://app.example.com:443/callback",
  "https://app.example.com.evil.example/callback",
  "https://app.example.com@evil.example/callback",
  "https://APP.example.com/callback",
  "http://app.example.com/callback",
  "https://app.example.com/CALLBACK",
  "https://app.example.com/%63allback",
  "http://localhost:5174/callback",
  "http://localhost/callback",
  "http://127.0.0.1:0/callback",
  "http://127.0.0.1:65536/callback",
  "http://127.0.0.1:99999999/callback",
  "http://127.0.0.1:80/callback",
  "http://127.0.0.1:1@evil.example/callback",
  "http://127.0.0.1:1/callback\\",
  "http://127.0.0.1:1/callback?x",
  "http://127.0.0.1:1//callback",
  "http://127.0.0.2:1/callback",
  "http://2130706433:1/callback",
  "http://0x7f000001/callback",
  "http://127.1/callback",
  "http://[::ffff:127.0.0.1]/callback",
  "http://[0:0:0:0:0:0:0:1]:1/callback?x=1",
  "https://127.0.0.1:1/callback",
  "com.example.app:/callback/x",
  "com.example.app://callback",
  "com.example.apps:/callback",
  "javascript:alert(1)",
  "",
])("and never at %j", (uri) => {
  expect(allowsRedirect(client, uri)).toBe(false);
});

describe("the clients of a configuration", () => {
  const uris = ["https://app.example.com/callback"];
  test.each<[string, unknown, RegExp]>([
    ["no list", {}, /^clients must be a list$/],
    ["a text", ["app"], /^clients\[0\] is not an object$/],
    ["no id", [{ name: "App", redirectUris: uris }], /^clients\[0\] must have an id/],
    ["an id with a space", [{ id: "a b", name: "App", redirectUris: uris }], /must have an id/],
    ["no name", [{ id: "app", redirectUris: uris }], /^clients\[0\] \(app\) must have a name/],
    ["a name of two lines", [{ id: "app", name: "A\nB", redirectUris: uris }], /must have a name/],
    ["a name that turns the text around", [{ id: "app", name: "\u202eppA", redirectUris: uris }], /must have a name/],
    ["no redirect", [{ id: "app", name: "App", redirectUris: [] }], /must have redirectUris/],
    ["a pattern", [{ id: "app", name: "App", redirectUris: ["https://*.example.com/"] }], /is a pattern/],
    ["a misspelt member", [{ id: "app", name: "App", redirectUris: uris, secret: "x" }], /has no member secret/],
    ["an unknown audience", [{ id: "app", name: "App", redirectUris: uris, audience: "x" }], /none of TOKEN_AUDIENCE/],
    [
      "two of one id",
      [
        { id: "app", name: "App", redirectUris: uris },
        { id: "app", name: "Other", redirectUris: uris },
      ],
      /^clients: two are called app$/,
    ],
  ])("are refused in one line for %s", (_, given, message) => {
    expect(() => readRedirectClients(given, ["latchkey", "shop"])).toThrow(message);
  });

  test("are answered as they are", () => {
    const given = [{ id: "app", name: "Büro", redirectUris: uris, audience: "shop" }];
    expect(readRedirectClients(given, ["latchkey", "shop"])).toEqual(given);
    expect(readRedirectClients(undefined)).toEqual([]);
  });
});
