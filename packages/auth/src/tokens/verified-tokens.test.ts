import { expect, test } from "vitest";
import { toNumericDate } from "../clock.ts";
import { AuthError } from "../errors.ts";
import { clockLeeway } from "./access-token.ts";
import { cacheVerifiedTokens, type VerifiedToken } from "./verified-tokens.ts";

const start = Date.parse("2030-01-01T00:00:00Z");

/** A memory over a verification that counts its work: every text is good for ten minutes but those that say `bad`. */
function openMemory(capacity?: number) {
  let now = start;
  const verified: string[] = [];
  const clock = { now: () => new Date(now) };
  const verify = async (text: string): Promise<VerifiedToken> => {
    verified.push(text);
    if (text.startsWith("bad")) throw new AuthError("token_invalid", "The token is not valid");
    return asVerified(text, toNumericDate(new Date(start)) + 600);
  };
  const verifyOnce = cacheVerifiedTokens(verify, { clock, ...(capacity === undefined ? {} : { capacity }) });
  return { verifyOnce, verified, advance: (seconds: number) => (now += seconds * 1_000) };
}

function asVerified(text: string, exp: number): VerifiedToken {
  const claims = { iss: "test", sub: "user", sid: text, jti: "1", iat: exp - 600, exp };
  return { kind: "own", sessionId: text, userId: "user", kid: "key", expiresAt: exp, rotation: 0, claims };
}

test("a refusal is never remembered as anything else: a bad token is checked again each time", async () => {
  const { verifyOnce, verified } = openMemory();
  for (let call = 0; call < 3; call += 1) {
    await expect(verifyOnce("bad")).rejects.toMatchObject({ code: "token_invalid" });
  }
  expect(verified).toEqual(["bad", "bad", "bad"]);
});

test("a remembered token vouches for its exact text and for no other", async () => {
  const { verifyOnce, verified } = openMemory();
  const others = ["a.b.C", "A.b.c", "a.b.c ", " a.b.c", "a.b.c=", "a.b.c.", "a.b", "a.b.c\0", "a.b.ç", "a.b.c\u0327"];
  await verifyOnce("a.b.c");
  for (const other of others) expect(await verifyOnce(other)).toMatchObject({ sessionId: other });
  expect(await verifyOnce("a.b.c")).toMatchObject({ sessionId: "a.b.c" });
  expect(verified).toEqual(["a.b.c", ...others]);
});

test("a remembered token dies at its time and the leeway, without being checked again", async () => {
  const { verifyOnce, verified, advance } = openMemory();
  await verifyOnce("a.b.c");
  advance(600 + clockLeeway - 1);
  await verifyOnce("a.b.c");
  advance(1);
  await expect(verifyOnce("a.b.c")).rejects.toMatchObject({ name: "AuthError", code: "token_expired" });
  expect(verified).toEqual(["a.b.c"]);
});

test("the memory is bounded: the token that was used longest ago is forgotten, and checked again when it comes back", async () => {
  const { verifyOnce, verified } = openMemory(3);
  for (const text of ["one", "two", "three", "one", "four"]) await verifyOnce(text);
  expect(verified).toEqual(["one", "two", "three", "four"]);
  await verifyOnce("one");
  await verifyOnce("two");
  expect(verified).toEqual(["one", "two", "three", "four", "two"]);
});

test("10,000 tokens are remembered unless told otherwise", async () => {
  const { verifyOnce, verified } = openMemory();
  for (let token = 0; token <= 10_000; token += 1) await verifyOnce(String(token));
  await verifyOnce("1");
  expect(verified).toHaveLength(10_001);
  await verifyOnce("0");
  expect(verified).toHaveLength(10_002);
});
