import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { call, type LiveServer, startLiveServer } from "../live-server.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const password = "correct horse battery";
const djangoHash = "pbkdf2_sha256$1000$c2FsdA$ajb1mzpVBpkOYDyJ6bJbRGQ9Fy8yA7ckMg1yqvBLKQ0=";
const day = 86_400_000;

let live: LiveServer;
beforeAll(async () => {
  const django = { secretKey, acceptTokensUntil: new Date(Date.now() + day) };
  live = await startLiveServer({ phones: { defaultCountry: "TR" }, django });
});
beforeEach(async () => {
  await live.test.database.query("delete from latchkey.users");
  await live.test.database.query("delete from latchkey.imported_users; delete from latchkey.import_sources");
});
afterAll(() => live[Symbol.asyncDispose]());

interface OldPerson {
  readonly username: string;
  readonly phone?: string;
}

/** Everybody of the old backend, as two rounds saw them: a day ago and now. */
async function see(people: readonly OldPerson[]): Promise<void> {
  const { importedUsers } = live.test.auth;
  const read = people.map(({ username, phone = null }, index) => ({ oldId: `${index}`, username, phoneNumber: phone }));
  for (const age of [day, 0]) {
    const round = await importedUsers.startRound({
      source: "django",
      startedAt: new Date(live.test.clock.now().getTime() - age),
    });
    await importedUsers.record(round, read);
    await importedUsers.completeRound(round, { people: read.length });
  }
}

/** The old backend's own token for a person, two minutes old. */
function oldTokenOf(
  { username, phone = null }: { username: string; phone?: string | null },
  identifier = username,
): string {
  const now = Math.floor(live.test.clock.now().getTime() / 1000);
  const claims = { user_identifier: identifier, iat: now - 120, exp: now + 3_600, username, phone_number: phone };
  const [header, payload] = [{ alg: "HS256", typ: "JWT" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const signature = createHmac("sha256", secretKey).update(`${header}.${payload}`).digest("base64url");
  return `${header}.${payload}.${signature}`;
}

const getMe = (token: string) => call(live.url, "me.get", { token });
const refused = { status: 401, body: { data: { reason: "token_invalid" } } };

// The old names went through the grammar of the new ones, so that one person's token opened another one's account.
test.each<[came: OldPerson, other: OldPerson]>([
  [{ username: "alice", phone: "+905321234567" }, { username: "ALICE" }],
  [{ username: "alice", phone: "+905321234567" }, { username: "Al\u0131ce" }],
  [{ username: "alice", phone: "+905321234567" }, { username: "+905321234567" }],
  [{ username: "alice", phone: "+905321234567" }, { username: "0532-123-45-67" }],
  [{ username: "stra\u00dfe" }, { username: "strasse" }],
])("%o came over; the token of %o is refused, and the log says why", async (came, other) => {
  await see([came, other]);
  const { id } = await live.test.auth.createUser({
    username: came.username,
    phoneNumber: came.phone,
    password: { djangoHash },
    importedFrom: { source: "django", oldId: "0" },
  });
  expect(await getMe(oldTokenOf(other))).toMatchObject(refused);
  const told = live.logged.map((line) => JSON.parse(line)).findLast(({ msg }) => msg === "old token refused");
  expect(told).toMatchObject({ because: "no_account", path: "me.get" });
  expect(await getMe(oldTokenOf(came))).toMatchObject({ status: 200, body: { id } });
  if (!came.phone) return;
  // A text that is one person's name and another one's number means the name, as it did there.
  const byNumber = came.phone === other.username ? refused : { status: 200, body: { id } };
  expect(await getMe(oldTokenOf(came, came.phone))).toMatchObject(byNumber);
});

test("an account that was made here is nobody's of the old backend, a superuser's and one that registered among them", async () => {
  await live.test.auth.createUser({ username: "root1", password, isSuperuser: true });
  expect(await call(live.url, "account.register", { input: { username: "dave", password } })).toMatchObject({
    status: 200,
  });
  const people = [{ username: "root1" }, { username: "dave" }];
  for (const person of people) expect(await getMe(oldTokenOf(person))).toMatchObject(refused);
  await see(people);
  for (const person of people) expect(await getMe(oldTokenOf(person))).toMatchObject(refused);
});

test("in the profile `django` a stranger's token never has a name of the old backend, be it known here yet or not", async () => {
  await using other = await startLiveServer({ tokens: { profile: "django" }, django: { secretKey } });
  const register = () => call(other.url, "account.register", { input: { username: "bob", password } });
  const { body } = await register();
  const claims = JSON.parse(Buffer.from(body.token.split(".")[1], "base64url").toString());
  expect(claims).not.toHaveProperty("user_identifier");
  await other.test.database.query("delete from latchkey.users");
  const { importedUsers } = other.test.auth;
  const round = await importedUsers.startRound({ source: "django", startedAt: other.test.clock.now() });
  await importedUsers.record(round, [{ oldId: "1", username: "BOB", phoneNumber: null }]);
  await importedUsers.completeRound(round, { people: 1 });
  expect(await register()).toMatchObject({ status: 400, body: { data: { reason: "invalid_input" } } });
});
