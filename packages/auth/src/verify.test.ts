import { createHmac, generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { JSONWebKeySet } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestAuth, type TestAuth } from "./testing/index.ts";
import type { TokenAlgorithm } from "./tokens/access-token.ts";
import { createTokenVerifier } from "./verify.ts";

type SessionAnswer = Awaited<ReturnType<TestAuth["auth"]["signIn"]>>;

const password = "correct horse battery";
const expected = { issuer: "latchkey", audience: "latchkey" };

const algorithms = ["EdDSA", "ES256", "HS256"] as const;

/** Services, each with keys of one algorithm, and a token of each. */
const services = new Map<TokenAlgorithm, Issuer>();

interface Issuer extends TestAuth {
  readonly session: SessionAnswer;
}

beforeAll(async () => {
  for (const algorithm of algorithms) {
    const test = await createTestAuth({ tokens: { algorithm } });
    await test.auth.createUser({ username: "alice", password });
    services.set(algorithm, { ...test, session: await signIn(test) });
  }
});
afterAll(async () => {
  for (const service of services.values()) await service[Symbol.asyncDispose]();
});

const signIn = ({ auth, facts }: TestAuth) => auth.signIn({ username: "alice", password }, facts);

function issuerOf(algorithm: TokenAlgorithm): Issuer {
  const issuer = services.get(algorithm);
  if (!issuer) throw new Error("There is no service with this algorithm");
  return issuer;
}

const refused = (code: string) => expect.objectContaining({ name: "AuthError", code });

/** A good token under the id of a key that nobody has. */
function withUnknownKey(token: string, kid = "unknown"): string {
  const [header = "", ...rest] = token.split(".");
  const members = { ...JSON.parse(Buffer.from(header, "base64url").toString()), kid };
  return [Buffer.from(JSON.stringify(members)).toString("base64url"), ...rest].join(".");
}

/** Publishes keys on a free port of this machine, and counts who asks. */
async function publish(answer: (response: ServerResponse) => void) {
  let count = 0;
  let respond = answer;
  const server = createServer((_request, response) => {
    count += 1;
    respond(response);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    countRequests: () => count,
    answerWith: (next: (response: ServerResponse) => void) => {
      respond = next;
    },
    goDown: close,
    comeBack: () => listen(port),
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await close();
    },
  };
}

const json = (value: unknown) => (response: ServerResponse) =>
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));

async function publishKeysOf(test: TestAuth) {
  return publish(json(await test.auth.publicKeys()));
}

