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
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "strict-transport-security": expect.stringContaining("max-age="),
    "cross-origin-resource-policy": "same-origin",
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
