import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { toNumericDate } from "../../clock.ts";
import { createTestAuth, shareOut, type TestAuth } from "../../testing/index.ts";
import { createTokenVerifier } from "../../verify.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const password = "correct horse battery";
const profile = { tokens: { profile: "django" } } as const;

/** A service that signs tokens which the old backend takes for its own. */
let service: TestAuth;
beforeAll(async () => {
  service = await createTestAuth({ ...profile, django: { secretKey } });
});
beforeEach(async () => {
  await service.database.query("delete from latchkey.users");
  await service.database.query("delete from latchkey.imported_users; delete from latchkey.import_sources");
  await service.database.query("delete from latchkey.throttles");
});
afterAll(() => service[Symbol.asyncDispose]());

type OldPerson = readonly [oldId: string, username: string | null, phoneNumber?: string | null];

async function see(people: readonly OldPerson[], startedAt = service.clock.now()): Promise<void> {
  const round = await service.auth.importedUsers.startRound({ source: "django", startedAt });
  const read = people.map(([oldId, username, phoneNumber = null]) => ({ oldId, username, phoneNumber }));
  await service.auth.importedUsers.record(round, read);
  await service.auth.importedUsers.completeRound(round, { people: people.length });
}

const frozen = async (seconds = -1) => {
  const frozenAt = new Date(service.clock.now().getTime() + seconds * 1000);
  return service.another({ ...profile, django: { secretKey, frozenAt } });
};

