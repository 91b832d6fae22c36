import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestAuth } from "@latchkey/auth/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ImportOptions } from "./import-people.ts";
import { type Beginning, createBeginning } from "./testing/beginning.ts";
import type { OldProject } from "./testing/django-project.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { runImport } from "./testing/run-import.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

let service: TestAuth;
let project: OldProject;
let beginning: Beginning;

const passwordOf = (id: number) => `what ${id} types`;
const person = (id: number, username: string) => ({
  id,
  username,
  password: pbkdf2(passwordOf(id), `salt${id}`),
  email: `person_${id}@firma.example`,
});

beforeAll(async () => {
  beginning = await createBeginning(async (pair) => {
    await pair.project.insert(
      person(1, "20201234"),
      person(2, "20205678"),
      { ...person(3, "1kaplan"), email: "" },
      { ...person(4, "bora"), email: "" },
      { ...person(5, "20200005"), is_staff: true },
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

const run = (options: Partial<ImportOptions> = {}) => runImport({ project, service }, { accept: ["all"], ...options });
const verify = () =>
  verifyImport(service.auth, { ...usual, connection: service.database.connection, source: project.source });
const rename = (...names: readonly (readonly [id: number, username: string])[]) =>
  project.run(
    `begin; ${names.map(([id]) => `update users_user set username = 'passing_${id}' where id = ${id};`).join("")}
    ${names.map(([id, name]) => `update users_user set username = '${name}' where id = ${id};`).join("")} commit`,
  );

/** The id there of whom a name and a person's password let in; null for nobody. */
async function whoIs(username: string, id: number): Promise<number | null> {
  try {
    const { user } = (await service.auth.signIn({ username, password: passwordOf(id) }, service.facts)) as {
      user: { id: string };
    };
    const [row] = await service.database.query<{ old_id: string }>(
      "select old_id from latchkey.imported_users where user_id = $1",
      [user.id],
    );
    return Number(row?.old_id);
  } catch {
    return null;
  }
}

const dump = () =>
  service.database.query(
    "select u::text || i::text as row from latchkey.users u left join latchkey.imported_users i on i.user_id = u.id order by u.id",
  );

/** Runs again, as nothing is left to be decided, and finds nothing to do; answers what verify says then. */
async function staysAsItIs() {
  const before = await dump();
  expect(await run({ accept: ["permission_undeclared"] })).toMatchObject({
    exitCode: 0,
    totals: { changed: 0, new: 0 },
  });
  expect(await dump()).toEqual(before);
  return verify();
}

test("two who swapped names that are aliases here are swapped", async () => {
  await rename([1, "20205678"], [2, "20201234"]);
  expect(await run()).toMatchObject({ exitCode: 0, followed: { people: 2, kept: [] } });
  expect([await whoIs("20205678", 1), await whoIs("20201234", 2)]).toEqual([1, 2]);
  expect([await whoIs("20201234", 1), await whoIs("20205678", 2)]).toEqual([null, null]);
  expect(await staysAsItIs()).toMatchObject({ different: [], reachAnother: [], isGood: true });
});

test("a name that is an alias here goes on to whom it is given there, as the one before gets a username", {
  tags: ["long"],
}, async () => {
  await rename([3, "kemal"], [4, "1kaplan"]);
  expect(await run()).toMatchObject({ exitCode: 0, followed: { people: 2, kept: [] } });
  expect([await whoIs("kemal", 3), await whoIs("1kaplan", 4)]).toEqual([3, 4]);
  expect([await whoIs("1kaplan", 3), await whoIs("bora", 4)]).toEqual([null, null]);
  const rows = await service.database.query(
    "select username, has_alias, parked_at from latchkey.users where username is null and email is null or username = 'kemal' order by username",
  );
  expect(rows).toEqual([
    { username: "kemal", has_alias: false, parked_at: null },
    { username: null, has_alias: true, parked_at: null },
  ]);
  expect(await staysAsItIs()).toMatchObject({ different: [] });
});

test("who has rights here keeps the alias as they keep a username, and whoever was given it there keeps what they have", {
  tags: ["long"],
}, async () => {
  await rename([5, "20209999"], [1, "20200005"]);
  const answer = await run();
  expect(answer).toMatchObject({ exitCode: 0, followed: { kept: ["1: username", "5: username"] } });
  expect([await whoIs("20200005", 5), await whoIs("20201234", 1)]).toEqual([5, 1]);
  expect(await staysAsItIs()).toMatchObject({ different: [] });
  // Both go by other names there now. One lets go of the alias; the other's is not free for whoever comes.
  await rename([5, "root_now"], [1, "ada_now"]);
  await project.insert(person(6, "20200005"), person(7, "20201234"));
  expect(await run()).toMatchObject({ exitCode: 4, created: 2, followed: { kept: ["5: username"] } });
  expect([await whoIs("20200005", 5), await whoIs("20200005", 6), await whoIs("20201234", 7)]).toEqual([5, null, 7]);
});

test("an alias that somebody keeps here is told of somebody new who has it there", async () => {
  await project.run("delete from users_user where id = 1");
  await project.insert(person(8, "20201234"));
  const answer = await run({ accept: ["permission_undeclared", "username_grammar"] });
  expect(answer).toMatchObject({ exitCode: 4, created: 0 });
  expect(answer.codes).toContainEqual(
    expect.objectContaining({ code: "username_taken_here", undecided: 1, examples: ["8 20201234"] }),
  );
  expect(await run()).toMatchObject({ exitCode: 0, created: 1 });
  expect([await whoIs("20201234", 1), await whoIs("20201234", 8)]).toEqual([1, null]);
  expect(await whoIs("person_8@firma.example", 8)).toBe(8);
});

test("an alias that an administrator took the place of stays, and who has it there besides gets it not", {
  tags: ["long"],
}, async () => {
  await service.database.query(
    `update latchkey.users set username = 'named_here', username_key = 'named_here'
    where id = (select user_id from latchkey.imported_users where old_id = '3')`,
  );
  await rename([3, "kemal"], [4, "1kaplan"]);
  expect(await run()).toMatchObject({ exitCode: 0, followed: { kept: ["3: username", "4: username"] } });
  expect([await whoIs("1kaplan", 3), await whoIs("named_here", 3), await whoIs("bora", 4)]).toEqual([3, 3, 4]);
  expect(await staysAsItIs()).toMatchObject({ different: [] });
});

test("two equal ones in a file are asked about, and one of another source is told; nobody is without a word", {
  tags: ["long"],
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-aliases-"));
  const source = join(folder, "users.csv");
  await writeFile(
    source,
    `id,username,email,last_login
1,2kaplan,,2024-01-01 00:00:00Z
2,2kaplan,two@firma.example,2024-02-01 00:00:00Z
3,1kaplan,three@firma.example,
`,
  );
  const asked = await run({ source, accept: ["username_grammar"] });
  expect(asked).toMatchObject({ exitCode: 4, created: 0 });
  expect(asked.codes).toContainEqual(expect.objectContaining({ code: "username_shared", undecided: 2 }));
  expect(asked.codes).toContainEqual(
    expect.objectContaining({ code: "username_taken_here", undecided: 1, examples: ["3 1kaplan"] }),
  );
  expect(asked.codes).toContainEqual(
    expect.objectContaining({ code: "no_name", undecided: 1, examples: ["1 2kaplan"] }),
  );
  expect(await run({ source })).toMatchObject({ exitCode: 0, created: 3 });
  for (let round = 0; round < 5; round += 1)
    expect(await run({ source })).toMatchObject({ exitCode: 0, totals: { new: 0, settled: 3 } });
  const rows = await service.database.query(
    "select old_id, alias from latchkey.imported_users where source = 'csv' order by old_id",
  );
  expect(rows).toEqual([
    { old_id: "1", alias: null },
    { old_id: "2", alias: "2kaplan" },
    { old_id: "3", alias: null },
  ]);
  await rm(folder, { recursive: true });
});

test("an alias that is lost or in another's hands is found by verify", async () => {
  await service.database.query("update latchkey.imported_users set alias = null where old_id = '1'");
  expect(await verify()).toMatchObject({ different: ["1: alias"], isGood: false });
  await service.database.query("update latchkey.imported_users set alias = '20201234' where old_id = '4'");
  expect(await verify()).toMatchObject({ different: ["1: alias"], reachAnother: ["1: alias"], isGood: false });
});
