import { createHmac } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Auth } from "../auth.ts";
import { toNumericDate } from "../clock.ts";
import { AuthError } from "../errors.ts";
import { createTestAuth, type TestAuth, testSecret } from "../testing/index.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const password = "correct horse battery";
/** An account that came with its hash, and so may have tokens that are older than this service. */
const fromDjango = { djangoHash: "pbkdf2_sha256$1000$c2FsdA$ajb1mzpVBpkOYDyJ6bJbRGQ9Fy8yA7ckMg1yqvBLKQ0=" };
const phoneNumber = "+90 532 123 45 67";

type Claims = Readonly<Record<string, unknown>>;

/** A service that takes over from the old backend, whose tokens it accepts for a day. */
let service: TestAuth;
/** Two processes of it. */
let processes: readonly Auth[];
beforeAll(async () => {
  service = await createTestAuth({
    phones: { defaultCountry: "TR" },
    django: { secretKey, acceptTokensUntil: new Date(Date.now() + 86_400_000) },
  });
  processes = [service.auth, await service.another()];
});
// Each test begins without people, so that everybody can be called alice.
beforeEach(() => service.database.query("delete from latchkey.users"));
afterAll(() => service[Symbol.asyncDispose]());

/** What the old backend put into a token an hour ago: PyJWT with whole seconds in `exp` and a fraction in `iat`. */
function oldClaims(username = "alice"): Claims {
  const now = toNumericDate(service.clock.now());
  return {
    user_identifier: username,
    exp: now + 14_400,
    iat: now - 3_600 + 0.123456,
    username,
    phone_number: "+905321234567",
  };
}

const encode = (text: string) => Buffer.from(text).toString("base64url");