async function readSignIn(username: string, auth: Auth) {
  const { token } = await auth.signIn({ username, password }, service.facts);
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

/** Whom a sign-in's token names to an old backend that goes by ids. */
const numberOf = async (username: string, auth: Auth) => (await readSignIn(username, auth)).user_id;

/** What a sign-in's token says to the old backend; null for nothing. */
async function claimsOf(username: string, auth: Auth = service.auth) {
  const claims = await readSignIn(username, auth);
  const old = Object.keys(claims).filter((name) => ["user_identifier", "username", "phone_number"].includes(name));
  if (old.length === 0) return null;
  expect(claims.user_identifier).toBe(claims.username);
  return [claims.username, claims.phone_number];
}

const bringOver = (oldId: string, username: string) =>
  service.auth.createUser({ username, password, importedFrom: { source: "django", oldId } });

test("a stranger who registers here never gets a name of the old backend into a token, while names change there", async () => {
  await service.auth.register({ username: "bob", password }, service.facts);
  expect(await claimsOf("bob")).toBeNull();
  await see([["1", "bob"]]);
  expect(await claimsOf("bob")).toBeNull();
  expect(await claimsOf("bob", await frozen())).toBeNull();
});

for (const { tags, cases } of shareOut<[what: string, here: string, there: OldPerson]>(
  [
    ["as it is", "bob", ["1", "bob"]],
    ["in capitals", "bob", ["1", "BOB"]],
    ["with an accent", "bób", ["1", "bob"]],
    ["without an accent", "bob", ["1", "bób"]],
    ["with a stroke", "bøb", ["1", "bob"]],
    ["in full width", "bob", ["1", "ｂｏｂ"]],
    ["with white space", "bob", ["1", " bob "]],
    ["with a dotless ı", "irma", ["1", "ırma"]],
    ["as MariaDB's own collation reads it", "weis", ["1", "Weiß"]],
    ["as the text of a number", "bob", ["1", "other", "BOB"]],
  ],
  3,
))
  test.each(cases)(
    "a name that somebody has there %s is nobody else's in a token, even when names are frozen",
    { tags },
    async (_what, here, there) => {
      await service.auth.createUser({ username: here, password });
      await see([there]);
      expect(await claimsOf(here, await frozen())).toBeNull();
    },
  );

test("a name that nobody has there is written once names are frozen, with the number of here", async () => {
  await service.auth.createUser({ username: "Zoe", password, phoneNumber: "+905321234567" });
  const later = await frozen(5);
  await see([["1", "bob"]]);
  expect(await claimsOf("zoe", later)).toBeNull();
  expect(await claimsOf("zoe", await frozen())).toEqual(["Zoe", "+905321234567"]);
});

test("somebody who came from there is written byte for byte as there, whatever they are called here", async () => {
  await see([["1", "ＡLİCE @ 1", "0532 123 45 67"]]);
  await bringOver("1", "alice1");
  expect(await claimsOf("alice1")).toEqual(["ＡLİCE @ 1", "0532 123 45 67"]);
  await see([["1", "renamed", null]], new Date(service.clock.now().getTime() + 1000));
  expect(await claimsOf("alice1")).toEqual(["renamed", null]);
});

test("and only for five minutes after a round began that saw them, or for good once names are frozen", async () => {
  await see([["1", "alice"]]);
  await bringOver("1", "alice");
  const later = await frozen();
  await service.clock.advance(299);
  expect(await claimsOf("alice")).toEqual(["alice", null]);
  await service.clock.advance(1);
  expect(await claimsOf("alice")).toBeNull();
  expect(await claimsOf("alice", later)).toEqual(["alice", null]);
});

test("a refresh writes what is so then, and not what was so at the sign-in", async () => {
  await see([["1", "alice"]]);
  await bringOver("1", "alice");
  const { refreshToken } = await service.auth.signIn({ username: "alice", password }, service.facts);
  await service.clock.advance(301);
  const { token } = await service.auth.refresh(refreshToken, service.facts);
  expect(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).not.toContain("alice");
});

test("somebody who is gone there, had no name there, or whose id is another person's now, is not written", {
  tags: ["long"],
}, async () => {
  await see([
    ["1", "alice"],
    ["2", null, "0532"],
  ]);
  await bringOver("1", "alice");
  await bringOver("2", "bob");
  expect(await claimsOf("bob")).toBeNull();
  await see([["2", null, "0532"]], new Date(service.clock.now().getTime() + 1000));
  expect(await claimsOf("alice")).toBeNull();
  expect(await claimsOf("alice", await frozen())).toBeNull();
});

test("a person who was deleted here keeps the name from everybody else", async () => {
  await see([["1", "álice"]]);
  await bringOver("1", "alice");
  await service.database.query("delete from latchkey.users");
  await service.clock.advance(1);
  await see([["1", "álice"]]);
  await expect(service.auth.register({ username: "alice", password }, service.facts)).rejects.toMatchObject({
    code: "invalid_input",
    issues: [{ path: ["username"], message: "is kept for somebody else: choose another" }],
  });
});

for (const { tags, cases } of shareOut(["bøb", "bob", "BOB", "Bob", "bób", "ｂｏｂ"], 6))
  test.each(cases)(
    "the name %s is kept for the old backend's bob, even from an administrator",
    { tags },
    async (name) => {
      await see([
        ["7", "bob", "+905321234567"],
        ["8", "carol"],
      ]);
      const refusal = {
        code: "invalid_input",
        issues: [{ path: ["username"], message: expect.stringContaining('the person "7" of django') }],
      };
      await service.auth.createUser({ username: "boss", password, isSuperuser: true });
      const { token } = await service.auth.signIn({ username: "boss", password }, service.facts);
      const admin = { ...(await service.auth.authenticate([`Bearer ${token}`])), facts: service.facts };
      const other = await service.auth.createUser({ username: "other", password });
      await expect(service.auth.register({ username: name, password }, service.facts)).rejects.toMatchObject({
        code: "invalid_input",
        issues: [{ message: "is kept for somebody else: choose another" }],
      });
      await expect(service.auth.createUser({ username: name, password })).rejects.toMatchObject(refusal);
      await expect(service.auth.users.create(admin, { username: name })).rejects.toMatchObject(refusal);
      await expect(service.auth.users.update(admin, other.id, { username: name })).rejects.toMatchObject(refusal);
      await expect(bringOver("8", name)).rejects.toMatchObject(refusal);
      const bob = await bringOver("7", name);
      await service.auth.users.update(admin, bob.id, { username: "robert" });
      await service.auth.users.update(admin, bob.id, { username: name });
      // Numbers are never kept for anybody.
      await service.auth.users.update(admin, other.id, { phoneNumber: "+905321234567" });
    },
  );

test("of two people there whose names differ in case, the one who is exactly called so may have it", async () => {
  await see([
    ["1", "Bob"],
    ["2", "bob"],
  ]);
  await expect(bringOver("2", "BOB")).rejects.toMatchObject({ code: "invalid_input" });
  await bringOver("2", "bob");
  await expect(bringOver("1", "Bob")).rejects.toMatchObject({ code: "identifier_taken" });
});

test("a round that is not whole, older than the last one or ahead of the clock, given up or told nonsense changes nothing", async () => {
  await see([["1", "bob"]]);
  const { importedUsers } = service.auth;
  const at = (seconds: number) => ({
    source: "django",
    startedAt: new Date(service.clock.now().getTime() + seconds * 1000),
  });
  const refused = { code: "invalid_input" };
  await expect(importedUsers.startRound(at(-0.001))).rejects.toMatchObject(refused);
  await expect(importedUsers.startRound(at(-10))).rejects.toMatchObject(refused);
  await expect(importedUsers.startRound(at(3_600))).rejects.toMatchObject(refused);
  await expect(importedUsers.startRound({ ...at(1), source: "Django!" })).rejects.toMatchObject(refused);
  await expect(importedUsers.startRound({ ...at(1), id: "one" })).rejects.toMatchObject(refused);
  await expect(importedUsers.startRound({ source: "django", startedAt: new Date(Number.NaN) })).rejects.toMatchObject(
    refused,
  );
  const [givenUp, round] = [await importedUsers.startRound(at(1)), await importedUsers.startRound(at(2))];
  const carol = { oldId: "2", username: "carol", phoneNumber: null };
  await expect(importedUsers.record(givenUp, [carol])).rejects.toMatchObject({ code: "not_found" });
  await expect(importedUsers.completeRound(givenUp, { people: 0 })).rejects.toMatchObject({ code: "not_found" });
  for (const wrong of [
    { username: "a\0" },
    { username: "a\ud800" },
    { phoneNumber: "1".repeat(1_001) },
    { oldId: "" },
  ]) {
    await expect(importedUsers.record(round, [{ ...carol, ...wrong }])).rejects.toMatchObject(refused);
  }
  await importedUsers.record(round, [carol, carol]);
  await importedUsers.record(round, [carol]);
  await expect(importedUsers.completeRound(round, { people: 2 })).rejects.toMatchObject(refused);
  expect(await importedUsers.listWithoutAccount("django")).toEqual(["1"]);
  await importedUsers.record(round, [{ ...carol, oldId: "3" }]);
  await expect(importedUsers.completeRound(round, { people: 2 })).rejects.toMatchObject(refused);
  await importedUsers.record(round, [{ ...carol, oldId: "3", username: "dora" }]);
  expect(await importedUsers.completeRound(round, { people: 2 })).toEqual({ people: 2, added: 2, changed: 0, gone: 1 });
  await expect(importedUsers.completeRound(round, { people: 2 })).rejects.toMatchObject({ code: "not_found" });
});

test("who is recorded with their account before a round is complete is nobody there until it is, and moves no one else's name", {
  tags: ["long"],
}, async () => {
  const { importedUsers } = service.auth;
  /** As an import does it. */
  const bringWithAccount = async (oldId: string, username: string) => {
    const { id } = await service.auth.createUser({ username, password });
    await service.database.query(
      `insert into latchkey.imported_users (source, old_id, user_id, old_username, named_since, seen_at)
      select source, '${oldId}', '${id}', '${username}', round_started_at, round_started_at from latchkey.import_sources`,
    );
  };
  const people = [
    { oldId: "1", username: "bob", phoneNumber: null },
    { oldId: "2", username: "carol", phoneNumber: null },
  ];
  const first = await importedUsers.startRound({ source: "django", startedAt: service.clock.now() });
  await importedUsers.record(first, people);
  expect(await importedUsers.updateKnown(first, { people: 2 })).toEqual({ people: 2, added: 0, changed: 0, gone: 0 });
  await bringWithAccount("1", "bob");
  expect(await claimsOf("bob")).toBeNull();
  expect(await claimsOf("bob", await frozen())).toBeNull();
  const numbered = await service.another({ django: { secretKey }, tokens: { profile: "simplejwt" } });
  expect(await numberOf("bob", numbered)).toBeUndefined();
  const completed = await importedUsers.completeRound(first, { people: 2, isKnownUpdated: true });
  expect(completed).toEqual({ people: 2, added: 1, changed: 0, gone: 0 });
  expect(await claimsOf("bob")).toEqual(["bob", null]);
  expect(await numberOf("bob", numbered)).toBe(1);

  const later = new Date(service.clock.now().getTime() + 1_000);
  const second = await importedUsers.startRound({ source: "django", startedAt: later });
  await importedUsers.record(second, [{ ...people[1], oldId: "2", username: "bob", phoneNumber: null }]);
  const changes = { people: 1, added: 0, changed: 1, gone: 1 };
  expect(await importedUsers.updateKnown(second, { people: 1 })).toEqual(changes);
  expect(await claimsOf("bob")).toBeNull();
  const rest = await importedUsers.completeRound(second, { people: 1, isKnownUpdated: true });
  expect(rest).toEqual({ ...changes, changed: 0, gone: 0 });
  expect(await claimsOf("bob")).toBeNull();
});

test("the examination tells of reserved names, the last round and the end of old tokens, and what is amiss", async () => {
  const checkHealth = async () =>
    (await service.auth.checkHealth()).warnings.filter((line) => !/clocks|at the server/.test(line));
  expect(await checkHealth()).toEqual([expect.stringContaining("No round of LEGACY_SOURCE=django is complete")]);
  await see([
    ["1", "bob"],
    ["2", "carol"],
  ]);
  await bringOver("1", "bob");
  expect(await checkHealth()).toEqual([]);
  await service.clock.advance(600);
  expect(await checkHealth()).toEqual([expect.stringContaining("older than five minutes")]);
  expect(await service.auth.checkHealth()).toMatchObject({
    importedUsers: "django: 2 names reserved, 1 with an account, 0 deleted here; last round 10 min ago",
    oldTokens: "are not accepted",
  });
});

test("`iat` is half a minute in the past, and a token of a day is still accepted here and by a verifier with the secret", {
  tags: ["long"],
}, async () => {
  const auth = await service.another({ tokens: { profile: "django", lifetime: 86_400 }, django: { secretKey } });
  await auth.createUser({ username: "zoe", password });
  const { token, expiresAt } = await auth.signIn({ username: "zoe", password }, service.facts);
  const now = toNumericDate(service.clock.now());
  expect(toNumericDate(expiresAt)).toBe(now + 86_370);
  await auth.authenticate([`Bearer ${token}`]);
  const expected = { issuer: "latchkey", clock: service.clock };
  const verify = createTokenVerifier({ ...expected, sharedSecret: secretKey });
  expect(await verify(token)).toMatchObject({ iat: now - 30, exp: now + 86_370 });
  const others = ["another-secret-of-the-same-length-0123456", `${secretKey}\n`];
  for (const sharedSecret of others) {
    await expect(createTokenVerifier({ ...expected, sharedSecret })(token)).rejects.toMatchObject({
      code: "token_invalid",
    });
  }
  const standard = await service.another({ tokens: { algorithm: "HS256" } });
  await standard.rotateKeys({ compromised: true });
  const own = await standard.signIn({ username: "zoe", password }, service.facts);
  await expect(verify(own.token)).rejects.toMatchObject({ code: "token_invalid" });
  expect(() => createTokenVerifier({ ...expected, sharedSecret: "short" })).toThrow("shorter than 32 bytes");
});
