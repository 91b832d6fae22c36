import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth, createTestDatabase, type TestAuth } from "@latchkey/auth/testing";
import { describe, expect, test } from "vitest";
import { type ImportOptions, importPeople } from "./import-people.ts";
import { hasMariadb, startMariadb } from "./testing/mariadb.ts";
import { hasModules, runBackend } from "./testing/real-django.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

const names = "ada bob cem dora eve fay gus hal ivy jon kim lea max nil oya rex sue ira".split(" ");
const idOf = (name: string) => names.indexOf(name) + 1;
const passwordOf = (name: string) => `what ${name} types`;
const phoneOf = (name: string) => `0533 100 ${1_000 + idOf(name)}`;

/** Somebody who signs up there. */
const signUp = (id: number, username: string, more: object = {}) => ({
  create: { id, username, password: passwordOf(String(id)), ...more },
});
const there = (name: string, change: object) => ({ id: idOf(name), ...change });

const beginning = [
  ...names.map((name) => ({
    create: { id: idOf(name), username: name, password: passwordOf(name), phone_number: phoneOf(name), city: "Bursa" },
  })),
  there("gus", { groups: ["Clerks"] }),
  there("ira", { permissions: ["publish"] }),
  there("rex", { set: { is_staff: true } }),
];

const morning = [
  there("ada", { password: "ada's second one" }),
  there("bob", { set: { username: "bobby" } }),
  signUp(19, "bob"),
  there("cem", { set: { username: "passing" } }),
  there("dora", { set: { username: "cem" } }),
  there("cem", { set: { username: "dora" } }),
  there("eve", { set: { phone_number: "0533 100 2000" } }),
  there("fay", { set: { is_active: false } }),
  there("gus", { groups: [] }),
  there("hal", { permissions: ["publish"] }),
  there("ivy", { delete: true }),
  there("jon", { password: "jon's of there" }),
  there("kim", { set: { city: "Ankara", last_name: "Kaya" } }),
  there("lea", { password: "lea's second one" }),
  there("max", { password: "max's second one", groups: ["Clerks"] }),
  there("nil", { set: { city: "Ankara" }, password: "nil's second one" }),
  there("oya", { set: { city: "Ankara" } }),
  there("rex", { set: { is_staff: false } }),
  there("sue", { set: { is_superuser: true } }),
  there("ira", { permissions: [] }),
  signUp(20, "quin"),
  signUp(21, "here_first"),
];

const afternoon = [
  there("ada", { password: "ada's third one" }),
  there("bob", { set: { username: "bobette" } }),
  there("cem", { set: { username: "passing" } }),
  there("dora", { set: { username: "dora" } }),
  there("cem", { set: { username: "cem" } }),
  there("eve", { set: { phone_number: phoneOf("ivy") } }),
  there("fay", { set: { is_active: true } }),
  there("kim", { set: { city: "Mersin" } }),
  { id: 20, password: "quin's of there" },
];

/** By which name and password who signs in at the end of the day; by all other pairs of these names and passwords nobody does. */
const signsIn: readonly (readonly [id: number, password: string, ...names: readonly string[]])[] = [
  [idOf("ada"), "ada's third one", "ada", phoneOf("ada")],
  [idOf("bob"), passwordOf("bob"), "bobette", phoneOf("bob")],
  [idOf("cem"), passwordOf("cem"), "cem", phoneOf("cem")],
  [idOf("dora"), passwordOf("dora"), "dora", phoneOf("dora")],
  // The number of somebody who is gone there stays theirs here.
  [idOf("eve"), passwordOf("eve"), "eve"],
  [idOf("gus"), passwordOf("gus"), "gus"],
  [idOf("hal"), passwordOf("hal"), "hal"],
  [idOf("ivy"), passwordOf("ivy"), "ivy", phoneOf("ivy")],
  [idOf("jon"), "jon's of here", "jon", phoneOf("jon")],
  [idOf("kim"), passwordOf("kim"), "kim"],
  [idOf("lea"), "lea's second one", "leah", phoneOf("lea")],
  [idOf("rex"), passwordOf("rex"), "rex"],
  [idOf("sue"), passwordOf("sue"), "sue"],
  [idOf("ira"), passwordOf("ira"), "ira"],
  [19, passwordOf("19"), "bob"],
  [20, "quin's of here", "quin"],
  [21, passwordOf("21"), "here_first_21"],
];
const nobodys = {
  names: ["bobby", "passing", "fay", "lea", "max", "nil", "oya", "here_first", phoneOf("eve"), "0533 100 2000"],
  passwords: [
    ...["ada", "jon", "lea", "fay", "max", "nil", "oya", "20"].map(passwordOf),
    ...["ada's second one", "jon's of there", "max's second one", "nil's second one", "quin's of there"],
  ],
};

