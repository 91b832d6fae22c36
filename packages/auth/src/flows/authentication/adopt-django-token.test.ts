import { createHmac } from "node:crypto";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { toNumericDate } from "../../clock.ts";
import { createAuth } from "../../create-auth.ts";
import { AuthError } from "../../errors.ts";
import type { AuthOptions } from "../../options.ts";
import { createInbox, createTestAuth, shareOut, type TestAuth, testSecret } from "../../testing/index.ts";
import type { CreateUserInput } from "../administration/create-user.ts";
import type { OldTokenRefused } from "../steps/adopt-old-token.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const password = "correct horse battery";
const djangoHash = "pbkdf2_sha256$1000$c2FsdA$ajb1mzpVBpkOYDyJ6bJbRGQ9Fy8yA7ckMg1yqvBLKQ0=";
const hour = 3_600;

type Claims = Readonly<Record<string, unknown>>;

const inbox = createInbox();

/** A service that takes over from the old backend, whose tokens it accepts for a day. */
let service: TestAuth;
/** Two processes of it. */
let processes: readonly Auth[];
/** The settings of the old backend. */
let django: NonNullable<AuthOptions["django"]>;
beforeAll(open);
/** Whether tests find the people of the one before: theirs change nobody. */
let isKept = false;
// Each other test begins without people, so that everybody can be called alice.
beforeEach(async () => {
  if (!isKept) await clear();
});
afterAll(() => service[Symbol.asyncDispose]());

async function open(): Promise<void> {
  django = { secretKey, acceptTokensUntil: new Date(Date.now() + 100 * 86_400_000) };
  const messages = { senders: { sms: inbox }, isEnforced: false };
  service = await createTestAuth({ phones: { defaultCountry: "TR" }, messages, django });
  processes = [service.auth, await service.another()];
}

async function clear(): Promise<void> {
  await service.database.query("delete from latchkey.users");
  await service.database.query("delete from latchkey.imported_users; delete from latchkey.import_sources");
}

/** A person of the old backend. */
interface OldPerson {
  readonly id?: string;
  readonly username: string;
  readonly phone?: string | null;
  readonly joinedAt?: Date;
}

const at = (seconds: number) => new Date(service.clock.now().getTime() + seconds * 1000);

/** One round that sees exactly these people, begun so many seconds from now. */
async function see(people: readonly OldPerson[], { seconds = 0, source = "django" } = {}) {
  const { importedUsers } = service.auth;
  const round = await importedUsers.startRound({ source, startedAt: at(seconds) });
  const read = people.map(({ id, username, phone = null, joinedAt }) => ({
    oldId: id ?? username,
    username,
    phoneNumber: phone,
    joinedAt,
  }));
  await importedUsers.record(round, read);
  return importedUsers.completeRound(round, { people: people.length });
}

/** Rounds that saw these people since a day ago and until now. */
async function seeForADay(people: readonly OldPerson[], source = "django"): Promise<void> {
  await see(people, { seconds: -24 * hour, source });
  await see(people, { source });
}

/** Brings a person of the old backend over. */
async function bringOver(person: OldPerson, changes: Partial<CreateUserInput> = {}): Promise<string> {
  const { id } = await service.auth.createUser({
    username: person.username,
    password: { djangoHash },
    phoneNumber: person.phone ?? undefined,
    importedFrom: { source: "django", oldId: person.id ?? person.username },
    ...changes,
  });
  return id;
}

const alice = { username: "alice", phone: "+905321234567" };

/** The old backend's alice for a day, and her account here. */
async function bringAliceOver(changes: Partial<CreateUserInput> = {}): Promise<string> {
  await seeForADay([alice]);
  return bringOver(alice, changes);
}