describe("with the keys at hand", () => {
  test("a token for another audience, of another issuer, or under another key is refused", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    const jwks = await test.auth.publicKeys();
    const other = withOtherKey(jwks);
    const verifiers = [
      createTokenVerifier({ ...expected, jwks, issuer: "other", clock: test.clock }),
      createTokenVerifier({ ...expected, jwks, audience: "other", clock: test.clock }),
      createTokenVerifier({ ...expected, jwks: { keys: [] }, clock: test.clock }),
      createTokenVerifier({ ...expected, jwks: await issuerOf("ES256").auth.publicKeys(), clock: test.clock }),
      createTokenVerifier({ ...expected, jwks: other, clock: test.clock }),
    ];
    for (const verify of verifiers) await expect(verify(token)).rejects.toEqual(refused("token_invalid"));
  });

  test("what is no token is refused, whatever it is", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    const verify = createTokenVerifier({ ...expected, jwks: await test.auth.publicKeys(), clock: test.clock });
    const texts = ["", "a.b.c", `Bearer ${token}`, ` ${token}`, `${token}=`, `${token}A`, token.slice(0, -1), "\0"];
    for (const text of [...texts, withUnknownKey(token), withUnknownKey(token, "\0")]) {
      await expect(verify(text), text).rejects.toEqual(refused("token_invalid"));
    }
  });

  test("a key that cannot be read is the key's fault, and no error of the library's comes out", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    const [key] = (await test.auth.publicKeys()).keys;
    for (const broken of [{ x: "AAAA" }, { crv: "none" }, { kty: "EC" }]) {
      const jwks: JSONWebKeySet = { keys: [{ ...key, ...broken }] };
      const verify = createTokenVerifier({ ...expected, jwks, clock: test.clock });
      await expect(verify(token)).rejects.toEqual(
        expect.objectContaining({ name: "AuthError", code: expect.stringMatching(/^(unavailable|token_invalid)$/) }),
      );
    }
  });

  test.each([{}, null, undefined, [], { keys: null }, { keys: {} }, { keys: ["key"] }, 7])(
    "what is no set of keys is refused when the verifier is made: %j",
    (jwks) => {
      expect(() => createTokenVerifier({ ...expected, jwks: jwks as JSONWebKeySet })).toThrow(TypeError);
    },
  );

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("so is `staleFor: %d`", (staleFor) => {
    expect(() => createTokenVerifier({ ...expected, jwks: "http://127.0.0.1/", staleFor })).toThrow(RangeError);
  });

  test("a key that is for something else than signatures verifies none", async () => {
    const test = issuerOf("EdDSA");
    const [key] = (await test.auth.publicKeys()).keys;
    for (const purpose of [{ use: "enc" }, { use: "" }, { key_ops: ["encrypt"] }, { key_ops: [] }]) {
      const jwks: JSONWebKeySet = { keys: [{ ...key, ...purpose }] };
      const verify = createTokenVerifier({ ...expected, jwks, clock: test.clock });
      await expect(verify(test.session.token), JSON.stringify(purpose)).rejects.toEqual(refused("token_invalid"));
    }
  });

  test("a shared secret under 256 bits verifies nothing, not even what was signed with it", async () => {
    const { clock, session } = issuerOf("EdDSA");
    const claims = JSON.parse(Buffer.from(session.token.split(".")[1] ?? "", "base64url").toString());
    for (const [bytes, isGood] of [
      [0, false],
      [16, false],
      [31, false],
      [32, true],
    ] as const) {
      const secret = Buffer.alloc(bytes, 7);
      const k = secret.toString("base64url");
      const jwks: JSONWebKeySet = { keys: [{ kty: "oct", k, kid: "shared", alg: "HS256" }] };
      const header = { alg: "HS256", kid: "shared", typ: "at+jwt" };
      const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
      const token = `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
      const verified = createTokenVerifier({ ...expected, jwks, clock })(token);
      if (isGood) expect((await verified).sub).toBe(session.user.id);
      else await expect(verified).rejects.toEqual(refused("token_invalid"));
    }
  });

  test.each(algorithms)("an %s token is told with its claims", async (algorithm) => {
    const test = issuerOf(algorithm);
    const { token, user } = test.session;
    const verify = createTokenVerifier({ ...expected, jwks: await test.auth.verificationKeys(), clock: test.clock });
    const claims = await verify(token);
    expect(claims).toMatchObject({ iss: "latchkey", aud: "latchkey", sub: user.id });
    expect({ active: true, ...claims }).toEqual(await test.auth.inspectToken(token, test.facts));
  });

  test("a token expires a minute after its time", async () => {
    const { auth, clock, session } = issuerOf("EdDSA");
    const jwks = await auth.publicKeys();
    const verifyAfter = (seconds: number) => {
      const now = new Date(clock.now().getTime() + seconds * 1_000);
      return createTokenVerifier({ ...expected, jwks, clock: { now: () => now } })(session.token);
    };
    expect((await verifyAfter(959)).sub).toBe(session.user.id);
    await expect(verifyAfter(960)).rejects.toEqual(refused("token_expired"));
    await expect(verifyAfter(1e9)).rejects.toEqual(refused("token_expired"));
    await expect(verifyAfter(-61)).rejects.toEqual(refused("token_invalid"));
  });

  test("two keys of one id and different algorithms are never taken for each other", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    const [elliptic] = (await issuerOf("ES256").auth.publicKeys()).keys;
    const [edwards] = (await test.auth.publicKeys()).keys;
    const kid = edwards?.kid ?? "";
    const jwks: JSONWebKeySet = { keys: [{ ...elliptic, kid }, { ...edwards }].map((key) => ({ kty: "OKP", ...key })) };
    const verify = createTokenVerifier({ ...expected, jwks, clock: test.clock });
    const [header = "", ...rest] = token.split(".");
    const confused = Buffer.from(header, "base64url").toString().replace("EdDSA", "ES256");
    const forged = [Buffer.from(confused).toString("base64url"), ...rest].join(".");
    await expect(verify(forged)).rejects.toEqual(refused("token_invalid"));
    expect((await verify(token)).iss).toBe("latchkey");
  });
});

/** The same set of keys, but for the keys. */
function withOtherKey({ keys }: JSONWebKeySet): JSONWebKeySet {
  const { publicKey } = generateKeyPairSync("ed25519");
  const { x } = publicKey.export({ format: "jwk" });
  return { keys: keys.map((key) => ({ ...key, ...(x && { x }) })) };
}

describe("with the keys behind an address", () => {
  // The library that fetches keys reads the machine's own clock.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const passSeconds = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000);

  test("an answer that is no set of keys is `unavailable`, with the time to wait, and is forgotten once it is mended", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    const keys = await test.auth.publicKeys();
    await using server = await publish((response) => response.end());
    const verify = createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock });
    const garbage: ((response: ServerResponse) => void)[] = [
      (response) => response.end("<html>"),
      (response) => response.end(""),
      (response) => response.writeHead(500).end(JSON.stringify(keys)),
      (response) => response.writeHead(302, { location: "/elsewhere" }).end(),
      (response) => response.destroy(),
      ...[null, [], "keys", {}, { keys: null }, { keys: {} }, { keys: [null] }, { keys: ["key"] }].map(json),
    ];
    for (const [asked, answer] of garbage.entries()) {
      server.answerWith(answer);
      await expect(verify(token)).rejects.toEqual(expect.objectContaining({ code: "unavailable", retryAfter: 5 }));
      expect(server.countRequests()).toBe(asked + 1);
      passSeconds(5);
    }
    server.answerWith(json(keys));
    expect((await verify(token)).iss).toBe("latchkey");
  });

  test("a server that is down is `unavailable`, with the time to wait, until it is back", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    await using server = await publishKeysOf(test);
    await server.goDown();
    const verify = createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock });
    for (let call = 0; call < 3; call += 1) {
      await expect(verify(token)).rejects.toEqual(expect.objectContaining({ code: "unavailable", retryAfter: 5 }));
    }
    await server.comeBack();
    passSeconds(5);
    expect((await verify(token)).iss).toBe("latchkey");
    await server.goDown();
    expect((await verify(token)).iss).toBe("latchkey");
  });

  test("a text that is no token is refused without asking anybody", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    await using server = await publishKeysOf(test);
    const verify = createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock });
    for (const text of ["", "a.b.c", `${token}=`, token.replace(".", ".."), "x".repeat(10_000)]) {
      await expect(verify(text)).rejects.toEqual(refused("token_invalid"));
    }
    expect(server.countRequests()).toBe(0);
  });

  test("the keys are fetched once for many calls, and again after five minutes", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    await using server = await publishKeysOf(test);
    const verify = createTokenVerifier({ ...expected, jwks: new URL(server.url), clock: test.clock });
    await Promise.all(Array.from({ length: 50 }, () => verify(token)));
    passSeconds(299);
    await verify(token);
    expect(server.countRequests()).toBe(1);
    passSeconds(2);
    await verify(token);
    expect(server.countRequests()).toBe(2);
  });

  test("made-up key ids make it ask at most once in ten seconds", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    await using server = await publishKeysOf(test);
    const verify = createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock });
    await verify(token);
    const present = (wave: number) =>
      Promise.all(
        Array.from({ length: 20 }, (_, call) =>
          expect(verify(withUnknownKey(token, `${wave}-${call}`))).rejects.toEqual(refused("token_invalid")),
        ),
      );
    await present(0);
    expect(server.countRequests()).toBe(1);
    for (const wave of [1, 2]) {
      passSeconds(11);
      await present(wave);
      await present(wave);
      expect(server.countRequests()).toBe(1 + wave);
    }
  });

  test("an answer of 500 is asked for a handful of times, however many tokens with made-up key ids come", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    await using server = await publish((response) => response.writeHead(500).end());
    const verify = createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock });
    for (let call = 0; call < 200; call += 1) {
      await expect(verify(withUnknownKey(token, `made-up-${call}`))).rejects.toEqual(refused("token_invalid"));
      // One that may be a key of the service's cannot be told from one that is.
      const thumbprint = String(call).padEnd(43, "A");
      await expect(verify(withUnknownKey(token, thumbprint))).rejects.toEqual(refused("unavailable"));
    }
    expect(server.countRequests()).toBe(1);
    passSeconds(4);
    await expect(verify(token)).rejects.toEqual(expect.objectContaining({ code: "unavailable", retryAfter: 1 }));
    passSeconds(1);
    await expect(verify(token)).rejects.toEqual(expect.objectContaining({ code: "unavailable", retryAfter: 5 }));
    expect(server.countRequests()).toBe(2);
  });

  test("keys that were fetched before tell made-up ones still while the service answers 500", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    await using server = await publishKeysOf(test);
    const verify = createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock });
    await verify(token);
    server.answerWith((response) => response.writeHead(500).end());
    passSeconds(60);
    for (let call = 0; call < 200; call += 1) {
      await expect(verify(withUnknownKey(token, String(call).padEnd(43, "A")))).rejects.toEqual(
        refused("token_invalid"),
      );
    }
    expect(server.countRequests()).toBe(2);
    expect((await verify(token)).iss).toBe("latchkey");
  });

  test("keys are good for `staleFor` while the service is away, and for no second more", async () => {
    const test = issuerOf("EdDSA");
    const { token } = test.session;
    await using server = await publishKeysOf(test);
    const verifyFor = (staleFor?: number) =>
      createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock, ...(staleFor && { staleFor }) });
    const [byDefault, long] = [verifyFor(), verifyFor(3_600)];
    await Promise.all([byDefault(token), long(token)]);
    await server.goDown();
    passSeconds(299);
    expect((await byDefault(token)).iss).toBe("latchkey");
    passSeconds(1);
    await expect(byDefault(token)).rejects.toEqual(refused("unavailable"));
    passSeconds(3_299);
    expect((await long(token)).iss).toBe("latchkey");
    // By now there may be keys that it has not seen.
    await expect(long(withUnknownKey(token, "A".repeat(43)))).rejects.toEqual(refused("unavailable"));
    passSeconds(1);
    await expect(long(token)).rejects.toEqual(refused("unavailable"));
    await server.comeBack();
    passSeconds(5);
    expect((await byDefault(token)).iss).toBe("latchkey");
  });

  test("an answer without end is read no further than a set of keys can be long", async () => {
    const test = issuerOf("EdDSA");
    let sent = 0;
    let isCut = false;
    await using server = await publish((response) => {
      response.on("close", () => {
        isCut = true;
      });
      const pour = () => {
        while (!isCut && response.write(" ".repeat(16_384))) sent += 16_384;
      };
      response.writeHead(200, { "content-type": "application/json" }).on("drain", pour);
      pour();
    });
    const verify = createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock });
    await expect(verify(test.session.token)).rejects.toEqual(refused("unavailable"));
    await vi.waitFor(() => expect(isCut).toBe(true), { timeout: 20_000 });
    expect(sent).toBeLessThan(20_000_000);
  });

  test("HS256 is refused, since what is published can be no secret", async () => {
    const test = issuerOf("HS256");
    const { token } = test.session;
    await using published = await publishKeysOf(test);
    await using careless = await publish(json(await test.auth.verificationKeys()));
    for (const { url } of [published, careless]) {
      const verify = createTokenVerifier({ ...expected, jwks: url, clock: test.clock });
      await expect(verify(token)).rejects.toEqual(refused("token_invalid"));
    }
  });

  test("through a rotation every token is good, as the new key is fetched before it signs", async () => {
    const test = issuerOf("ES256");
    const { token: old } = await signIn(test);
    await using server = await publish((response) => {
      test.auth.publicKeys().then(
        (keys) => json(keys)(response),
        () => response.destroy(),
      );
    });
    const verify = createTokenVerifier({ ...expected, jwks: server.url, clock: test.clock });
    await verify(old);
    const kid = await test.auth.rotateKeys({ compromised: false });
    await test.clock.advance(601);
    passSeconds(601);
    const { token } = await signIn(test);
    expect(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).toContain(kid);
    expect((await verify(token)).iss).toBe("latchkey");
    expect((await verify(old)).iss).toBe("latchkey");
  });
});

test("another service needs jose and nothing else to verify: no database, no Node", async () => {
  const own = new Set<string>();
  const packages = new Set<string>();

  async function visit(file: URL): Promise<void> {
    if (own.has(file.href)) return;
    own.add(file.href);
    const source = await readFile(file, "utf8");
    // A statement's clause has no quotes; `import type` is erased and costs nothing.
    const clauses = source.matchAll(
      /\b(?:import|export)\b(?! type)[^"';]*?from\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g,
    );
    for (const [, from, bare] of clauses) {
      const name = from ?? bare ?? "";
      if (name.startsWith(".")) await visit(new URL(name, file));
      else packages.add(name);
    }
  }

  await visit(new URL("./verify.ts", import.meta.url));
  expect([...packages]).toEqual(["jose"]);
  expect(own.size).toBeGreaterThan(2);
});