const day = 86_400;

/** Signs somebody in from an address of their own: limits on guessing are not what this is about. */
async function signIn({ auth, facts }: TestAuth, username: string, typed: string, n = idOf(username)) {
  const answer = await auth.signIn({ username, password: typed }, { ...facts, address: `10.0.${n >> 8}.${n & 255}` });
  if (!("token" in answer)) throw new Error("no session");
  return { ...answer, caller: await auth.authenticate([`Bearer ${answer.token}`], facts) };
}

async function changeHere(service: TestAuth): Promise<void> {
  const { auth, facts } = service;
  const own = (name: string) => signIn(service, name, passwordOf(name));
  const { caller: jon } = await own("jon");
  await auth.changePassword(jon, { currentPassword: passwordOf("jon"), newPassword: "jon's of here" }, facts);
  const { caller: kim } = await own("kim");
  await auth.updateProfile(kim, { city: "Van" }, facts);
  const { caller: oya } = await own("oya");
  await auth.deleteOwnAccount(oya, facts);
  await auth.operator.update("lea", { username: "leah" });
  await auth.operator.update("max", { isActive: false });
  await auth.operator.delete("nil");
  await auth.createUser({ username: "here_first", password: "a long enough one" });
}

/** Who signs in by each pair of the names and passwords of that day, one attempt a day at each name. */
async function tryAll(service: TestAuth): Promise<string[]> {
  const owners = new Map(
    (
      await service.database.query<{ user_id: string; old_id: string }>(
        "select user_id, old_id from latchkey.imported_users where user_id is not null",
      )
    ).map(({ user_id, old_id }) => [user_id, old_id]),
  );
  const all = [...signsIn.flatMap(([, , ...of]) => of), ...nobodys.names];
  const found: string[] = [];
  let n = 0;
  for (const typed of new Set([...signsIn.map(([, one]) => one), ...nobodys.passwords])) {
    await service.clock.advance(day);
    for (const name of all) {
      n += 1;
      const id = await signIn(service, name, typed, n).then(
        ({ user }) => owners.get(user.id) ?? "somebody of here",
        (error: { code?: string }) => {
          if (error.code !== "invalid_credentials") throw error;
          return null;
        },
      );
      if (id !== null) found.push(`${id} by ${name} and ${typed}`);
    }
  }
  return found.toSorted();
}

const dump = ({ database }: TestAuth) =>
  database.query(
    `select u::text || i::text as row,
      array(select g.group_id::text from latchkey.user_groups g where g.user_id = u.id) as groups,
      array(select p.permission from latchkey.user_permissions p where p.user_id = u.id) as permissions
    from latchkey.users u left join latchkey.imported_users i on i.user_id = u.id order by u.id`,
  );