/** What the old backend put into a token an hour ago: PyJWT with whole seconds in `exp` and a fraction in `iat`. */
function oldClaims({ username, phone = null }: OldPerson = alice): Claims {
  const now = toNumericDate(service.clock.now());
  return {
    user_identifier: username,
    exp: now + 4 * hour,
    iat: now - hour + 0.123456,
    username,
    phone_number: phone,
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
  beforeAll(async () => {
    await clear();
    await bringAliceOver({ email: "alice@example.com" });
    isKept = true;
  });
  afterAll(() => {
    isKept = false;
  });

  const withClaims = (changes: Claims) => () => encodeOldToken({ ...oldClaims(), ...changes });
  const withHeader = (header: Claims) => () => encodeOldToken(oldClaims(), header);
  const signedWith = (secret: string) => () => encodeOldToken(oldClaims(), { alg: "HS256", typ: "JWT" }, secret);
  const withLiteral = (claim: string, literal: string) => () =>
    encodeOldToken(JSON.stringify({ ...oldClaims(), [claim]: "@" }).replace('"@"', literal));
  const now = () => toNumericDate(service.clock.now());

  const refused: [what: string, make: () => string][] = [
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
    ["no username", withClaims({ username: undefined })],
    ["username null", withClaims({ username: null })],
    ["username of another", withClaims({ username: "bob" })],
    ["username in another case", withClaims({ username: "Alice" })],
    ["no phone_number", withClaims({ phone_number: undefined })],
    ["phone_number null", withClaims({ phone_number: null })],
    ["phone_number empty", withClaims({ phone_number: "" })],
    ["phone_number of another", withClaims({ phone_number: "+905321234568" })],
    ["phone_number in another spelling", withClaims({ phone_number: "0532 123 45 67" })],
    ["phone_number a number", withClaims({ phone_number: 905321234567 })],
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
  ];
  for (const { tags, cases } of shareOut(refused, 10))
    test.each(cases)("%s", { tags }, async (_what, make) => {
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

/** Two people of the old backend: one came over, and the other one's genuine token is sent here. */
describe("another person's token never opens an account, however the two names look to us", () => {
  const pairs: [what: string, came: OldPerson, other: OldPerson, identifier?: string][] = [
    ["capitals", alice, { username: "ALICE" }],
    ["a dotless ı", alice, { username: "Al\u0131ce" }],
    ["a name that is the number", alice, { username: "+905321234567" }],
    ["a name that is the number in another spelling", alice, { username: "0532-123-45-67" }],
    ["a name that is the number in Arabic digits", alice, { username: "٠٥٣٢١٢٣٤٥٦٧" }],
    ["ß and ss", { username: "stra\u00dfe" }, { username: "strasse" }],
    ["width", alice, { username: "ａｌｉｃｅ" }],
    ["an accent", alice, { username: "álice" }],
    ["composition", { username: "jos\u00e9" }, { username: "jose\u0301" }],
    ["outer white space", alice, { username: "alice " }],
    ["a zero width space", alice, { username: "alice\u200b" }],
    ["a ligature", { username: "fiona" }, { username: "\ufb01ona" }],
    ["the Kelvin sign", { username: "kim" }, { username: "\u212aim" }],
    ["a Cyrillic а", alice, { username: "аlice" }],
    ["the number of the other", alice, { username: "bob", phone: "+90 532 123 45 67" }, "+90 532 123 45 67"],
    ["a number without its plus", alice, { username: "bob", phone: "905321234567" }, "905321234567"],
    ["half a surrogate pair", { username: "alice\ufffd", id: "1" }, { username: "alice?" }, "alice\ud800"],
  ];
  for (const { tags, cases } of shareOut(pairs, 8))
    test.each(cases)("%s", { tags }, async (_what, came, other, identifier) => {
      await seeForADay([came, { id: "other", ...other }]);
      const username = came.username.replace("\ufffd", "x");
      await bringOver({ id: came.username, ...came }, { username });
      const token = encodeOldToken({ ...oldClaims(other), user_identifier: identifier ?? other.username });
      expect(await answer(service.auth, token)).toBe("token_invalid");
      expect(await countSessions()).toBe(0);
    });

  test("a name of one that is the number of the other means the one, as it did there", async () => {
    const named = { username: "+905321234567", id: "1" };
    const numbered = { username: "bob", phone: "+905321234567", id: "2" };
    await seeForADay([named, numbered]);
    const bob = await bringOver(numbered);
    expect(await answer(service.auth, encodeOldToken(oldClaims(named)))).toBe("token_invalid");
    const byNumber = { ...oldClaims(numbered), user_identifier: "+905321234567" };
    expect(await answer(service.auth, encodeOldToken(byNumber))).toBe("token_invalid");
    expect(await answer(service.auth, encodeOldToken(oldClaims(numbered)))).toBe(bob);
  });

  test("a number that two people had there means neither", async () => {
    const [one, two] = ["one", "two"].map((username) => ({ username, phone: "0532", id: username }));
    if (!one || !two) throw new Error("unreachable");
    await seeForADay([one, two]);
    for (const person of [one, two]) {
      await bringOver(person, { phoneNumber: undefined });
      const token = encodeOldToken({ ...oldClaims(person), user_identifier: "0532" });
      expect(await answer(service.auth, token)).toBe("token_invalid");
    }
  });

  test("a person of another source with the same name", { tags: ["long"] }, async () => {
    await seeForADay([alice], "shop");
    await seeForADay([]);
    await bringOver(alice, { importedFrom: { source: "shop", oldId: "alice" } });
    const token = encodeOldToken(oldClaims());
    expect(await answer(service.auth, token)).toBe("token_invalid");
    const shop = await service.another({ django: { ...django, source: "shop" } });
    expect(await answer(shop, token)).not.toBe("token_invalid");
    // The session that it has there is none here.
    expect(await answer(service.auth, token)).toBe("token_invalid");
  });

  test("an account that was made here, before or after the old backend's person took the name", async () => {
    await service.auth.createUser({ username: "root1", password, isSuperuser: true });
    await service.auth.createUser({ username: "carol", password: { djangoHash } });
    await service.auth.register({ username: "dave", password }, service.facts);
    await service.database.query("delete from latchkey.sessions");
    const theirs = ["root1", "carol", "dave"].map((username) => ({ username }));
    for (const person of theirs)
      expect(await answer(service.auth, encodeOldToken(oldClaims(person)))).toBe("token_invalid");
    await seeForADay(theirs);
    for (const person of theirs)
      expect(await answer(service.auth, encodeOldToken(oldClaims(person)))).toBe("token_invalid");
    expect(await countSessions()).toBe(0);
  });
});

describe("a name is a person's from the first round that saw it to the last one, and no longer", () => {
  const tokenOf = (person: OldPerson, seconds: number) => {
    const iat = toNumericDate(service.clock.now()) + seconds;
    return encodeOldToken({ ...oldClaims(person), iat, exp: iat + 30 * hour });
  };

  for (const { tags, cases } of shareOut(
    [
      ["a minute after the first round", -24 * hour + 61, true],
      ["within a minute of the first round", -24 * hour + 59, false],
      ["before the first round", -25 * hour, false],
      ["a minute before the last round", -61, true],
      ["within a minute of the last round", -59, false],
      ["now", 0, false],
    ],
    4,
  ))
    test.each(cases)("%s", { tags }, async (_what, seconds, isTaken) => {
      const id = await bringAliceOver();
      expect(await answer(service.auth, tokenOf(alice, seconds))).toBe(isTaken ? id : "token_invalid");
    });

  test("and a round writes nobody of whom it brings nothing new, though it vouches for them", async () => {
    const [kept, moved] = [
      { id: "1", username: "kept" },
      { id: "2", username: "moved" },
    ];
    await see([kept, moved], { seconds: -24 * hour });
    const id = await bringOver(kept);
    const versions = () =>
      service.database.query<{ old_id: string; xmin: string }>(
        "select old_id, xmin from latchkey.imported_users order by 1",
      );
    const before = await versions();
    expect(await see([kept, { ...moved, username: "moved_on" }])).toMatchObject({ added: 0, changed: 1, gone: 0 });
    const after = await versions();
    expect(after[0]).toEqual(before[0]);
    expect(after[1]?.xmin).not.toBe(before[1]?.xmin);
    expect(await answer(service.auth, tokenOf(kept, -hour))).toBe(id);
  });

  test("a token that is only too young is told apart for the log, and told nobody", async () => {
    await bringAliceOver();
    const reasons = await Promise.all(
      [tokenOf(alice, 0), tokenOf(alice, -25 * hour), tokenOf({ username: "bob" }, -hour)].map((token) =>
        service.auth.authenticate([`Bearer ${token}`]).then(
          () => null,
          (error: AuthError) => [error.code, error.message, (error.cause as OldTokenRefused).because],
        ),
      ),
    );
    expect(reasons).toEqual([
      ["token_invalid", "The token is not valid", "younger_than_the_last_round"],
      ["token_invalid", "The token is not valid", "older_than_the_name"],
      ["token_invalid", "The token is not valid", "unknown_name"],
    ]);
  });

  test("and for good once the names are frozen there, but not before a complete round that began later", {
    tags: ["long"],
  }, async () => {
    const id = await bringAliceOver();
    const young = tokenOf(alice, -10);
    const frozen = await service.another({ django: { ...django, frozenAt: at(5) } });
    const round = await service.auth.importedUsers.startRound({ source: "django", startedAt: at(60) });
    expect(await answer(frozen, young)).toBe("token_invalid");
    await service.auth.importedUsers.record(round, [{ oldId: "alice", username: "alice", phoneNumber: alice.phone }]);
    await service.auth.importedUsers.completeRound(round, { people: 1 });
    expect(await answer(frozen, young)).toBe(id);
  });

  test("after a rename there, the old name's tokens open nothing and its sessions end, the new name's open the same account", async () => {
    await see([{ ...alice, id: "7" }], { seconds: -24 * hour });
    await see([{ ...alice, id: "7" }], { seconds: -12 * hour });
    const id = await bringOver({ ...alice, id: "7" });
    const [used, unused] = [tokenOf(alice, -13 * hour), tokenOf(alice, -14 * hour)];
    expect(await answer(service.auth, used)).toBe(id);
    const [renamed, heir] = [
      { ...alice, username: "alicia", id: "7" },
      { username: "alice", id: "8" },
    ];
    expect(await see([renamed, heir], { seconds: -6 * hour })).toEqual({ people: 2, added: 1, changed: 1, gone: 0 });
    await see([renamed, heir]);
    expect(await answer(service.auth, used)).toBe("session_ended");
    expect(await answer(service.auth, unused)).toBe("token_invalid");
    expect(await answer(service.auth, tokenOf(heir, -hour))).toBe("token_invalid");
    expect(await answer(service.auth, tokenOf(renamed, -hour))).toBe(id);
    expect(await answer(service.auth, tokenOf(renamed, -13 * hour))).toBe("token_invalid");
  });

  test("two people who swap their names there keep their own accounts", { tags: ["long"] }, async () => {
    const [a, b] = [
      { username: "anna", id: "1" },
      { username: "bert", id: "2" },
    ] as const;
    await see([a, b], { seconds: -24 * hour });
    const [anna, bert] = [await bringOver(a), await bringOver(b)];
    const swapped = [
      { ...a, username: "bert" },
      { ...b, username: "anna" },
    ] as const;
    await see(swapped, { seconds: -2 * hour });
    await see(swapped);
    expect(await answer(service.auth, tokenOf(swapped[0], -hour))).toBe(anna);
    expect(await answer(service.auth, tokenOf(swapped[1], -hour))).toBe(bert);
    expect(await answer(service.auth, tokenOf(a, -3 * hour))).toBe("token_invalid");
  });

  test("another number there is as good as another name", { tags: ["long"] }, async () => {
    await see([alice], { seconds: -24 * hour });
    const id = await bringOver(alice);
    const moved = { ...alice, phone: "+905321234568" };
    await see([moved], { seconds: -2 * hour });
    await see([moved]);
    expect(await answer(service.auth, tokenOf(alice, -hour))).toBe("token_invalid");
    expect(await answer(service.auth, tokenOf(moved, -3 * hour))).toBe("token_invalid");
    expect(await answer(service.auth, tokenOf(moved, -hour))).toBe(id);
  });

  test("who is gone there opens nothing, and an id that comes back with another time is another person's", async () => {
    const first = { ...alice, id: "7", joinedAt: new Date("2020-01-01T00:00:00Z") };
    await see([first], { seconds: -24 * hour });
    const id = await bringOver(first);
    expect(await see([], { seconds: -4 * hour })).toMatchObject({ gone: 1 });
    expect(await answer(service.auth, tokenOf(alice, -5 * hour))).toBe("token_invalid");
    const second = { username: "newton", id: "7", joinedAt: new Date("2026-01-01T00:00:00Z") };
    await see([second], { seconds: -3 * hour });
    await see([second]);
    expect(await answer(service.auth, tokenOf(second, -hour))).toBe("token_invalid");
    await expect(bringOver(second)).resolves.not.toBe(id);
    expect(await answer(service.auth, tokenOf(second, -hour))).not.toBe("token_invalid");
  });

  test("who is gone leaves the name to somebody else there", { tags: ["long"] }, async () => {
    await see([{ ...alice, id: "7" }], { seconds: -24 * hour });
    await bringOver({ ...alice, id: "7" });
    const heir = { username: "alice", id: "8" };
    await see([heir], { seconds: -2 * hour });
    await see([heir]);
    expect(await answer(service.auth, tokenOf(alice, -3 * hour))).toBe("token_invalid");
    expect(await answer(service.auth, tokenOf(heir, -hour))).toBe("token_invalid");
  });
});

describe("what is done here ends old tokens, whenever they were issued", () => {
  const admin = async () => {
    await service.auth.createUser({ username: "boss", password, isSuperuser: true });
    const { token } = await service.auth.signIn({ username: "boss", password }, service.facts);
    return { ...(await service.auth.authenticate([`Bearer ${token}`])), facts: service.facts };
  };
  const callerOf = (token: string) => service.auth.authenticate([`Bearer ${token}`]);
  const reset = async (id: string) => {
    const { setPasswordCode: code } = await service.auth.users.createPasswordCode(await admin(), id);
    await service.auth.resetPassword({ username: "alice", code, newPassword: password }, service.facts);
  };

  const acts: [what: string, act: (id: string) => Promise<unknown>][] = [
    ["a password set with a code", reset],
    ["a password set by the operator", () => service.auth.operator.changePassword("alice", password)],
    ["another username", async (id) => service.auth.users.update(await admin(), id, { username: "alicia" })],
    ["another number", async (id) => service.auth.users.update(await admin(), id, { phoneNumber: "+905321234569" })],
    ["a number taken away", async (id) => service.auth.users.update(await admin(), id, { phoneNumber: null })],
    ["all sessions ended by an administrator", async (id) => service.auth.users.endSessions(await admin(), id)],
    ["all sessions ended by the operator", () => service.auth.operator.endSessions("alice")],
    [
      "disabling, though it is undone",
      async (id) => {
        const boss = await admin();
        await service.auth.users.update(boss, id, { isActive: false });
        expect(await answer(service.auth, encodeOldToken(oldClaims()))).toBe("account_disabled");
        await service.auth.users.update(boss, id, { isActive: true });
      },
    ],
  ];
  for (const { tags, cases } of shareOut(acts, 4))
    test.each(cases)("%s", { tags }, async (_what, act) => {
      const id = await bringAliceOver();
      const [used, unused, later] = [1, 2, 3].map((n) => encodeOldToken({ ...oldClaims(), exp: 4_102_444_800 + n }));
      expect(await answer(service.auth, used ?? "")).toBe(id);
      await act(id);
      await service.clock.advance(hour);
      await see([alice]);
      expect(await answer(service.auth, used ?? "")).toBe("session_ended");
      expect(await answer(service.auth, unused ?? "")).toBe("token_invalid");
      const young = { ...oldClaims(), iat: toNumericDate(service.clock.now()) - 100 };
      expect(await answer(service.auth, encodeOldToken(young))).toBe("token_invalid");
      expect(await answer(service.auth, later ?? "")).toBe("token_invalid");
    });

  test("all other sessions ended by themselves, which leaves the one that asked", async () => {
    const id = await bringAliceOver();
    const [asks, unused] = [1, 2].map((n) => encodeOldToken({ ...oldClaims(), exp: 4_102_444_800 + n }));
    await service.auth.revokeOtherSessions(await callerOf(asks ?? ""), service.facts);
    expect(await answer(service.auth, asks ?? "")).toBe(id);
    expect(await answer(service.auth, unused ?? "")).toBe("token_invalid");
  });

  describe("of a person who signs in besides,", () => {
    let [id, used, unused]: string[] = [];
    beforeEach(async () => {
      id = await bringAliceOver();
      await service.auth.createUser({ username: "bob", password });
      await service.database.query(
        "update latchkey.users set password = (select password from latchkey.users where username = 'bob') where id = $1",
        [id],
      );
      [used, unused] = [1, 2].map((n) => encodeOldToken({ ...oldClaims(), exp: 4_102_444_800 + n }));
      expect(await answer(service.auth, used ?? "")).toBe(id);
    });
    const signIn = async (username: string) =>
      callerOf((await service.auth.signIn({ username, password }, service.facts)).token);
    const take = async (username: string, to: string) => {
      const caller = await signIn(username);
      const { challenge } = await service.auth.startOwnName(caller, { kind: "phone", to }, service.facts);
      const { code } = await inbox.take(to);
      const typed = { kind: "phone", challenge, code, isNotMine: true } as const;
      await service.auth.confirmOwnName(caller, typed, service.facts);
    };

    for (const { tags, cases } of shareOut<[what: string, act: () => Promise<unknown>]>(
      [
        ["another number of their own", () => take("alice", "+905321234569")],
        [
          "their number taken away by themselves",
          async () => service.auth.removeOwnName(await signIn("alice"), { kind: "phone" }, service.facts),
        ],
        ["their number proved by another person", () => take("bob", alice.phone)],
      ],
      2,
    ))
      test.each(cases)("%s", { tags }, async (_what, act) => {
        await act();
        expect(await answer(service.auth, used ?? "")).toBe("session_ended");
        expect(await answer(service.auth, unused ?? "")).toBe("token_invalid");
      });

    test("their number taken away with an old token, which goes on in the session that asked", async () => {
      const caller = await callerOf(used ?? "");
      expect(await answer(service.auth, unused ?? "")).toBe(id);
      await service.auth.reauthenticate(caller, { password }, service.facts);
      await service.auth.removeOwnName(caller, { kind: "phone" }, service.facts);
      expect(await answer(service.auth, used ?? "")).toBe(id);
      expect(await answer(service.auth, unused ?? "")).toBe("session_ended");
    });
  });

  test("a password changed with an old token, which is replaced by a sign-in", async () => {
    const id = await bringAliceOver();
    await service.auth.operator.changePassword("alice", password);
    await service.database.query("update latchkey.users set old_tokens_ended_at = null");
    const token = encodeOldToken(oldClaims());
    const change = { currentPassword: password, newPassword: "another horse battery" };
    const next = await service.auth.changePassword(await callerOf(token), change, service.facts);
    expect(await answer(service.auth, token)).toBe("session_ended");
    expect(await answer(service.auth, next.token)).toBe(id);
    expect(await answer(service.auth, (await service.auth.refresh(next.refreshToken, service.facts)).token)).toBe(id);
  });

  test("a password chosen here when the account was made", async () => {
    await bringAliceOver({ password });
    expect(await answer(service.auth, encodeOldToken(oldClaims()))).toBe("token_invalid");
  });

  test("but neither a sign-in that re-hashes, nor a change of the profile, nor one session that is ended, nor another's rename", async () => {
    const id = await bringAliceOver();
    const boss = await admin();
    await service.auth.users.update(boss, id, { firstName: "Alice", username: "alice", phoneNumber: alice.phone });
    await service.database.query(
      "update latchkey.users set password = 'bcrypt_sha256$$2b$04$x', last_login = now() where id = $1",
      [id],
    );
    const bob = await service.auth.createUser({ username: "bob", password });
    await service.auth.users.update(boss, bob.id, { username: "robert" });
    const [one, other] = [1, 2].map((n) => encodeOldToken({ ...oldClaims(), exp: 4_102_444_800 + n }));
    const { session } = await callerOf(one ?? "");
    await service.auth.users.endSessions(boss, id, session.id);
    expect(await answer(service.auth, one ?? "")).toBe("session_ended");
    expect(await answer(service.auth, other ?? "")).toBe(id);
  });

  test("deletion leaves a tombstone without names, which is never adopted and never brought over again", {
    tags: ["long"],
  }, async () => {
    const id = await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    expect(await answer(service.auth, token)).toBe(id);
    await service.auth.users.delete(await admin(), id);
    for (const _ of [1, 2]) {
      expect(await answer(service.auth, token)).toBe("token_invalid");
      await expect(bringOver(alice)).rejects.toMatchObject({ code: "not_found" });
      await service.clock.advance(10);
      await see([alice]);
    }
    const rows = await service.database.query("select * from latchkey.imported_users");
    expect(rows).toMatchObject([{ old_id: "alice", user_id: null, old_username: null, old_phone: null }]);
    expect(JSON.stringify(rows)).not.toMatch(/"alice".*"alice"|5321234567/);
    // Somebody else there whose number reads like the name of the deleted one.
    const other = { username: "other", phone: "alice" };
    await seeForADayAfter([alice, other]);
    await bringOver(other, { phoneNumber: undefined });
    expect(await answer(service.auth, encodeOldToken({ ...oldClaims(other), user_identifier: "alice" }))).toBe(
      "token_invalid",
    );
  });
});

/** Rounds that come after those there were. */
async function seeForADayAfter(people: readonly OldPerson[]): Promise<void> {
  await service.clock.advance(10);
  await see(people);
  await service.clock.advance(24 * hour);
  await see(people);
}

describe("an old token of somebody with rights is not adopted", () => {
  for (const { tags, cases } of shareOut<[what: string, sql: string]>(
    [
      ["staff", "update latchkey.users set is_staff = true"],
      ["a superuser", "update latchkey.users set is_superuser = true"],
      [
        "a holder of a permission",
        "insert into latchkey.user_permissions select id, 'auth.view_user' from latchkey.users",
      ],
      [
        "a member of a group with a permission",
        `with g as (insert into latchkey.groups (id, name) values (gen_random_uuid(), 'editors') returning id),
         p as (insert into latchkey.group_permissions select id, 'auth.view_user' from g)
         insert into latchkey.user_groups (user_id, group_id) select u.id, g.id from latchkey.users u, g`,
      ],
    ],
    2,
  ))
    test.each(cases)("%s, from the next call on, unless that is wanted", { tags }, async (_what, sql) => {
      const id = await bringAliceOver();
      const [used, unused] = [1, 2].map((n) => encodeOldToken({ ...oldClaims(), exp: 4_102_444_800 + n }));
      expect(await answer(service.auth, used ?? "")).toBe(id);
      await service.database.query(sql);
      try {
        for (const token of [used, unused]) expect(await answer(service.auth, token ?? "")).toBe("token_invalid");
        expect(await countSessions()).toBe(1);
        const trusting = await service.another({ django: { ...django, dangerouslyAcceptTokensOfStaff: true } });
        for (const token of [used, unused]) expect(await answer(trusting, token ?? "")).toBe(id);
      } finally {
        await service.database.query("delete from latchkey.groups");
      }
    });
});

describe("a token of the old backend names nobody", () => {
  test("whose account is disabled", async () => {
    await bringAliceOver();
    await service.database.query("update latchkey.users set is_active = false");
    expect(await answer(service.auth, encodeOldToken(oldClaims()))).toBe("account_disabled");
    expect(await countSessions()).toBe(0);
  });
});

describe("the tokens of the old backend are accepted on request only, and until a date", () => {
  test("not at all without its secret, or without the date", async () => {
    await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    for (const settings of [undefined, { secretKey }]) {
      expect(await answer(await service.another({ django: settings }), token)).toBe("token_invalid");
    }
    expect(await answer(service.auth, token)).not.toBe("token_invalid");
  });

  test("not from that moment on, even where they are remembered and have a session", async () => {
    const ending = await service.another({ django: { ...django, acceptTokensUntil: at(hour) } });
    const id = await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    expect(await answer(ending, token)).toBe(id);
    const [session] = await service.database.query("select expires_at, idle_expires_at from latchkey.sessions");
    expect(session).toEqual({ expires_at: at(hour), idle_expires_at: at(hour) });
    await service.clock.advance(hour);
    expect(await answer(ending, token)).toBe("token_invalid");
    expect(await ending.inspectToken(token, service.facts)).toEqual({ active: false });
  });

  test("and no longer than any other session, counted from when they were issued", { tags: ["long"] }, async () => {
    const short = await service.another({ sessions: { lifetime: 2 * hour, idleLifetime: 2 * hour } });
    const id = await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    expect(await answer(short, token)).toBe(id);
    await service.clock.advance(hour + 1);
    expect(await answer(short, token)).toBe("session_ended");
    const [late] = [encodeOldToken({ ...oldClaims(), iat: toNumericDate(at(-2 * hour)) })];
    expect(await answer(short, late)).toBe("session_ended");
    expect(await countSessions()).toBe(1);
  });
});

describe("a token of the old backend is let in", () => {
  test("for exactly the username, and exactly the number, that its person had there, whatever they look like", async () => {
    const people = [
      { username: "Alice", phone: "0532 123 45 67" },
      { username: "ａｌｉｃｅ ２", phone: "٠٥٣٢١٢٣٤٥٦٨" },
      { username: "+905321234500", phone: null },
      { username: "20231234", phone: "" },
      { username: "student@example.com", phone: "n/a" },
    ];
    await seeForADay(people);
    for (const [index, person] of people.entries()) {
      const id = await bringOver({ ...person, phone: null }, { username: `person${index}` });
      const names = [person.username, ...(person.phone ? [person.phone] : [])];
      for (const user_identifier of names) {
        const token = encodeOldToken({ ...oldClaims(person), user_identifier });
        expect(await answer(service.auth, token), user_identifier).toBe(id);
      }
    }
  });

  test("with whole seconds, with no typ, and within the leeway of a minute", async () => {
    // Seconds count here, and the database's clock goes on while the other one stands still.
    await service[Symbol.asyncDispose]();
    await open();
    const id = await bringAliceOver();
    const now = toNumericDate(service.clock.now());
    const claims = oldClaims();
    expect(await answer(service.auth, encodeOldToken({ ...claims, iat: now - 60 }))).toBe(id);
    expect(await answer(service.auth, encodeOldToken(claims, { alg: "HS256" }))).toBe(id);
    expect(await answer(service.auth, encodeOldToken({ ...claims, exp: now - 50 }))).toBe(id);
    const frozen = await service.another({ django: { ...django, frozenAt: at(-10) } });
    expect(await answer(frozen, encodeOldToken({ ...claims, iat: now + 59 }))).toBe(id);
  });

  test("and tells what it is worth, with the id of the person and of the session that it now has", async () => {
    const id = await bringAliceOver();
    const iat = Math.floor(toNumericDate(service.clock.now())) - 1_000.5;
    const exp = toNumericDate(service.clock.now()) + 4 * hour;
    const token = encodeOldToken({ ...oldClaims(), iat, exp });
    const { session } = await service.auth.authenticate([`Bearer ${token}`]);
    expect(await service.auth.inspectToken(token, service.facts)).toEqual({
      active: true,
      sub: id,
      sid: session.id,
      iat,
      exp,
    });
  });

  test("until its own time and a minute", { tags: ["long"] }, async () => {
    await service[Symbol.asyncDispose]();
    await open();
    const id = await bringAliceOver();
    const token = encodeOldToken({ ...oldClaims(), exp: toNumericDate(service.clock.now()) + 600 });
    expect(await answer(service.auth, token)).toBe(id);
    await service.clock.advance(650);
    expect(await answer(service.auth, token)).toBe(id);
    await service.clock.advance(10);
    expect(await answer(service.auth, token)).toBe("token_expired");
  });

  test("as one of the sessions that a person may have", { tags: ["long"] }, async () => {
    const two = await service.another({ sessions: { perUser: 2 } });
    const id = await bringAliceOver();
    const tokens = [1, 2, 3].map((n) => encodeOldToken({ ...oldClaims(), exp: 4_102_444_800 + n }));
    for (const token of tokens) {
      expect(await answer(two, token)).toBe(id);
      await service.clock.advance(61);
    }
    expect(await answer(two, tokens[0] ?? "")).toBe("session_ended");
    expect(await answer(two, tokens[2] ?? "")).toBe(id);
  });
});

describe("from its first use on, a token of the old backend is bound to one person", () => {
  test("and one session, though two processes meet it twelve times at once", async () => {
    const id = await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    const calls = Array.from({ length: 12 }, (_, call) => answer(processes[call % 2] ?? service.auth, token));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([id]));
    expect(await countSessions()).toBe(1);
    const events = "select from latchkey.audit_events where event = 'legacy_token_adopted' and subject_id = $1";
    expect(await service.database.query(events, [id])).toHaveLength(1);
  });

  test("and those who wait for that keep nobody else from the database, nor is a refusal kept waiting", async () => {
    const id = await bringAliceOver();
    await service.auth.createUser({ username: "dora", password });
    const { token } = (await service.auth.signIn({ username: "dora", password }, service.facts)) as { token: string };
    const old = Array.from({ length: 15 }, (_, age) => encodeOldToken({ ...oldClaims(), exp: 4_102_444_800 - age }));
    const holder = new pg.Client(service.database.connection);
    await holder.connect();
    await holder.query("begin; select from latchkey.import_sources for update");
    const calls = [...old, ...old, ...old].map((text) =>
      service.auth.authenticate([`Bearer ${text}`], service.facts).then(({ user }) => user.id),
    );
    expect(await answer(service.auth, encodeOldToken(oldClaims({ username: "bob" })))).toBe("token_invalid");
    expect((await service.auth.authenticate([`Bearer ${token}`])).user.username).toBe("dora");
    await holder.end();
    expect(new Set(await Promise.all(calls))).toEqual(new Set([id]));
  });

  test("and ends with that session, on every process, for good, however long what is dead is kept", async () => {
    await bringAliceOver();
    const short = await service.another({ sessions: { lifetime: 2 * hour, idleLifetime: 2 * hour } });
    const token = encodeOldToken({ ...oldClaims(), exp: toNumericDate(at(9 * 24 * hour)) });
    await Promise.all([short, ...processes].map((auth) => answer(auth, token)));
    await service.database.query(
      `update latchkey.sessions set ended_at = latchkey.now(), end_reason = 'signed_out',
        expires_at = created_at + interval '1 hour', idle_expires_at = created_at + interval '1 hour'`,
    );
    await service.clock.advance(8 * 24 * hour);
    expect((await service.auth.purge()).sessions).toBe(0);
    for (const auth of [...processes, await service.another()]) {
      expect(await answer(auth, token)).toBe("session_ended");
      expect(await auth.inspectToken(token, service.facts)).toEqual({ active: false });
    }
    await service.clock.advance(2 * 24 * hour);
    expect((await service.auth.purge()).sessions).toBe(1);
    expect(await answer(service.auth, token)).toBe("token_expired");
  });

  test("while another token of the same person has a session of its own", async () => {
    const id = await bringAliceOver();
    const [one, other] = [oldClaims(), { ...oldClaims(), exp: 4_102_444_800 }].map((claims) => encodeOldToken(claims));
    await answer(service.auth, one ?? "");
    await service.database.query("update latchkey.sessions set ended_at = latchkey.now(), end_reason = 'signed_out'");
    expect(await answer(service.auth, one ?? "")).toBe("session_ended");
    expect(await answer(service.auth, other ?? "")).toBe(id);
  });

  test("and it stays ended when the service has got another secret", { tags: ["long"] }, async () => {
    await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    await answer(service.auth, token);
    await service.database.query("update latchkey.sessions set ended_at = latchkey.now(), end_reason = 'signed_out'");
    const { clock } = service;
    const renewed = createAuth(service.database.connection, { secret: `${testSecret}-another`, clock, django });
    expect(await answer(renewed, token)).toBe("session_ended");
    await renewed.close();
  });

  test("and a session that an earlier release opened by its rules is none", async () => {
    await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    await answer(service.auth, token);
    await service.database.query("update latchkey.sessions set adopted_from = null");
    expect(await answer(service.auth, token)).toBe("token_invalid");
  });

  test("while that person changes: a password that is set at the same moment leaves nothing open", async () => {
    const id = await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    const calls = Array.from({ length: 6 }, () => answer(service.auth, token));
    await Promise.all([
      ...calls,
      service.auth.operator.changePassword("alice", password),
      see([{ ...alice, username: "al" }], { seconds: 1 }),
    ]);
    expect(await answer(service.auth, token)).toMatch(/^(session_ended|token_invalid)$/);
    const live = "select from latchkey.sessions where user_id = $1 and ended_at is null";
    expect(await service.database.query(live, [id])).toEqual([]);
  });
});

describe("a token of the old backend", () => {
  test("is worth something to the service itself, and nothing to another API", async () => {
    await bringAliceOver();
    const token = encodeOldToken(oldClaims());
    expect(await service.auth.inspectToken(token, service.facts)).toMatchObject({ active: true });
    expect(await service.auth.inspectToken(token, service.facts, { audience: "shop" })).toEqual({ active: false });
  });

  test("is exchanged for one that ends when its owner comes to hold rights, as it does itself", async () => {
    const id = await bringAliceOver();
    const auth = await service.another({ tokens: { audience: ["latchkey", "shop"] } });
    const caller = await auth.authenticate([`Bearer ${encodeOldToken(oldClaims())}`]);
    const { token } = await auth.exchangeToken(caller, { audience: "shop" });
    const ask = () => auth.inspectToken(token, service.facts, { audience: "shop" });
    expect(await ask()).toMatchObject({ active: true, sub: id });
    await auth.operator.update("alice", { isStaff: true });
    expect(await ask()).toEqual({ active: false });
  });
});