/** Writes a token as PyJWT does, without the library that reads it here. */
function encodeOldToken(
  claims: Claims | string,
  header: Claims = { alg: "HS256", typ: "JWT" },
  secret = secretKey,
): string {
  const payload = typeof claims === "string" ? claims : JSON.stringify(claims);
  const input = `${encode(JSON.stringify(header))}.${encode(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** The id of whoever is let in, or the reason why nobody is. */
async function answer(auth: Auth, token: string): Promise<string> {
  try {
    return (await auth.authenticate([`Bearer ${token}`])).user.id;
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

const countSessions = async () => (await service.database.query("select from latchkey.sessions")).length;

describe("what is not a good token of the old backend is refused, and opens no session", () => {
  beforeEach(async () => {
    await service.auth.createUser({ username: "alice", password: fromDjango, phoneNumber, email: "alice@example.com" });
  });

  const withClaims = (changes: Claims) => () => encodeOldToken({ ...oldClaims(), ...changes });
  const withHeader = (header: Claims) => () => encodeOldToken(oldClaims(), header);
  const signedWith = (secret: string) => () => encodeOldToken(oldClaims(), { alg: "HS256", typ: "JWT" }, secret);
  const withLiteral = (claim: string, literal: string) => () =>
    encodeOldToken(JSON.stringify({ ...oldClaims(), [claim]: "@" }).replace('"@"', literal));
  const now = () => toNumericDate(service.clock.now());

  test.each<[what: string, make: () => string]>([
    ["another secret", signedWith("another-secret-of-the-same-length-0123456")],
    ["an empty secret", signedWith("")],
    ["the service's own secret", signedWith(testSecret)],
    ["the secret with a line break", signedWith(`${secretKey}\n`)],
    ["alg none", () => `${encode('{"alg":"none","typ":"JWT"}')}.${encode(JSON.stringify(oldClaims()))}.`],
    ["alg none and a good signature", withHeader({ alg: "none", typ: "JWT" })],
    ["alg HS512", withHeader({ alg: "HS512", typ: "JWT" })],
    ["alg hs256", withHeader({ alg: "hs256", typ: "JWT" })],
    ["no alg", withHeader({ typ: "JWT" })],
    ["typ at+jwt", withHeader({ alg: "HS256", typ: "at+jwt" })],
    ["typ jwt", withHeader({ alg: "HS256", typ: "jwt" })],
    ["typ null", withHeader({ alg: "HS256", typ: null })],
    ["a key id", withHeader({ alg: "HS256", typ: "JWT", kid: "old" })],
    ["crit", withHeader({ alg: "HS256", typ: "JWT", crit: ["exp"] })],
    ["b64", withHeader({ alg: "HS256", typ: "JWT", b64: true })],
    ["jwk", withHeader({ alg: "HS256", typ: "JWT", jwk: { kty: "oct", k: "YQ" } })],
    ["sub", withClaims({ sub: "01890a5d-ac96-774b-bcce-b302099a8057" })],
    ["sub null", withClaims({ sub: null })],
    ["sid", withClaims({ sid: "01890a5d-ac96-774b-bcce-b302099a8057" })],
    ["no exp", withClaims({ exp: undefined })],
    ["no iat", withClaims({ iat: undefined })],
    ["no user_identifier", withClaims({ user_identifier: undefined })],
    ["user_identifier null", withClaims({ user_identifier: null })],
    ["user_identifier a number", withClaims({ user_identifier: 905321234567 })],
    ["user_identifier a list", withClaims({ user_identifier: ["alice"] })],
    ["user_identifier empty", withClaims({ user_identifier: "" })],
    ["user_identifier of nobody", withClaims({ user_identifier: "nobody" })],
    [
      "user_identifier an e-mail address, which the old backend did not look at",
      withClaims({ user_identifier: "alice@example.com" }),
    ],
    ["user_identifier with a NUL", withClaims({ user_identifier: "alice\0" })],
    ["user_identifier with half a surrogate pair", withClaims({ user_identifier: "alice\ud800" })],
    ["user_identifier with SQL", withClaims({ user_identifier: "alice' or true --" })],
    ["user_identifier with a pattern", withClaims({ user_identifier: "%" })],
    ["user_identifier of a look-alike", withClaims({ user_identifier: "аlice" })],
    ["user_identifier of 5,000 characters", withClaims({ user_identifier: "a".repeat(5_000) })],
    ["iat two minutes ahead", () => withClaims({ iat: now() + 120 })()],
    ["exp before iat", () => withClaims({ iat: now(), exp: now() - 1 })()],
    ["exp as text", withClaims({ exp: "4102444800" })],
    ["iat as text", withClaims({ iat: "1" })],
    ["iat negative", withClaims({ iat: -1 })],
    ["exp in milliseconds", () => withClaims({ exp: now() * 1_000 })()],
    ...["NaN", "Infinity", "-Infinity", "1e999", "1e300", "null"].flatMap((literal): [string, () => string][] => [
      [`exp ${literal}`, withLiteral("exp", literal)],
      [`iat ${literal}`, withLiteral("iat", literal)],
    ]),
    ["a payload that is no object", () => encodeOldToken("[]")],
    ["a payload that is not JSON", () => encodeOldToken("alice")],
  ])("%s", async (_what, make) => {
    const token = make();
    expect(await answer(service.auth, token)).toBe("token_invalid");
    expect(await service.auth.inspectToken(token, service.facts)).toEqual({ active: false });
    expect(await countSessions()).toBe(0);
  });

  test("its time and a minute are over", async () => {
    expect(await answer(service.auth, withClaims({ exp: now() - 60 })())).toBe("token_expired");
    expect(await countSessions()).toBe(0);
  });

  test("whatever claims are signed with the old secret, no other error than a refusal is thrown", async () => {
    const claims = fc.record(
      {
        user_identifier: fc.oneof(fc.jsonValue(), fc.constantFrom("bob", "ALICE2", "\0", "+1")),
        iat: fc.oneof(fc.double(), fc.constantFrom(1, 0.1, 5e-324, now(), now() + 59.9)),
        exp: fc.oneof(fc.double(), fc.constantFrom(2, 99_999_999_999, 99_999_999_999.9, now() - 59.5, now() + 1e9)),
        username: fc.jsonValue(),
        phone_number: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(claims, async (anyClaims) => {
        expect(await answer(service.auth, encodeOldToken(anyClaims))).toMatch(/^token_(invalid|expired)$/);
      }),
      { numRuns: 200 },
    );
    expect(await countSessions()).toBe(0);
  });
});

describe("a token of the old backend names nobody", () => {
  test("who joined here, or whose password or name changed here, after it was issued", async () => {
    const { auth, database } = service;
    await auth.createUser({ username: "alice", password });
    expect(await answer(auth, encodeOldToken(oldClaims()))).toBe("token_invalid");

    const bob = await auth.createUser({ username: "bob", password: fromDjango });
    await database.query("update latchkey.users set credentials_changed_at = latchkey.now() where id = $1", [bob.id]);
    expect(await answer(auth, encodeOldToken(oldClaims("bob")))).toBe("token_invalid");
    expect(await countSessions()).toBe(0);
  });

  test("whose account is disabled", async () => {
    await service.auth.createUser({ username: "alice", password: fromDjango });
    await service.database.query("update latchkey.users set is_active = false");
    expect(await answer(service.auth, encodeOldToken(oldClaims()))).toBe("account_disabled");
  });
});

describe("the tokens of the old backend are accepted on request only, and until a date", () => {
  test("not at all without its secret, or without the date", async () => {
    await service.auth.createUser({ username: "alice", password: fromDjango });
    const token = encodeOldToken(oldClaims());
    for (const django of [undefined, { secretKey }]) {
      expect(await answer(await service.another({ django }), token)).toBe("token_invalid");
    }
    expect(await answer(service.auth, token)).not.toBe("token_invalid");
  });

  test("not from that moment on, even where they are remembered and have a session", async () => {
    const acceptTokensUntil = new Date(service.clock.now().getTime() + 3_600_000);
    const ending = await service.another({ django: { secretKey, acceptTokensUntil } });
    const alice = await service.auth.createUser({ username: "alice", password: fromDjango });
    const token = encodeOldToken(oldClaims());
    await service.clock.advance(3_590);
    expect(await answer(ending, token)).toBe(alice.id);
    await service.clock.advance(10);
    expect(await answer(ending, token)).toBe("token_invalid");
    expect(await ending.inspectToken(token, service.facts)).toEqual({ active: false });
  });
});

describe("a token of the old backend is let in", () => {
  test("for its username in any case, and for its phone number in any spelling that was ever stored", async () => {
    const alice = await service.auth.createUser({ username: "Alice", password: fromDjango, phoneNumber });
    const names = ["Alice", "alice", "ALICE", "+905321234567", "05321234567", "0532 123 45 67", "+90 (532) 123-45-67"];
    for (const name of names) {
      const token = encodeOldToken(oldClaims(name));
      expect(await answer(service.auth, token), name).toBe(alice.id);
    }
  });

  test("with whole seconds, with no typ, and within the leeway of a minute", async () => {
    const alice = await service.auth.createUser({ username: "alice", password: fromDjango });
    const now = toNumericDate(service.clock.now());
    const claims = oldClaims();
    expect(await answer(service.auth, encodeOldToken({ ...claims, iat: now - 60 }))).toBe(alice.id);
    expect(await answer(service.auth, encodeOldToken(claims, { alg: "HS256" }))).toBe(alice.id);
    expect(await answer(service.auth, encodeOldToken({ ...claims, iat: now + 59 }))).toBe(alice.id);
    expect(await answer(service.auth, encodeOldToken({ ...claims, exp: now - 50 }))).toBe(alice.id);
  });

  test("and tells what it is worth, with the id of the person and of the session that it now has", async () => {
    const alice = await service.auth.createUser({ username: "alice", password: fromDjango });
    const exp = toNumericDate(service.clock.now()) + 14_400;
    const token = encodeOldToken({ ...oldClaims(), iat: 1_700_000_000.5, exp });
    const { session } = await service.auth.authenticate([`Bearer ${token}`]);
    expect(await service.auth.inspectToken(token, service.facts)).toEqual({
      active: true,
      sub: alice.id,
      sid: session.id,
      iat: 1_700_000_000.5,
      exp,
    });
  });

  test("until its own time and a minute", async () => {
    const alice = await service.auth.createUser({ username: "alice", password: fromDjango });
    const token = encodeOldToken({ ...oldClaims(), exp: toNumericDate(service.clock.now()) + 600 });
    expect(await answer(service.auth, token)).toBe(alice.id);
    await service.clock.advance(650);
    expect(await answer(service.auth, token)).toBe(alice.id);
    await service.clock.advance(10);
    expect(await answer(service.auth, token)).toBe("token_expired");
  });
});

describe("from its first use on, a token of the old backend is bound to one person", () => {
  test("and one session, though two processes meet it 50 times at once", async () => {
    const alice = await service.auth.createUser({ username: "alice", password: fromDjango });
    const token = encodeOldToken(oldClaims());
    const calls = Array.from({ length: 50 }, (_, call) => answer(processes[call % 2] ?? service.auth, token));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([alice.id]));
    expect(await countSessions()).toBe(1);
    const events = "select from latchkey.audit_events where event = 'legacy_token_adopted' and subject_id = $1";
    expect(await service.database.query(events, [alice.id])).toHaveLength(1);
  });

  test("and ends with that session, on every process, for good", async () => {
    await service.auth.createUser({ username: "alice", password: fromDjango });
    const token = encodeOldToken(oldClaims());
    await Promise.all(processes.map((auth) => answer(auth, token)));
    await service.database.query("update latchkey.sessions set ended_at = latchkey.now(), end_reason = 'signed_out'");
    for (const auth of [...processes, await service.another()]) {
      expect(await answer(auth, token)).toBe("session_ended");
      expect(await auth.inspectToken(token, service.facts)).toEqual({ active: false });
    }
    expect(await countSessions()).toBe(1);
  });

  test("while another token of the same person has a session of its own", async () => {
    const alice = await service.auth.createUser({ username: "alice", password: fromDjango });
    const [one, other] = [oldClaims(), { ...oldClaims(), exp: 4_102_444_800 }].map((claims) => encodeOldToken(claims));
    await answer(service.auth, one ?? "");
    await service.database.query("update latchkey.sessions set ended_at = latchkey.now(), end_reason = 'signed_out'");
    expect(await answer(service.auth, one ?? "")).toBe("session_ended");
    expect(await answer(service.auth, other ?? "")).toBe(alice.id);
  });

  test("whose id it keeps through a rename, and the new holder of the name never gets in by it", async () => {
    const { auth, database } = service;
    const alice = await auth.createUser({ username: "alice", password: fromDjango, phoneNumber });
    const bound = encodeOldToken(oldClaims());
    const boundByPhone = encodeOldToken(oldClaims("+905321234567"));
    const unused = encodeOldToken({ ...oldClaims(), iat: toNumericDate(service.clock.now()) - 100 });
    for (const token of [bound, boundByPhone]) expect(await answer(auth, token)).toBe(alice.id);

    await database.query("update latchkey.users set username = 'alicia', username_key = 'alicia', phone_number = null");
    const heir = await auth.createUser({ username: "alice", password, phoneNumber });
    for (const process of [auth, await service.another()]) {
      for (const token of [bound, boundByPhone]) expect(await answer(process, token)).toBe(alice.id);
      expect(await answer(process, unused)).toBe("token_invalid");
    }
    expect(await database.query("select from latchkey.sessions where user_id = $1", [heir.id])).toEqual([]);
  });

  test("and when that person is gone, a new holder of the name does not inherit it", async () => {
    await service.auth.createUser({ username: "alice", password: fromDjango });
    const token = encodeOldToken(oldClaims());
    await answer(service.auth, token);
    await service.database.query("delete from latchkey.users");
    await service.auth.createUser({ username: "alice", password });
    expect(await answer(service.auth, token)).toBe("token_invalid");
  });
});
