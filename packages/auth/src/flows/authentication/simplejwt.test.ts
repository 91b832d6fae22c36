import { createHmac, pbkdf2Sync, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toNumericDate } from "../../clock.ts";
import { createTestAuth, type TestAuth, testSecret } from "../../testing/index.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const password = "correct horse battery";
// A password that was set here would end old tokens.
const djangoHash = `pbkdf2_sha256$1$salt$${pbkdf2Sync(password, "salt", 1, 32, "sha256").toString("base64")}`;

type Members = Readonly<Record<string, unknown>>;

function sign(claims: Members, secret = secretKey, toJson: (claims: Members) => string = JSON.stringify): string {
  const input = [JSON.stringify({ alg: "HS256", typ: "JWT" }), toJson(claims)]
    .map((part) => Buffer.from(part).toString("base64url"))
    .join(".");
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

let service: TestAuth;
let issuedAt: number;

async function runRound(startedAt: Date, people: readonly (readonly [oldId: string, username: string])[]) {
  const { importedUsers } = service.auth;
  const round = await importedUsers.startRound({ source: "django", startedAt });
  const joinedAt = new Date("2024-01-01T00:00:00Z");
  await importedUsers.record(
    round,
    people.map(([oldId, username]) => ({ oldId, username, phoneNumber: null, joinedAt })),
  );
  await importedUsers.completeRound(round, { people: people.length });
}

beforeAll(async () => {
  const acceptTokensUntil = new Date(Date.now() + 86_400_000);
  service = await createTestAuth({ django: { secretKey, acceptTokensUntil }, tokens: { profile: "simplejwt" } });
  await runRound(service.clock.now(), [
    ["7", "alice"],
    ["8", "boss"],
    ["9", "left_out"],
    ["9007199254740992", "even"],
    ["9007199254740993", "odd"],
  ]);
  for (const [oldId, username] of [
    ["9007199254740992", "even"],
    ["9007199254740993", "odd"],
  ] as const) {
    const importedFrom = { source: "django", oldId };
    await service.auth.createUser({ username, password: { djangoHash }, importedFrom });
  }
  await service.auth.createUser({
    username: "alice",
    password: { djangoHash },
    importedFrom: { source: "django", oldId: "7" },
  });
  await service.auth.createUser({
    username: "boss",
    password: { djangoHash },
    isStaff: true,
    importedFrom: { source: "django", oldId: "8" },
  });
  await service.clock.advance(120);
  issuedAt = toNumericDate(service.clock.now());
  await service.clock.advance(120);
  await runRound(service.clock.now(), [
    ["7", "alice_renamed"],
    ["8", "boss"],
    ["9", "left_out"],
    ["9007199254740992", "even"],
    ["9007199254740993", "odd"],
  ]);
});
afterAll(() => service[Symbol.asyncDispose]());

const access = (changes: Members = {}) => ({
  token_type: "access",
  exp: issuedAt + 3_600,
  iat: issuedAt,
  jti: "0123456789abcdef0123456789abcdef",
  user_id: 7,
  ...changes,
});
const authenticate = (token: string) => service.auth.authenticate([`Bearer ${token}`], service.facts);

test("an access token of simplejwt is its person's by the old id, also after they are renamed there", async () => {
  expect((await authenticate(sign(access()))).user.username).toBe("alice");
  expect((await authenticate(sign(access({ user_id: "7", jti: "of a later version" })))).user.username).toBe("alice");
});

test("an id of more digits than JavaScript keeps is one person's, whose neighbour it is not", async () => {
  const withId = (digits: string) =>
    sign(access({ user_id: "id" }), secretKey, (claims) => JSON.stringify(claims).replace('"id"', digits));
  expect((await authenticate(withId("9007199254740993"))).user.username).toBe("odd");
  expect((await authenticate(withId("9007199254740992"))).user.username).toBe("even");
  for (const digits of ["9007199254740994", "9.007199254740993e15", "9007199254740993.0", "1e30", "-9007199254740993"])
    await expect(authenticate(withId(digits)), digits).rejects.toMatchObject({ code: "token_invalid" });
});

test.each<[what: string, claims: () => Members]>([
  ["a refresh token", () => access({ token_type: "refresh" })],
  ["no type", () => ({ ...access(), token_type: undefined })],
  ["another type", () => access({ token_type: "sliding" })],
  ["no id of its own", () => access({ jti: undefined })],
  ["no user", () => access({ user_id: undefined })],
  ["a list of users", () => access({ user_id: [7] })],
  ["nobody's id", () => access({ user_id: 70 })],
  ["the id of somebody who did not come over", () => access({ user_id: 9 })],
  ["the id of staff", () => access({ user_id: 8 })],
  ["an id with a NUL", () => access({ user_id: "7\0" })],
  ["a name, as if it were an id", () => access({ user_id: "alice" })],
  ["no time of issue", () => access({ iat: undefined })],
  ["a time before its person joined", () => access({ iat: Date.parse("2020-01-01") / 1_000 })],
  ["a time after the last round", () => access({ iat: issuedAt + 120 })],
  ["a sub besides", () => access({ sub: "7" })],
])("a token with %s is refused", async (_what, claims) => {
  await expect(authenticate(sign(claims()))).rejects.toMatchObject({ code: "token_invalid" });
});

describe("a refresh token of simplejwt", () => {
  const refreshing = (changes: Members = {}) =>
    sign(access({ token_type: "refresh", exp: issuedAt + 86_400, jti: randomUUID(), ...changes }));
  const nextSecret = "Zk3vR9qLw7TnXc2Yb8HsJd5GfMp4Ua6EkQ1";
  const refresh = (token: string) => service.auth.refresh(token, service.facts);
  const readBlacklist = (...ids: readonly string[]) =>
    service.database.query(
      `with read as (update latchkey.import_sources set blacklist_read_at = seen_at where source = 'django')
      insert into latchkey.imported_blacklist (source, jti, expires_at) select 'django', id, latchkey.now() + interval '1 day'
      from unnest($1::text[]) id`,
      [ids],
    );

  test("is none here while no round has read who signed out there", async () => {
    await expect(refresh(refreshing())).rejects.toMatchObject({
      code: "refresh_token_invalid",
      cause: { because: "blacklist_not_read" },
    });
  });

  test("has the same session after the secret was replaced, and the secret is none of its own", async () => {
    await readBlacklist();
    const old = refreshing({ exp: issuedAt + 43_200 });
    const { refreshToken } = await refresh(old);
    const there = await service.another({ secret: [nextSecret, testSecret] });
    await there.reseal({});
    expect(await there.refresh(old, service.facts)).toMatchObject({ refreshToken });
    const back = await service.another({ secret: [testSecret, nextSecret] });
    await back.reseal({});
    expect(await back.refresh(old, service.facts)).toMatchObject({ refreshToken });
  });

  test("opens one session, which goes on with our own tokens and ends with its exp", async () => {
    await readBlacklist();
    const old = refreshing();
    const first = await refresh(old);
    expect(first.user.username).toBe("alice");
    expect((await authenticate(first.token)).user.username).toBe("alice");
    expect(first.refreshExpiresAt).toEqual(new Date((issuedAt + 86_400 + 60) * 1_000));
    // An answer that was lost is had by asking again.
    expect(await refresh(old)).toMatchObject({ refreshToken: first.refreshToken });
    const second = await refresh(first.refreshToken);
    await service.clock.advance(120);
    expect(await refresh(second.refreshToken)).toHaveProperty("token");
    await expect(refresh(old)).rejects.toMatchObject({ code: "refresh_token_reused" });
    await expect(refresh(old)).rejects.toMatchObject({ code: "session_ended" });
    const sessions = await service.database.query("select from latchkey.sessions where expires_at = to_timestamp($1)", [
      issuedAt + 86_400 + 60,
    ]);
    expect(sessions).toHaveLength(1);
  });

  test("of somebody who signed out there is refused, and so is every one after a round that did not read that", async () => {
    await readBlacklist("signed-out-there");
    await expect(refresh(refreshing({ jti: "signed-out-there" }))).rejects.toMatchObject({
      code: "refresh_token_invalid",
      cause: { because: "blacklisted" },
    });
    await service.database.query(
      "update latchkey.import_sources set blacklist_read_at = seen_at - interval '1 second'",
    );
    await expect(refresh(refreshing())).rejects.toMatchObject({ cause: { because: "blacklist_not_read" } });
    await readBlacklist();
  });

  test("of somebody who signs out here with it opens no session any more, and the one that it has ends", async () => {
    await readBlacklist();
    const signOut = (token: string) => service.auth.signOut(token, service.facts);
    const [unused, used, another] = [refreshing(), refreshing(), refreshing()];
    await signOut(unused);
    await expect(refresh(unused)).rejects.toMatchObject({ cause: { because: "blacklisted" } });

    const first = await refresh(used);
    const second = await refresh(first.refreshToken);
    await signOut(used);
    await expect(authenticate(second.token)).rejects.toMatchObject({ code: "session_ended" });
    for (const token of [used, second.refreshToken]) await expect(refresh(token)).rejects.toThrow("ended");
    expect(await refresh(another)).toHaveProperty("token");

    // At the same moment as its first use, on another process.
    const there = await service.another();
    for (const token of Array.from({ length: 10 }, () => refreshing())) {
      const [answer] = await Promise.allSettled([there.refresh(token, service.facts), signOut(token)]);
      if (answer.status === "fulfilled") await expect(authenticate(answer.value.token)).rejects.toThrow("ended");
      await expect(refresh(token)).rejects.toThrow();
    }
  });

  test.each<[what: string, token: () => string]>([
    ["an access token", () => sign(access())],
    ["no token at all", () => "a.b.c"],
    [
      "one under another secret",
      () => sign(access({ token_type: "refresh" }), "another secret of more than 32 bytes!"),
    ],
    ["one of staff", () => refreshing({ user_id: 8 })],
    ["one of somebody who did not come over", () => refreshing({ user_id: 9 })],
    ["one of nobody", () => refreshing({ user_id: 70 })],
    ["one that has expired", () => refreshing({ iat: issuedAt - 7_200, exp: issuedAt - 3_600 })],
    ["one without an id of its own", () => refreshing({ jti: undefined })],
    ["one whose id has a NUL", () => refreshing({ jti: "a\0" })],
    ["one of after the last round", () => refreshing({ iat: issuedAt + 120 })],
    ["one that names a session of here", () => refreshing({ sid: "0190a1b2-0000-7000-8000-000000000000" })],
  ])("that is %s is refused as every forged one", async (_what, token) => {
    await expect(refresh(token())).rejects.toMatchObject({ code: "refresh_token_invalid" });
  });

  test("is never an access token", async () => {
    await expect(authenticate(refreshing())).rejects.toMatchObject({ code: "token_invalid" });
  });
});

test("in the profile `simplejwt` a token says what simplejwt looks for, and is accepted here by its own id", async () => {
  const { token } = (await service.auth.signIn({ username: "alice", password }, service.facts)) as { token: string };
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  expect(claims).toMatchObject({ token_type: "access", user_id: 7, jti: expect.any(String) });
  expect(claims).not.toHaveProperty("aud");
  expect((await authenticate(token)).user.username).toBe("alice");
  const { sub: _, sid: __, ...bare } = claims;
  // Without what binds it to a session it is one of theirs, and judged as such.
  await expect(authenticate(sign({ ...bare, iat: issuedAt + 120 }))).rejects.toMatchObject({ code: "token_invalid" });
});

test("an account that was made here names nobody there", async () => {
  await service.auth.createUser({ username: "of_here", password });
  const { token } = (await service.auth.signIn({ username: "of_here", password }, service.facts)) as { token: string };
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  expect(claims).not.toHaveProperty("user_id");
});
