import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Auth } from "../auth.ts";
import { createAuth } from "../create-auth.ts";
import { AuthError, StartError } from "../errors.ts";
import { createSecret, deriveKey } from "../secrets.ts";
import { openStorage } from "../storage/database.ts";
import { createTestAuth, createTestDatabase, shareOut, type TestAuth, testSecret } from "../testing/index.ts";
import { createTokenVerifier } from "../verify.ts";
import { type TokenAlgorithm, tokenAlgorithms } from "./access-token.ts";
import { createKeyRing } from "./key-ring.ts";

const password = "correct horse battery";
const overlap = 960;

let service: TestAuth;
beforeAll(async () => {
  service = await createTestAuth();
  await service.auth.createUser({ username: "alice", password });
});
// Each test begins with one EdDSA key that was never used.
beforeEach(async () => {
  await service.auth.initialize();
  await service.auth.rotateKeys({ compromised: true });
});
afterAll(() => service[Symbol.asyncDispose]());

/** A process of that algorithm and no key but its own. */
async function openProcessWithOwnKey(algorithm: TokenAlgorithm): Promise<Auth> {
  const auth = await service.another({ tokens: { algorithm } });
  await auth.rotateKeys({ compromised: true });
  return auth;
}

async function answer(auth: Auth, token: string): Promise<string> {
  try {
    return (await auth.authenticate([`Bearer ${token}`])).user.username ?? "no username";
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

async function signIn(auth: Auth): Promise<string> {
  return (await auth.signIn({ username: "alice", password }, service.facts)).token;
}

const headerOf = (token: string): { alg: TokenAlgorithm; kid: string } =>
  JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());

const countKeys = async ({ database }: Pick<TestAuth, "database">) =>
  (await database.query("select from latchkey.signing_keys")).length;

/** The reason for which a process does not start. */
async function findStartError(start: Promise<unknown>): Promise<string> {
  const error = await start.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  return error instanceof StartError ? error.message : "";
}

describe("a process with another secret than the keys were sealed with does not start", () => {
  test("and says so in one line that holds neither secret", async () => {
    const secret = createSecret();
    const message = await findStartError(service.another({ secret }));
    expect(message).toContain("LATCHKEY_SECRET");
    expect(message).not.toMatch(/\n/);
    expect(message).not.toContain(secret);
    expect(message).not.toContain(testSecret);
  });

  test("nor adds a key that the others could not open, when another algorithm calls for a new one", {
    tags: ["long"],
  }, async () => {
    await findStartError(service.another({ secret: createSecret(), tokens: { algorithm: "ES256" } }));
    expect(await countKeys(service)).toBe(1);
    expect(await answer(service.auth, await signIn(service.auth))).toBe("alice");
  });

  test("nor rotates the keys, even those that are compromised: the secret may be a slip, and the service would be shut out", async () => {
    await using stranger = openProcess(service, { secret: createSecret() });
    for (const compromised of [false, true]) await findStartError(stranger.auth.rotateKeys({ compromised }));
    expect(await countKeys(service)).toBe(1);
    expect(await answer(service.auth, await signIn(service.auth))).toBe("alice");
  });

  test("even though every private part lies in the row of another key", async () => {
    await service.auth.rotateKeys({ compromised: false });
    await service.database.query(`
      update latchkey.signing_keys moved set sealed_private_jwk = other.sealed_private_jwk
      from latchkey.signing_keys other where other.kid <> moved.kid`);
    await findStartError(service.another());
    await service.auth.reseal({ lost: true });
  });
});

/** A process that has not been prepared. */
function openProcess({ database, clock }: Pick<TestAuth, "database"> & Partial<TestAuth>, options: { secret: string }) {
  const auth = createAuth(database.connection, { ...options, ...(clock && { clock }) });
  return { auth, [Symbol.asyncDispose]: () => auth.close() };
}

describe("what the keys give away", () => {
  for (const { tags, cases } of shareOut(tokenAlgorithms, tokenAlgorithms.length))
    test.each(cases)("with %s the table holds no private part that can be read", { tags }, async (algorithm) => {
      const auth = await openProcessWithOwnKey(algorithm);
      await auth.rotateKeys({ compromised: false });
      const rows = await service.database.query<{ public_jwk: object | null; sealed_private_jwk: Buffer }>(
        "select * from latchkey.signing_keys",
      );
      expect(rows).toHaveLength(2);
      for (const { public_jwk, sealed_private_jwk } of rows) {
        expect(Object.keys(public_jwk ?? {})).not.toContain("d");
        expect(Object.keys(public_jwk ?? {})).not.toContain("k");
        expect(sealed_private_jwk.toString("latin1")).not.toMatch(/"(d|k|kty)"/);
      }
    });

  for (const { tags, cases } of shareOut(
    [
      ["EdDSA", { kty: "OKP", crv: "Ed25519" }, ["alg", "crv", "kid", "kty", "use", "x"]],
      ["ES256", { kty: "EC", crv: "P-256" }, ["alg", "crv", "kid", "kty", "use", "x", "y"]],
    ],
    2,
  ))
    test.each(cases)(
      "with %s the published keys have public members only",
      { tags },
      async (algorithm, type, members) => {
        const auth = await openProcessWithOwnKey(algorithm);
        await auth.rotateKeys({ compromised: false });
        for (const keySet of [await auth.publicKeys(), await auth.verificationKeys()]) {
          expect(Object.keys(keySet)).toEqual(["keys"]);
          expect(keySet.keys).toHaveLength(2);
          for (const jwk of keySet.keys) {
            expect(Object.keys(jwk).sort()).toEqual(members);
            expect(jwk).toMatchObject({ ...type, alg: algorithm, use: "sig" });
          }
        }
      },
    );

  test("with HS256 nothing is published, and the key's id is not a hash that could be guessed at", async () => {
    const auth = await openProcessWithOwnKey("HS256");
    expect(await auth.publicKeys()).toEqual({ keys: [] });
    const [jwk] = (await auth.verificationKeys()).keys;
    expect(Buffer.from(jwk?.k ?? "", "base64url").length).toBeGreaterThanOrEqual(32);
    const thumbprint = createHash("sha256")
      .update(JSON.stringify({ k: jwk?.k, kty: "oct" }))
      .digest("base64url");
    expect(jwk?.kid).not.toBe(thumbprint);
  });

  test("the key's id is its thumbprint as RFC 7638 has it", async () => {
    const [jwk] = (await service.auth.publicKeys()).keys;
    const required = JSON.stringify({ crv: jwk?.crv, kty: jwk?.kty, x: jwk?.x });
    expect(jwk?.kid).toBe(createHash("sha256").update(required).digest("base64url"));
  });
});

test("of several processes that start at once on an empty database, one makes the key and all sign with it", async () => {
  await using database = await createTestDatabase();
  await using first = openProcess({ database }, { secret: testSecret });
  await using second = openProcess({ database }, { secret: testSecret });
  await using third = openProcess({ database }, { secret: testSecret });
  const processes = [first.auth, second.auth, third.auth];
  await Promise.all(processes.map((auth) => auth.initialize()));
  expect(await countKeys({ database })).toBe(1);
  const published = await Promise.all(processes.map((auth) => auth.publicKeys()));
  expect(published[1]).toEqual(published[0]);
  expect(published[2]).toEqual(published[0]);
});

test("a key is handed out for its own algorithm only, before any library is asked", async () => {
  const storage = openStorage(service.database.connection);
  const sealingKeys = [deriveKey(testSecret, "signing-keys")] as const;
  const ring = createKeyRing({ db: storage.db, sealingKeys, algorithm: "EdDSA", overlapSeconds: overlap });
  const { kid } = await ring.signingKey();
  for (const alg of ["ES256", "HS256"] as const) {
    await expect(ring.findVerificationKey({ alg, kid })).rejects.toMatchObject({ code: "token_invalid" });
  }
  expect(await ring.findVerificationKey({ alg: "EdDSA", kid })).toMatchObject({ type: "public" });
  await storage.close();
});

test("a process that starts again makes no new key", async () => {
  await service.another();
  await service.auth.initialize();
  expect(await countKeys(service)).toBe(1);
});

describe("when the setting names another algorithm", () => {
  test("a start says so, and the audit trail why there is another key", async () => {
    const switched = await service.another({ tokens: { algorithm: "HS256" } });
    const events = await service.database.query(
      "select detail from latchkey.audit_events where event = 'keys_rotated' order by id desc limit 1",
    );
    expect(events).toEqual([{ detail: { oldKeysRemoved: false, because: "algorithm" } }]);
    expect(await switched.initialize()).toEqual([]);
    const back = await service.auth.initialize();
    expect(back).toEqual([
      "Tokens were signed with HS256, and the setting names EdDSA: its key is published, and signs in ten minutes",
    ]);
  });

  test("who only works on the database beside the service makes no key, and a rotation keeps to the algorithm that there is", {
    tags: ["long"],
  }, async () => {
    const other = createAuth(service.database.connection, { secret: testSecret, tokens: { algorithm: "ES256" } });
    for (const mode of ["missing", "nothing"] as const) expect(await other.initialize({ mode })).toEqual([]);
    expect(await countKeys(service)).toBe(1);
    expect((await other.checkHealth()).warnings).toContain(
      "TOKEN_ALGORITHM is ES256 here, and the newest key is of EdDSA: the service runs with another setting, or has not been started with this one.",
    );
    await other.rotateKeys({ compromised: true });
    await other.close();
    expect(headerOf(await signIn(service.auth)).alg).toBe("EdDSA");
  });

  test("new tokens have it on every process as soon as everybody has the key, and old ones are accepted until they have run out", async () => {
    const longLived = await signIn(await service.another({ tokens: { lifetime: 86_400 } }));
    const switched = await service.another({ tokens: { algorithm: "ES256" } });
    expect((await switched.publicKeys()).keys.map(({ alg }) => alg).sort()).toEqual(["ES256", "EdDSA"]);
    await service.clock.advance(599);
    const old = await signIn(switched);
    expect(headerOf(old).alg).toBe("EdDSA");
    await service.clock.advance(1);
    for (const auth of [switched, service.auth]) {
      const token = await signIn(auth);
      expect(headerOf(token).alg).toBe("ES256");
      expect(await answer(service.auth, token)).toBe("alice");
      expect(await answer(switched, token)).toBe("alice");
      expect(await answer(auth, old)).toBe("alice");
    }
    await service.clock.advance(overlap - 5);
    expect(await answer(switched, old)).toBe("alice");
    await service.clock.advance(5);
    expect(await answer(switched, old)).toBe("token_expired");
    expect(await answer(switched, longLived)).toBe("token_invalid");
    expect(await answer(service.auth, longLived)).toBe("token_invalid");
  });

  test("a key that was waiting to sign never takes over from it", async () => {
    const waiting = await service.auth.rotateKeys({ compromised: false });
    const switched = await service.another({ tokens: { algorithm: "ES256" } });
    for (const seconds of [0, 601, 300, 900]) {
      await service.clock.advance(seconds);
      const { alg, kid } = headerOf(await signIn(switched));
      expect(alg).toBe(seconds === 0 ? "EdDSA" : "ES256");
      expect(kid).not.toBe(waiting);
    }
  });

  test("a rotation that follows is not signed for by the one that was waiting", { tags: ["long"] }, async () => {
    const waiting = await service.auth.rotateKeys({ compromised: false });
    const switched = await service.another({ tokens: { algorithm: "ES256" } });
    await service.clock.advance(100);
    const next = await switched.rotateKeys({ compromised: false });
    await service.clock.advance(550);
    const between = await signIn(switched);
    expect(headerOf(between).kid).not.toBe(waiting);
    await service.clock.advance(899);
    expect(await answer(switched, between)).toBe("alice");
    expect(headerOf(await signIn(switched)).kid).toBe(next);
  });
});

test("without a key that may sign, a sign-in answers `unavailable` and when to try again", async () => {
  await service.database.query("delete from latchkey.signing_keys");
  await expect(signIn(service.auth)).rejects.toMatchObject({ code: "unavailable", retryAfter: 5 });
});

test("another service verifies HS256 tokens with the keys that it is trusted with", async () => {
  const auth = await openProcessWithOwnKey("HS256");
  const jwks = await auth.verificationKeys();
  const verify = createTokenVerifier({ issuer: "latchkey", audience: "latchkey", jwks, clock: service.clock });
  const { token, user } = await auth.signIn({ username: "alice", password }, service.facts);
  expect((await verify(token)).sub).toBe(user.id);
});
