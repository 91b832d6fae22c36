import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, expect, test } from "vitest";
import { isService, startLiveServer } from "../live-server.ts";
import { signUp } from "./accounts-over-http.ts";

const live = await startLiveServer();
afterAll(() => live[Symbol.asyncDispose]());
const address = `${live.url}/.well-known/jwks.json`;

const publicKey = {
  kty: "OKP",
  crv: "Ed25519",
  x: expect.stringMatching(/^[\w-]{43}$/),
  kid: expect.stringMatching(/^[\w-]{43}$/),
  alg: "EdDSA",
  use: "sig",
};

test("the published keys are public members only", async () => {
  const response = await fetch(address);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toEqual({ keys: [publicKey] });
});

test("a key of ES256 has its two public coordinates, and a shared secret is never published", async () => {
  await using live = await startLiveServer({ tokens: { algorithm: "ES256" } });
  const published = await (await fetch(`${live.url}/.well-known/jwks.json`)).json();
  const coordinate = expect.stringMatching(/^[\w-]{43}$/);
  const { kid } = publicKey;
  expect(published).toEqual({
    keys: [{ kty: "EC", crv: "P-256", x: coordinate, y: coordinate, kid, alg: "ES256", use: "sig" }],
  });

  await live.test.another({ tokens: { algorithm: "HS256" } });
  const afterwards = await (await fetch(`${live.url}/.well-known/jwks.json`)).json();
  expect(afterwards).toEqual(published);
});

test("the published keys verify the tokens that the service issues", async () => {
  const { token, user } = await signUp(live, { username: "alice" });
  const keys = createLocalJWKSet((await (await fetch(address)).json()) as JSONWebKeySet);
  const { payload } = await jwtVerify(token, keys, { issuer: "latchkey", audience: "latchkey", typ: "at+jwt" });
  expect(payload.sub).toBe(user.id);
});

test("copies are kept for five minutes and renewed by their tag", async () => {
  const first = await fetch(address);
  const tag = first.headers.get("etag") ?? "";
  expect(first.headers.get("cache-control")).toBe("public, max-age=300");
  expect(tag).toMatch(/^"[^"]+"$/);

  for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
    const again = await fetch(address, { headers: { "if-none-match": known } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
    expect(again.headers.get("etag")).toBe(tag);
    expect(again.headers.get("cache-control")).toBe("public, max-age=300");
  }
  const other = await fetch(address, { headers: { "if-none-match": '"other"' } });
  expect(other.status).toBe(200);

  await live.test.auth.rotateKeys({ compromised: false });
  const rotated = await fetch(address, { headers: { "if-none-match": tag } });
  expect(rotated.status).toBe(200);
  expect(rotated.headers.get("etag")).not.toBe(tag);
  expect(await rotated.json()).toEqual({ keys: [publicKey, publicKey] });
});

// The service's alone: a host has its own answers for monitoring.
test.runIf(isService)("the health of the process is told without a token, and says nothing of it", async () => {
  for (const path of ["/healthz", "/readyz"]) {
    const response = await fetch(`${live.url}${path}`);
    expect([response.status, await response.text()]).toEqual([200, '{"status":"ok"}']);
    expect(response.headers.get("server")).toBeNull();
    expect(response.headers.get("x-powered-by")).toBeNull();
  }
});

// The service's alone: a host sets the headers of all that it answers.
test.runIf(isService)("no page can frame, sniff or keep what the service answers", async () => {
  for (const path of ["/healthz", "/trpc/me.get", "/nothing", "/.well-known/jwks.json"]) {
    const { headers } = await fetch(`${live.url}${path}`);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    // The public keys alone are for every page.
    expect(headers.get("access-control-allow-origin")).toBe(path.endsWith("jwks.json") ? "*" : null);
  }
});
