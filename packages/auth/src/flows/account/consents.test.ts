import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";
import type { Administrator } from "../steps/authority.ts";

const password = "correct horse battery";
let service: TestAuth;
let auth: Auth;
let admin: Administrator;
beforeAll(async () => {
  service = await createTestAuth({ consentTextVersion: "2026-11" });
  auth = service.auth;
  await auth.createUser({ username: "boss", password, isSuperuser: true });
  admin = { ...(await signIn("boss")), facts: service.facts };
});
afterAll(() => service[Symbol.asyncDispose]());

async function signIn(username: string) {
  const { token } = await auth.signIn({ username, password }, service.facts);
  return auth.authenticate([`Bearer ${token}`]);
}

let count = 0;
async function open(isApprovedToBeInTouch?: boolean) {
  const username = `agrees_${++count}`;
  const { user } = await auth.register({ username, password, isApprovedToBeInTouch }, service.facts);
  return { id: user.id, username, caller: await signIn(username) };
}

type Person = Awaited<ReturnType<typeof open>>;

const decide = ({ caller }: Person, isApprovedToBeInTouch: boolean) =>
  auth.updateProfile(caller, { isApprovedToBeInTouch }, service.facts);
/** Read anew, since the caller is as they were at their sign-in. */
const listOf = async ({ username }: Person) => auth.listConsents(await signIn(username));
const stored = async ({ id }: Person) =>
  (
    await service.database.query<{ is: boolean }>(
      "select is_approved_to_be_in_touch as is from latchkey.users where id = $1",
      [id],
    )
  )[0]?.is;

const issuesOf = (error: { code?: string; issues?: readonly { path: readonly unknown[] }[] }) => [
  error.code,
  error.issues?.[0]?.path,
];
const refused = ["invalid_input", ["isApprovedToBeInTouch"]];

describe("what a person agrees to", () => {
  test("is noted with its time, its text, its address and where it was, and the newest row is what counts", async () => {
    const person = await open(true);
    await service.clock.advance(60);
    await decide(person, false);
    await decide(person, true);
    const [last, withdrawn, first] = await listOf(person);
    const own = { purpose: "contact", decidedBy: "owner", textVersion: "2026-11", address: "192.0.2.1" };
    expect(first).toMatchObject({ ...own, isGiven: true, source: "registration" });
    expect(withdrawn).toMatchObject({ ...own, isGiven: false, source: "profile" });
    expect(last).toMatchObject({ ...own, isGiven: true, source: "profile" });
    expect(Number(withdrawn?.decidedAt) - Number(first?.decidedAt)).toBeGreaterThanOrEqual(60_000);
    expect(await stored(person)).toBe(true);
  });

  test("is no decision where nothing was agreed to, or a form sends what was said before", async () => {
    const silent = await open();
    await decide(silent, false);
    await auth.updateProfile(silent.caller, { city: "İzmir" }, service.facts);
    expect(await listOf(silent)).toEqual([]);
    const person = await open(true);
    await decide(person, true);
    await decide(person, true);
    expect(await listOf(person)).toHaveLength(1);
  });

  test("at two places at once leaves a list whose newest row is what is stored", async () => {
    const person = await open();
    await Promise.all([true, false, true, false, true].map((is) => decide(person, is)));
    const [newest] = await listOf(person);
    expect(newest?.isGiven ?? false).toBe(await stored(person));
  });

  test("goes with the account, and is in its owner's copy without who withdrew it", async () => {
    const person = await open(true);
    await auth.users.update(admin, person.id, { isApprovedToBeInTouch: false });
    const { records } = await auth.exportOwnData(await signIn(person.username));
    expect(records.consents).toHaveLength(2);
    expect(JSON.stringify(records.consents)).not.toContain(admin.user.id);
    await auth.users.delete(admin, person.id);
    expect(await service.database.query("select from latchkey.consents where user_id = $1", [person.id])).toEqual([]);
  });
});