async function liveADay(database: string, source: string): Promise<void> {
  await using service = await createTestAuth({
    phones: { defaultCountry: "TR" },
    permissions: ["users.publish_user"],
  });
  const options = { ...usual, accept: ["all"], connection: service.database.connection, source };
  const run = async (changes: Partial<ImportOptions> = {}) => {
    await service.clock.advance(60);
    return importPeople(service.auth, { ...options, ...changes });
  };
  await runBackend(database, "make", []);
  await runBackend(database, "change", beginning);
  expect(await run()).toMatchObject({ exitCode: 0, created: names.length });

  const [ada, bob] = [await signIn(service, "ada", passwordOf("ada")), await signIn(service, "bob", passwordOf("bob"))];
  await changeHere(service);
  await runBackend(database, "change", morning);
  const first = await run();
  expect(first).toMatchObject({ exitCode: 0, created: 3 });
  expect(first.followed?.kept.toSorted()).toEqual(
    ["8: permissions", "10: password", "11: city", "13: groups", "17: isSuperuser"].toSorted(),
  );
  const authenticate = (token: string) => service.auth.authenticate([`Bearer ${token}`], service.facts);
  await expect(authenticate(ada.token)).rejects.toMatchObject({ code: "session_ended" });
  expect((await authenticate(bob.token)).user.username).toBe("bobby");

  const { caller: quin } = await signIn(service, "quin", passwordOf("20"), 20);
  const newPassword = "quin's of here";
  await service.auth.changePassword(quin, { currentPassword: passwordOf("20"), newPassword }, service.facts);
  await runBackend(database, "change", afternoon);
  const second = await run();
  expect(second).toMatchObject({ exitCode: 0, created: 0 });
  expect(second.followed?.kept.toSorted()).toEqual(["11: city", "20: password", "6: isActive"].toSorted());
  await service.clock.advance(31 * day);
  await service.auth.purge();

  const after = await dump(service);
  for (let round = 0; round < 5; round += 1)
    expect(await run({ accept: ["permission_undeclared"] })).toMatchObject({
      exitCode: 0,
      created: 0,
      totals: { new: 0, changed: 0, deleted: 2 },
      followed: { people: 0, kept: [] },
    });
  expect(await dump(service)).toEqual(after);
  expect(await verifyImport(service.auth, options)).toMatchObject({
    missing: 0,
    changed: 0,
    gone: 1,
    different: [],
    reachAnother: [],
    // She has the number there of somebody who is gone there, and whose it still is here: an operator is to know of it.
    heldByGone: [`${idOf("eve")}: phoneNumber, which is ${idOf("ivy")}'s here`],
    unreadable: [],
    isGood: true,
  });
  const rights = `select username from latchkey.users u where is_staff or is_superuser
    or exists (select from latchkey.user_groups g where g.user_id = u.id)
    or exists (select from latchkey.user_permissions p where p.user_id = u.id)`;
  expect(await service.database.query(rights)).toEqual([]);
  const kim = await service.database.query("select city, last_name from latchkey.users where username = 'kim'");
  expect(kim).toEqual([{ city: "Van", last_name: "Kaya" }]);

  const expected = signsIn.flatMap(([id, typed, ...of]) => of.map((name) => `${id} by ${name} and ${typed}`));
  expect(await tryAll(service)).toEqual(expected.toSorted());
}

describe.skipIf(!hasModules("django"))("a day of changes in a real Django and here, with two rounds in it", () => {
  test("in SQLite: each signs in by what the rules leave them, none reaches another, and further rounds change nothing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-django-"));
    const file = join(folder, "db.sqlite3");
    await liveADay(file, `sqlite:${file}`);
    await rm(folder, { recursive: true });
  });

  test.skipIf(!hasModules("psycopg2"))("in PostgreSQL: the same", async () => {
    await using database = await createTestDatabase({ isEmpty: true });
    const { host, port, user, password, database: name } = database.connection;
    const url = `postgres://${user}:${encodeURIComponent(String(password ?? ""))}@${host}:${port}/${name}`;
    await liveADay(url, url);
  });

  test.skipIf(!hasModules("MySQLdb") || !hasMariadb())("in MariaDB: the same", async () => {
    await using database = await startMariadb();
    await liveADay(database.url, database.url);
  });
});
