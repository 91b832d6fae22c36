import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { parsePublicUrl } from "@latchkey/server/internal";
import { afterAll, test as base, expect } from "vitest";
import { isService, startLiveServer } from "../live-server.ts";

const { url, ...live } = await startLiveServer();
afterAll(() => live[Symbol.asyncDispose]());

// A server of a team's own sets headers of its own.
const test = base.runIf(isService);

const json = { "content-type": "application/json" };

const requests: readonly [title: string, path: string, init: RequestInit, status: number][] = [
  ["the health of the process", "/healthz", {}, 200],
  ["its readiness", "/readyz", {}, 200],
  ["a success", "/trpc/token.verify", { method: "POST", headers: json, body: '{"token":"x"}' }, 200],
  ["a refusal", "/trpc/me.get", {}, 401],
  ["an input that is wrong", "/trpc/token.obtain", { method: "POST", headers: json, body: "{}" }, 400],
  ["a page that is not there", "/admin", {}, 404],
  ["a method that is not there", "/trpc/me.get", { method: "DELETE" }, 405],
  ["a body that is too large", "/trpc/token.obtain", { method: "POST", headers: json, body: " ".repeat(70_000) }, 413],
  ["cookie mode", "/cookie/trpc/token.refresh", { method: "POST", headers: json, body: "{}" }, 403],
];

test.each(requests)("%s tells browsers to trust nothing about it, and no other origin to read it", async (...row) => {
  const [, path, init, status] = row;
  const headers = { ...init.headers, origin: "https://evil.example" };
  const answer = await fetch(`${url}${path}`, { ...init, headers });
  expect(answer.status).toBe(status);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": expect.stringContaining("max-age="),
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  for (const name of ["access-control-allow-origin", "access-control-allow-credentials", "server", "x-powered-by"]) {
    expect(answer.headers.get(name), name).toBeNull();
  }
  await answer.body?.cancel();
});

test("the public keys are the one thing that every page may read, and have the other headers too", async () => {
  const { headers } = await fetch(`${url}/.well-known/jwks.json`, { headers: { origin: "https://evil.example" } });
  expect(Object.fromEntries(headers)).toMatchObject({
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
    "strict-transport-security": expect.stringContaining("max-age="),
  });
  expect(headers.get("access-control-allow-credentials")).toBeNull();
});

test("behind TLS every answer says for two years that there is no other way, also what Node's parser refuses", async () => {
  const publicUrl = parsePublicUrl("https://auth.example.com") ?? undefined;
  await using secure = await startLiveServer({}, { publicUrl });
  const wanted = "max-age=63072000; includeSubDomains";
  for (const path of ["/healthz", "/trpc/me.get", "/admin", "/sign-in"]) {
    const { headers } = await fetch(`${secure.url}${path}`, { redirect: "manual" });
    expect(headers.get("strict-transport-security"), path).toBe(wanted);
    // Whoever sent a token without TLS is to notice, and not to be led on.
    expect(headers.get("location"), path).toBeNull();
  }
  for (const raw of ["garbage\r\n\r\n", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n"]) {
    const answer = await speak(secure.url, raw);
    expect(answer).toMatch(/^HTTP\/1\.1 40[05] /);
    expect(answer).toContain(`Strict-Transport-Security: ${wanted}\r\n`);
    expect(answer).toContain("Content-Security-Policy: default-src 'none'");
    expect(answer).toContain("X-Content-Type-Options: nosniff\r\n");
  }
});

async function speak(url: string, raw: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.end(raw);
  return text(socket);
}
