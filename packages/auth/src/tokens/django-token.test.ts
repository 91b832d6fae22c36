import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toNumericDate } from "../clock.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const password = "correct horse battery";
const django = { django: { secretKey }, tokens: { profile: "django" } } as const;

type Members = Readonly<Record<string, unknown>>;

const decode = (segment = ""): Members => JSON.parse(Buffer.from(segment, "base64url").toString());

function sign(header: Members, claims: Members, secret = secretKey): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

let service: TestAuth;
beforeAll(async () => {
  service = await createTestAuth(django);
  const { importedUsers } = service.auth;
  const round = await importedUsers.startRound({ source: "django", startedAt: service.clock.now() });
  await importedUsers.record(round, [{ oldId: "1", username: "Alice", phoneNumber: "0532 123 45 67" }]);
  await importedUsers.completeRound(round, { people: 1 });
  const importedFrom = { source: "django", oldId: "1" };
  await service.auth.createUser({ username: "alice", password, phoneNumber: "+90 532 123 45 67", importedFrom });
});
afterAll(() => service[Symbol.asyncDispose]());

async function signIn(auth = service.auth) {
  const answer = await auth.signIn({ username: "alice", password }, service.facts);
  const [header, claims] = answer.token.split(".");
  return { ...answer, header: decode(header), claims: decode(claims) };
}

test("in the profile `django` a token that the old secret signed is refused when anything but the old claims is added", async () => {
  const { header, claims, user } = await signIn();
  const { kid: _, ...withoutKid } = header;
  const { sub: __, ...withoutSub } = claims;
  const forgeries: [what: string, token: string][] = [
    ["an audience", sign(header, { ...claims, aud: "latchkey" })],
    ["the audience null", sign(header, { ...claims, aud: null })],
    ["another issuer", sign(header, { ...claims, iss: "django" })],
    ["another secret", sign(header, claims, "another-secret-of-the-same-length-0123456")],
    ["no key id", sign(withoutKid, claims)],
    ["another key id", sign({ ...header, kid: "old" }, claims)],
    ["the old type", sign({ ...header, typ: "JWT" }, claims)],
    ["the old header, as if it were one of the old backend's", sign({ alg: "HS256", typ: "JWT" }, claims)],
    ["no sub", sign(header, withoutSub)],
  ];
  for (const [what, token] of forgeries) {
    await expect(service.auth.authenticate([`Bearer ${token}`]), what).rejects.toMatchObject({ code: "token_invalid" });
  }
  const again = sign(header, { ...claims, jti: "again" });
  expect((await service.auth.authenticate([`Bearer ${again}`])).user.id).toBe(user.id);
});

test("in the profile `django` a token has the old claims, is half a minute old, and has no audience, which the old backend would refuse", async () => {
  const { token, header, claims, user } = await signIn();
  const now = toNumericDate(service.clock.now());
  expect(header).toEqual({ alg: "HS256", kid: expect.any(String), typ: "at+jwt" });
  expect(claims).toEqual({
    iss: "latchkey",
    sub: user.id,
    sid: expect.any(String),
    jti: expect.any(String),
    iat: now - 30,
    exp: now + 900,
    user_identifier: "Alice",
    username: "Alice",
    phone_number: "0532 123 45 67",
  });
  expect(sign(header, claims)).toBe(token);
});

test("in the profile `django` nothing is published, and the old secret is told to nobody", async () => {
  const auth = await service.another({ tokens: { profile: "django", algorithm: "HS256" } });
  const { header } = await signIn(auth);
  const told = JSON.stringify([await auth.publicKeys(), await auth.verificationKeys(), header]);
  for (const encoding of ["base64url", "base64", "hex", "utf8"] as const) {
    expect(told).not.toContain(Buffer.from(secretKey).toString(encoding));
  }
});

test("in the profile `django` a token ends with its session, as any other", async () => {
  const { token, refreshToken } = await signIn();
  await service.auth.authenticate([`Bearer ${token}`]);
  await service.auth.signOut(refreshToken, service.facts);
  await expect(service.auth.authenticate([`Bearer ${token}`])).rejects.toMatchObject({ code: "session_ended" });
});

test("the standard profile does not accept what the old secret signed, though the secret is known to it", async () => {
  const standard = await service.another({ tokens: { profile: "standard" } });
  const { header, claims } = await signIn(standard);
  const old = await signIn();
  for (const forged of [old.token, sign(old.header, claims), sign({ ...header, alg: "HS256" }, claims)]) {
    await expect(standard.authenticate([`Bearer ${forged}`])).rejects.toMatchObject({ code: "token_invalid" });
  }
});
