import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { password, signUp } from "../http/accounts-over-http.ts";
import { call } from "../live-server.ts";
import { startNotesServer } from "../notes/notes-server.ts";

const live = await startNotesServer({ passwords: { cost: 4 } }, { trustedProxies: ["127.0.0.1"] });
const { url, test: service } = live;
afterAll(() => live[Symbol.asyncDispose]());

const flooder = { "x-forwarded-for": "198.51.100.66" };
let token: string;
beforeAll(async () => {
  ({ token } = await signUp(live, { username: "honest" }));
});

/** One batch of as many calls as the service takes, and the status of each. */
async function flood(procedure: string, input: object, authorization?: string): Promise<number[]> {
  const procedures = Array.from({ length: 20 }, () => procedure);
  const isQuery = procedure.endsWith(".list");
  const inputs = Object.fromEntries(procedures.map((_, index) => [index, input]));
  const response = await fetch(`${url}/trpc/${procedures.join()}?batch=1`, {
    headers: {
      ...flooder,
      ...(authorization && { authorization }),
      ...(!isQuery && { "content-type": "application/json" }),
    },
    ...(!isQuery && { method: "POST", body: JSON.stringify(inputs) }),
  });
  const answers = (await response.json()) as { error?: { data: { httpStatus: number } } }[];
  return answers.map(({ error }) => error?.data.httpStatus ?? 200);
}

/** A good token but for its signature. */
function forge(good: string): string {
  const [header, payload, signature = ""] = good.split(".");
  return [header, payload, `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`].join(".");
}

/** A good token under the id of a key that nobody has. */
function withUnknownKey(good: string): string {
  const [, ...rest] = good.split(".");
  const header = { alg: "EdDSA", kid: "A".repeat(43), typ: "at+jwt" };
  return [Buffer.from(JSON.stringify(header)).toString("base64url"), ...rest].join(".");
}

for (const { tags, cases } of shareOut(
  [
    ["made-up tokens to token.verify", () => flood("token.verify", { token: "x" })],
    ["forged tokens to token.verify", () => flood("token.verify", { token: forge(token) })],
    ["tokens under unknown keys to token.verify", () => flood("token.verify", { token: withUnknownKey(token) })],
    ["made-up tokens to token.refresh", () => flood("token.refresh", { refreshToken: "x" })],
    ["made-up tokens to token.revoke", () => flood("token.revoke", { refreshToken: "x" })],
    ["forged tokens to notes.list", () => flood("notes.list", {}, `Bearer ${forge(token)}`)],
    ["tokens under unknown keys to users.list", () => flood("users.list", {}, `Bearer ${withUnknownKey(token)}`)],
    ["sign-ins to token.obtain", () => flood("token.obtain", { username: "nobody_here", password: "wrong" })],
    [
      "codes to password.reset",
      () => flood("password.reset", { username: "honest", code: "ABCDE-FGHJK", newPassword: password }),
    ],
    [
      "guesses with a challenge to password.reset",
      () => flood("password.reset", { challenge: "A".repeat(22), code: "123456", newPassword: password }),
    ],
    [
      "accounts to account.register",
      () => flood("account.register", { username: "honest", password: "a fine horse battery" }),
    ],
  ] as const,
  6,
))
  describe.each(cases)("50 connections that send batches of %s from one address", { tags }, (_what, send) => {
    test("leave others every answer: none of theirs is a 503, and none of the flood a defect", {
      timeout: 60_000,
    }, async () => {
      const floods = Promise.all(Array.from({ length: 50 }, send));
      const others: number[] = [];
      let isOver = false;
      void floods.finally(() => {
        isOver = true;
      });
      for (let calls = 0; !isOver || calls < 10; calls += 1) {
        const headers = { "x-forwarded-for": `203.0.113.${calls % 250}` };
        others.push((await call(url, "me.get", { token, headers })).status);
      }
      expect(new Set(others)).toEqual(new Set([200]));
      const told = new Set((await floods).flat());
      expect([...told].filter((status) => status >= 500 && status !== 503)).toEqual([]);
    });
  });

test("after a flood of sign-ins from one address somebody else's first one is taken", async () => {
  await Promise.all(
    Array.from({ length: 20 }, () => flood("token.obtain", { username: "mary jane", password: "wrong" })),
  );
  const headers = { "x-forwarded-for": "203.0.113.1" };
  const honest = { username: "honest", password };
  expect((await call(url, "token.obtain", { input: honest, headers })).status).toBe(200);
  const typo = { username: "jane mary", password: "wrong" };
  expect((await call(url, "token.obtain", { input: typo, headers })).status).toBe(400);
});

test("sign-ins from one address in their hundreds leave others a place at the password check", {
  timeout: 60_000,
}, async () => {
  const floods = Promise.all(
    Array.from({ length: 10 }, (_, batch) =>
      flood("token.obtain", { username: `somebody_${batch}`, password: "wrong" }),
    ),
  );
  const people = Array.from({ length: 5 }, (_, number) =>
    call(url, "token.obtain", {
      input: { username: "honest", password },
      headers: { "x-forwarded-for": `203.0.113.${100 + number}` },
    }),
  );
  expect((await Promise.all(people)).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 200));
  await floods;
});

test("forty people at one name wait for nobody else's sake, and get no more guesses than one after the other", async () => {
  const { id } = await service.auth.createUser({ username: "famous", password });
  const guesses = Array.from({ length: 40 }, (_, number) =>
    call(url, "token.obtain", {
      input: { username: "famous", password: "wrong" },
      headers: { "x-forwarded-for": `10.9.8.${number}` },
    }),
  );
  const others = Array.from({ length: 40 }, () => call(url, "me.get", { token }));
  expect(new Set((await Promise.all(others)).map(({ status }) => status))).toEqual(new Set([200]));
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 400).length).toBeLessThanOrEqual(30);
  expect(new Set(statuses)).toEqual(new Set([400, 429]));
  const tried = await service.database.query(
    "select from latchkey.audit_events where event = 'sign_in_refused' and subject_id = $1",
    [id],
  );
  expect(tried.length).toBeLessThanOrEqual(30);
});