describe("nobody agrees for another:", () => {
  test("an administrator and the operator are refused, may withdraw, and may leave it as it is", async () => {
    const person = await open();
    const yes = { isApprovedToBeInTouch: true };
    expect(await auth.users.update(admin, person.id, yes).catch(issuesOf)).toEqual(refused);
    expect(await auth.users.create(admin, { username: "made_yes", ...yes }).catch(issuesOf)).toEqual(refused);
    expect(await auth.operator.update(person.username, yes).catch(issuesOf)).toEqual(refused);
    expect(await auth.createUser({ username: "made_yes", password, profile: yes }).catch(issuesOf)).toEqual(refused);
    await decide(person, true);
    await auth.users.update(admin, person.id, { ...yes, city: "Bursa" });
    await auth.users.update(admin, person.id, { isApprovedToBeInTouch: false });
    const [withdrawn, given, ...more] = await listOf(person);
    expect(withdrawn).toMatchObject({
      isGiven: false,
      decidedBy: "administrator",
      source: "administration",
      address: null,
    });
    expect(given).toMatchObject({ isGiven: true, decidedBy: "owner" });
    expect(more).toEqual([]);
    await decide(person, true);
    await auth.operator.update(person.username, { isApprovedToBeInTouch: false });
    expect((await listOf(person))[0]).toMatchObject({ decidedBy: "administrator", source: "command_line" });
  });

  test("the database refuses it too", async () => {
    const { id } = await open();
    const insert = `insert into latchkey.consents (user_id, purpose, is_given, decided_by, source)
      values ($1, 'contact', true, 'administrator', 'administration')`;
    await expect(service.database.query(insert, [id])).rejects.toThrow("consents_own");
  });

  test("what another system says is noted as that, without a day", async () => {
    const username = `agrees_${++count}`;
    const round = await auth.importedUsers.startRound({ source: "django", startedAt: service.clock.now() });
    await auth.importedUsers.record(round, [{ oldId: "1", username, phoneNumber: null }]);
    await auth.importedUsers.completeRound(round, { people: 1 });
    const importedFrom = { source: "django", oldId: "1" };
    await auth.createUser({ username, password, profile: { isApprovedToBeInTouch: true }, importedFrom });
    expect(await auth.listConsents(await signIn(username))).toMatchObject([
      { isGiven: true, decidedBy: "import", source: "import", decidedAt: null, textVersion: null },
    ]);
  });
});

describe("what was agreed to before there was a list", () => {
  /** As the release before leaves people: without rows, and with the mark that they are to be looked at. */
  async function forget(people: readonly Person[]) {
    const { database } = service;
    await database.query("delete from latchkey.consents where user_id = any($1)", [people.map(({ id }) => id)]);
    await database.query("delete from latchkey.consent_backfill");
    await database.query("insert into latchkey.consent_backfill values ('00000000-0000-0000-0000-000000000000')");
  }

  const unknown = { isGiven: true, decidedAt: null, decidedBy: "unknown", source: "unknown" };

  test("is told as of an unknown day, noted by the maintenance, and once", async () => {
    const [person, other] = [await open(true), await open(false)];
    await forget([person, other]);
    expect(await listOf(person)).toMatchObject([unknown]);
    await Promise.all([auth, await service.another()].map((process) => process.purge()));
    await auth.purge();
    expect(await service.database.query("select from latchkey.consent_backfill")).toEqual([]);
    const rows = "select from latchkey.consents where user_id = $1";
    expect(await service.database.query(rows, [person.id])).toHaveLength(1);
    expect(await service.database.query(rows, [other.id])).toEqual([]);
    expect(await listOf(person)).toMatchObject([unknown]);
  });

  test("stays in the list of whoever withdraws it before that", async () => {
    const person = await open(true);
    await forget([person]);
    await decide(person, false);
    await auth.purge();
    expect(await listOf(person)).toMatchObject([{ isGiven: false, decidedBy: "owner" }, unknown]);
  });

  test("does not come back behind what somebody withdraws while it is noted", async () => {
    const person = await open(true);
    await forget([person]);
    const { database } = service;
    const client = new pg.Client(database.connection);
    await client.connect();
    await client.query("begin");
    await client.query("update latchkey.users set is_approved_to_be_in_touch = false where id = $1", [person.id]);
    await client.query(
      `insert into latchkey.consents (user_id, purpose, is_given, decided_by, source)
        values ($1, 'contact', true, 'unknown', 'unknown'), ($1, 'contact', false, 'owner', 'profile')`,
      [person.id],
    );
    const purged = auth.purge();
    const isPast = `select from latchkey.consent_backfill having count(*) = 0
      union all select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(() => database.query(isPast).then(({ length }) => length)).toBeGreaterThan(0);
    await client.query("commit");
    await client.end();
    await purged;
    expect((await listOf(person)).map(({ isGiven }) => isGiven)).toEqual([false, true]);
  });

  test("is looked at in steps, however many people there are", async () => {
    await using test = await createTestAuth();
    const { auth: own, database } = test;
    await database.query(`insert into latchkey.users (id, username, username_key, password, is_approved_to_be_in_touch)
      select uuidv7(), 'p' || n, 'p' || n, '!', n % 2 = 0 from generate_series(1, 2500) n`);
    await database.query("delete from latchkey.consents");
    await database.query("insert into latchkey.consent_backfill values ('00000000-0000-0000-0000-000000000000')");
    await own.purge();
    expect(await database.query("select from latchkey.consents")).toHaveLength(1_250);
    expect(await database.query("select from latchkey.consent_backfill")).toEqual([]);
  });
});

test("a change that brings no row of its own, as by the release before, is noted as unknown by the database", async () => {
  const person = await open();
  const set = (is: boolean) =>
    service.database.query("update latchkey.users set is_approved_to_be_in_touch = $2 where id = $1", [person.id, is]);
  await set(true);
  await set(false);
  expect((await listOf(person)).map(({ isGiven, decidedBy }) => [isGiven, decidedBy])).toEqual([
    [false, "unknown"],
    [true, "unknown"],
  ]);
});
