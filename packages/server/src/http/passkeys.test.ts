import { describe, expect, test } from "vitest";
import { answerRelatedOrigins, type PasskeyPlace, readPasskeys } from "./passkeys.ts";
import { parsePublicUrl } from "./public-url.ts";

const at = (url: string | undefined, more: Partial<PasskeyPlace> = {}) =>
  readPasskeys({
    publicUrl: url === undefined ? undefined : (parsePublicUrl(url) ?? undefined),
    ...{ corsOrigins: [], isDevelopment: false },
    ...more,
  });

describe("passkeys are made for", () => {
  test("the host of the public address, and work on its pages and on those below it that may call", () => {
    const corsOrigins = [
      "https://app.example.com",
      "https://example.de",
      "http://a.example.com",
      "capacitor://localhost",
    ];
    expect(at("https://example.com/auth", { corsOrigins })).toEqual({
      rpId: "example.com",
      origins: ["https://example.com", "https://app.example.com"],
      allowsLocalhost: false,
    });
  });

  test("a host above it where that is named, and other origins that are named too", () => {
    const named = { rpId: "example.com", origins: ["https://example.de"], corsOrigins: ["https://app.example.com"] };
    expect(at("https://auth.example.com", named)).toEqual({
      rpId: "example.com",
      origins: ["https://auth.example.com", "https://app.example.com", "https://example.de"],
      allowsLocalhost: false,
    });
  });

  test("localhost at every port while somebody builds with it", () => {
    const local = { rpId: "localhost", origins: [], allowsLocalhost: true };
    expect(at(undefined, { isDevelopment: true })).toEqual(local);
    expect(at("http://localhost:3000")).toEqual(local);
  });

  test("nobody where browsers have none: without an address, without TLS, and at an address of digits", () => {
    for (const url of [undefined, "http://example.com", "https://192.0.2.7"]) expect(at(url)).toBeUndefined();
  });
});

test("a host that is not above the service's own is refused, and so is what is named where there are none", () => {
  for (const rpId of ["example.de", "ple.com", "com", "auth.example.com.evil.example"])
    expect(at("https://auth.example.com", { rpId }), rpId).toHaveProperty("fault");
  expect(at(undefined, { rpId: "example.com" })).toHaveProperty("fault");
  expect(at("http://example.com", { origins: ["https://example.de"] })).toHaveProperty("fault");
});

test("related origins are for every browser to read", async () => {
  const response = await answerRelatedOrigins(new Request("https://example.com/.well-known/webauthn"), [
    "https://example.de",
  ]);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toEqual({ origins: ["https://example.de"] });
});
