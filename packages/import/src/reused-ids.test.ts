import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestAuth } from "@latchkey/auth/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ImportOptions, importPeople } from "./import-people.ts";
import { type Beginning, createBeginning } from "./testing/beginning.ts";
import type { OldProject } from "./testing/django-project.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { runImport } from "./testing/run-import.ts";
import { usual } from "./testing/usual-options.ts";

let service: TestAuth;
let project: OldProject;
let beginning: Beginning;

beforeAll(async () => {
  beginning = await createBeginning(async (pair) => {
    await pair.project.insert(
      { id: 1, username: "ada", password: pbkdf2("what ada types", "salt") },
      { id: 2, username: "1kaplan", password: pbkdf2("what kaplan types", "salt") },
      { id: 3, username: "root", password: pbkdf2("what root types", "salt"), is_staff: true },
    );
    await runImport(pair, { accept: ["all"] });
  });
});
afterAll(() => beginning[Symbol.asyncDispose]());

beforeEach(async () => {
  ({ project, service } = await beginning.copy());
});
afterEach(async () => {
  await service[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

const run = (options: Partial<ImportOptions> = {}) =>
  runImport({ project, service }, { accept: ["permission_undeclared"], ...options });

const asked = (undecided: number, rows = undecided) => expect.objectContaining({ code: "id_reused", rows, undecided });
const signIn = (username: string, password: string) => service.auth.signIn({ username, password }, service.facts);
const accountOf = async (oldId: number | string, source = "django") => {
  const [row] = await service.database.query<{ user_id: string | null }>(
    "select user_id from latchkey.imported_users where source = $1 and old_id = $2",
    [source, String(oldId)],
  );
  return row?.user_id;
};
const dump = () =>
  service.database.query(
    "select u::text || i::text as row from latchkey.users u left join latchkey.imported_users i on i.user_id = u.id order by u.id",
  );

/** What a run leaves as it was, the next one finds as it was: one of them shows it. */
async function staysAsItIs(options: Partial<ImportOptions> = {}) {
  const before = await dump();
  expect(await run(options)).toMatchObject({ exitCode: 0, created: 0 });
  expect(await dump()).toEqual(before);
}

describe("whose day of joining was corrected there", () => {
  const correct = (id: number) =>
    project.run(`update users_user set date_joined = '2019-05-06 07:08:09+00' where id = ${id}`);

  test("is asked about before anything is done, keeps the account as the same person, and is followed; who has rights here keeps the day of here too", async () => {
    const accounts = [await accountOf(1), await accountOf(3)];
    await correct(1);
    await correct(3);
    const answer = await run();
    expect(answer).toMatchObject({ exitCode: 4, followed: null });
    expect(answer.codes).toContainEqual(asked(2));
    expect([await accountOf(1), await accountOf(3)]).toEqual(accounts);
    await project.run("update users_user set city = 'Van' where id = 1");
    expect(await run({ accept: ["permission_undeclared", "id_reused"] })).toMatchObject({
      exitCode: 0,
      created: 0,
      followed: { people: 1, kept: ["3: dateJoined"] },
    });
    expect([await accountOf(1), await accountOf(3)]).toEqual(accounts);
    const rows = await service.database.query(
      "select city, date_joined at time zone 'UTC' as at from latchkey.users where username = 'ada'",
    );
    expect(rows).toEqual([{ city: "Van", at: new Date("2019-05-06T07:08:09Z") }]);
    await staysAsItIs();
    await project.run("update users_user set is_active = false where id = 1");
    expect(await run()).toMatchObject({ exitCode: 0, followed: { people: 1 } });
  });

  test("and who has a new password besides stays the same person by a second name that is as it was", {
    tags: ["long"],
  }, async () => {
    await project.run("update users_user set email = 'ada@example.org' where id = 1");
    await project.run("update users_user set phone_number = '0532 123 45 67' where id = 2");
    await run();
    const accounts = [await accountOf(1), await accountOf(2)];
    for (const id of [1, 2]) {
      await correct(id);
      await project.run(`update users_user set password = '${pbkdf2("a new one", `new${id}`)}' where id = ${id}`);
    }
    expect(await run({ accept: ["all"] })).toMatchObject({
      exitCode: 0,
      created: 0,
      followed: { people: 2, kept: [] },
    });
    expect([await accountOf(1), await accountOf(2)]).toEqual(accounts);
    await expect(signIn("ada", "a new one")).resolves.toHaveProperty("token");
    await expect(signIn("1kaplan", "a new one")).resolves.toHaveProperty("token");
    await expect(signIn("ada", "what ada types")).rejects.toMatchObject({ code: "invalid_credentials" });
    await staysAsItIs();
  });

  test("and who has another name besides stays the same person by the hash of their password", {
    tags: ["long"],
  }, async () => {
    const account = await accountOf(1);
    await correct(1);
    await project.run("update users_user set username = 'ada_yilmaz', email = 'ada@example.org' where id = 1");
    expect(await run({ accept: ["all"] })).toMatchObject({
      exitCode: 0,
      created: 0,
      followed: { people: 1, kept: [] },
    });
    expect(await accountOf(1)).toBe(account);
    await expect(signIn("ada_yilmaz", "what ada types")).resolves.toHaveProperty("token");
    await staysAsItIs();
  });

  test("is left as they are by --undecided skip, also by --disable-deleted, and asked about again", {
    tags: ["long"],
  }, async () => {
    const account = await accountOf(1);
    await correct(1);
    await project.run("update users_user set is_active = false where id = 1");
    const options = { skipsUndecided: true, disableDeleted: true };
    expect(await run(options)).toMatchObject({ exitCode: 0, disabled: 0, totals: { undecided: 1 } });
    await staysAsItIs(options);
    expect(await accountOf(1)).toBe(account);
    expect((await run()).codes).toContainEqual(asked(1));
    await run({ accept: ["permission_undeclared", "id_reused"] });
    await expect(signIn("ada", "what ada types")).rejects.toMatchObject({ code: "invalid_credentials" });
  });
});

describe("an id that is somebody else's there", () => {
  const give = (id: number, username: string, more: Record<string, string> = {}) =>
    project.run(`delete from users_user where id = ${id}`).then(() =>
      project.insert({
        id,
        username,
        password: pbkdf2(`what ${username} types`, "pepper"),
        date_joined: "2024-05-06 07:08:09+00",
        ...more,
      }),
    );

  test("does not bring the account along: it is parted, and they come over anew in the same run", async () => {
    const account = await accountOf(1);
    await give(1, "bora");
    expect((await run()).codes).toContainEqual(asked(1));
    expect(await accountOf(1)).toBe(account);
    expect(await run({ accept: ["all"] })).toMatchObject({ exitCode: 0, created: 1 });
    expect(await accountOf(1)).not.toBe(account);
    await expect(signIn("bora", "what bora types")).resolves.toHaveProperty("token");
    await expect(signIn("ada", "what ada types")).resolves.toHaveProperty("token");
    await staysAsItIs();
    expect((await service.auth.users.listImported({ kind: "altered", limit: 10 })).users).not.toContainEqual(
      expect.objectContaining({ externalId: "1" }),
    );
  });

  test.each([
    ["a username that was given again", {}],
    ["a username that was given again, and a hash without a salt", { password: "5f4dcc3b5aa765d61d8327deb882cf99" }],
    ["a username that was given again, and another number", { phone_number: "0532 765 43 21" }],
  ])("does not bring the account along by %s", { tags: ["long"] }, async (_, more) => {
    await project.run("update users_user set phone_number = '0532 123 45 67' where id = 1");
    await run();
    const account = await accountOf(1);
    await give(1, "ada", more);
    expect(await run({ accept: ["all"] })).toMatchObject({ exitCode: 0, created: 1 });
    expect(await accountOf(1)).not.toBe(account);
    await expect(signIn("ada", "what ada types")).resolves.toMatchObject({ user: { id: account } });
  });

  test("is parted from the account once, also where the run ends in its midst and is repeated", {
    tags: ["long"],
  }, async () => {
    await give(1, "bora");
    const { importedUsers } = service.auth;
    const updateKnown: typeof importedUsers.updateKnown = async (...round) => {
      await importedUsers.updateKnown(...round);
      throw new Error("killed here");
    };
    const killed = importPeople(
      { ...service.auth, importedUsers: { ...importedUsers, updateKnown } },
      { ...usual, accept: ["all"], connection: service.database.connection, source: project.source },
    );
    await expect(killed).rejects.toThrow("killed here");
    expect(await accountOf(1)).toBeNull();
    expect(await run()).toMatchObject({ exitCode: 0, created: 1, totals: { new: 1, settled: 2 } });
    await expect(signIn("bora", "what bora types")).resolves.toHaveProperty("token");
    await expect(signIn("ada", "what ada types")).resolves.toHaveProperty("token");
    await staysAsItIs();
  });

  test("takes neither the name nor the alias of whom it was", async () => {
    const [account, ada] = [await accountOf(2), await accountOf(1)];
    await give(2, "1kaplan");
    await run({ accept: ["all"] });
    await expect(signIn("1kaplan", "what kaplan types")).rejects.toMatchObject({ code: "invalid_credentials" });
    await expect(signIn("1kaplan", "what 1kaplan types")).resolves.toHaveProperty("token");
    const rows = await service.database.query(
      "select has_alias, parked_at is not null as is_parked from latchkey.users where id = $1",
      [account],
    );
    expect(rows).toEqual([{ has_alias: false, is_parked: true }]);
    await give(1, "ada");
    const answer = await run({ accept: ["all"] });
    expect(answer.codes).toContainEqual(expect.objectContaining({ code: "username_taken_here", rows: 1 }));
    expect(await accountOf(1)).not.toBe(ada);
    await expect(signIn("ada", "what ada types")).resolves.toMatchObject({ user: { id: ada } });
    await expect(signIn("ada_1", "what ada types")).resolves.toHaveProperty("token");
  });

  test("reaches nothing while nobody has said, and the name of who has it now stays theirs", async () => {
    const account = await accountOf(1);
    await give(1, "bora");
    expect(await run({ skipsUndecided: true })).toMatchObject({ exitCode: 0, created: 0, totals: { undecided: 1 } });
    expect(await accountOf(1)).toBe(account);
    const rows = await service.database.query(
      "select gone_at is not null as is_gone from latchkey.imported_users where old_id = '1'",
    );
    expect(rows).toEqual([{ is_gone: true }]);
    const taking = service.auth.createUser({ username: "bora", password: "a long enough one" });
    await expect(taking).rejects.toThrow("The username is reserved");
    expect(await run({ accept: ["all"] })).toMatchObject({ exitCode: 0, created: 1 });
  });
});

test("an id that was given again where nothing says when people joined is asked about too, and does not bring the account along", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-undated-"));
  const source = join(folder, "undated.csv");
  const write = (...people: readonly (readonly [username: string, password: string])[]) =>
    writeFile(
      source,
      `id,username,password,city\n${people
        .map(([username, typed], at) => `${at + 1},${username},${pbkdf2(typed, "salt")},${"x".repeat(200)}\n`)
        .join("")}`,
    );
  await write(["undated", "what undated types"], ["other", "what other types"]);
  await run({ source, accept: ["all"] });
  const accounts = [await accountOf(1, "csv"), await accountOf(2, "csv")];
  // One is renamed, and the other has a new password: both are the same people.
  await write(["undated_2", "what undated types"], ["other", "another one"]);
  expect(await run({ source })).toMatchObject({ exitCode: 0, followed: { people: 2 } });
  expect([await accountOf(1, "csv"), await accountOf(2, "csv")]).toEqual(accounts);

  await write(["undated_2", "what undated types"], ["newcomer", "what newcomer types"]);
  const asking = await run({ source });
  expect(asking.codes).toEqual([
    expect.objectContaining({ code: "id_reused", undecided: 1 }),
    expect.objectContaining({ code: "profile_too_long" }),
  ]);
  expect(await run({ source, accept: ["all"] })).toMatchObject({ exitCode: 0, created: 1 });
  expect(await accountOf(2, "csv")).not.toBe(accounts[1]);
  await expect(signIn("newcomer", "what newcomer types")).resolves.toHaveProperty("token");
  await expect(signIn("other", "another one")).resolves.toMatchObject({ user: { id: accounts[1] } });
  await staysAsItIs({ source });
  await rm(folder, { recursive: true });
});

test("another --source-timezone cuts nobody from their account", { tags: ["long"] }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-zones-"));
  const source = join(folder, "users.csv");
  await writeFile(source, "id,username,date_joined,is_active\n1,zoned,2024-07-01 12:00:00,true\n");
  await run({ source, timezone: "Europe/Istanbul" });
  const account = await accountOf(1, "csv");
  await writeFile(source, "id,username,date_joined,is_active\n1,zoned,2024-07-01 12:00:00,false\n");
  expect(await run({ source })).toMatchObject({ exitCode: 0, created: 0, followed: { people: 1, kept: [] } });
  expect(await accountOf(1, "csv")).toBe(account);
  await staysAsItIs({ source });
  const rows = await service.database.query("select is_active from latchkey.users where username = 'zoned'");
  expect(rows).toEqual([{ is_active: false }]);
  await rm(folder, { recursive: true });
});
