import { afterAll, expect, test } from "vitest";
import { call, isAtRoot, nameOf, startLiveServer } from "../live-server.ts";
import { password, signUp } from "./accounts-over-http.ts";
import { startTappedServer } from "./postgres-proxy.ts";
import { invalidCredentials, invalidInput, noSuchProcedure, unauthorized } from "./refusals.ts";

const live = await startLiveServer();
afterAll(() => live[Symbol.asyncDispose]());

interface BatchAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly results: readonly { readonly result?: { readonly data: unknown }; readonly error?: unknown }[];
}

/** Calls procedures in one request; with inputs, by POST. */
async function callBatch(
  url: string,
  procedures: readonly string[],
  { inputs, token }: { inputs?: Record<number, unknown>; token?: string } = {},
): Promise<BatchAnswer> {
  const response = await fetch(`${url}/trpc/${procedures.map(nameOf).join()}?batch=1`, {
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(inputs && { "content-type": "application/json" }),
    },
    ...(inputs && { method: "POST", body: JSON.stringify(inputs) }),
  });
  return { status: response.status, headers: response.headers, results: (await response.json()) as [] };
}

test("every mutation of a batch has a result of its own, whatever the others come to", async () => {
  const { token, user, refreshToken } = await signUp(live, { username: "batched" });
  const inputs = {
    0: { username: "batched", password },
    1: { username: "batched", password: "not the password" },
    2: { username: 7, password: "hunter2" },
    3: { token: "garbage" },
    4: { refreshToken },
    // 5 has no input.
    6: { city: "Bursa" },
    7: {},
  };
  const procedures = [
    "token.obtain",
    "token.obtain",
    "token.obtain",
    "token.verify",
    "token.revoke",
    "token.verify",
    "me.update",
    "no.such",
  ];

  const { status, headers, results } = await callBatch(live.url, procedures, { inputs });

  expect(status).toBe(207);
  expect(headers.get("cache-control")).toBe("no-store");
  const signedIn = { token: expect.any(String), user: expect.objectContaining({ id: user.id }) };
  const noText = "Invalid input: expected string, received number";
  const noInput = "Invalid input: expected object, received undefined";
  expect(results).toEqual([
    { result: { data: expect.objectContaining(signedIn) } },
    { error: invalidCredentials("token.obtain") },
    { error: invalidInput("token.obtain", { path: ["username"], message: noText }) },
    { result: { data: { active: false } } },
    { result: { data: {} } },
    { error: invalidInput("token.verify", { path: [], message: noInput }) },
    { error: unauthorized("me.update", "token_missing", "This call needs a bearer token: sign in first") },
    { error: noSuchProcedure("no.such") },
  ]);
  const afterwards = await call(live.url, "me.get", { token });
  expect(afterwards.body.data).toMatchObject({ reason: "session_ended" });
});

test("a batch in which all is well is 200, and one in which all is refused alike has that status", async () => {
  const { token } = await signUp(live, { username: "alike" });

  const good = await callBatch(live.url, ["me.get", "me.get"], { token });
  const bad = await callBatch(live.url, ["me.get", "me.get"], { token: "not.a.token" });
  const mixed = await callBatch(live.url, ["me.get", "no.such"], { token });

  expect([good.status, bad.status, mixed.status]).toEqual([200, 401, 207]);
  expect(bad.headers.get("www-authenticate")).toBe(
    'Bearer realm="latchkey", error="invalid_token", error_description="The token is not valid"',
  );
  expect(good.results).toHaveLength(2);
  expect(mixed.results[1]).toEqual({ error: noSuchProcedure("no.such") });
});

test("a batch of one is a batch", async () => {
  const { results } = await callBatch(live.url, ["token.verify"], { inputs: { 0: { token: "x" } } });
  expect(results).toEqual([{ result: { data: { active: false } } }]);
});

test("what a batch's inputs hold beyond its calls is left alone", async () => {
  const inputs = { 0: { token: "x" }, 1: { token: 7 }, "-1": {}, length: 3 };
  const { status, results } = await callBatch(live.url, ["token.verify"], { inputs });
  expect(status).toBe(200);
  expect(results).toEqual([{ result: { data: { active: false } } }]);
});

// What listens to PostgreSQL stands behind the service.
const tappedTest = test.runIf(isAtRoot);

tappedTest(
  "a batch of protected calls with a token that was seen before reads its session in one statement, and the next batch again",
  async () => {
    await using tapped = await startTappedServer();
    const { tap, url } = tapped;
    const { token, refreshToken, user } = await signUp(tapped, { username: "twenty" });
    const twenty = Array(20).fill("me.get");
    await call(url, "me.get", { token });
    tap.executed.length = 0;

    const first = await callBatch(url, twenty, { token });
    expect(first.results).toEqual(twenty.map(() => ({ result: { data: { ...user, phoneProofDue: false } } })));
    expect(tap.executed).toEqual(["read-callers"]);

    await call(url, "token.revoke", { input: { refreshToken } });
    tap.executed.length = 0;
    const second = await callBatch(url, twenty, { token });
    const ended = unauthorized("me.get", "session_ended", "The session has ended: sign in again");
    expect(second.results).toEqual(twenty.map(() => ({ error: ended })));
    expect(tap.executed).toEqual(["read-callers"]);
  },
);

tappedTest("a batch with a token that is no good asks the database for nothing", async () => {
  await using tapped = await startTappedServer();
  tapped.tap.executed.length = 0;

  const { results } = await callBatch(tapped.url, Array(20).fill("me.get"), { token: "not.a.token" });

  expect(results).toHaveLength(20);
  expect(tapped.tap.executed).toEqual([]);
});
