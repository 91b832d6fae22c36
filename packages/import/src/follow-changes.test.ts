import { pbkdf2Sync } from "node:crypto";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shareOut, type TestAuth } from "@latchkey/auth/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ImportOptions } from "./import-people.ts";
import { type Beginning, createBeginning } from "./testing/beginning.ts";
import type { OldProject } from "./testing/django-project.ts";
import { runImport } from "./testing/run-import.ts";
import { undoImport } from "./undo-import.ts";

const hash = (password: string, salt = "salt", iterations = 1) =>
  `pbkdf2_sha256$${iterations}$${salt}$${pbkdf2Sync(password, salt, iterations, 32, "sha256").toString("base64")}`;

let project: OldProject;
let beginning: Beginning;
let service: TestAuth;

beforeAll(async () => {
  beginning = await createBeginning(async (pair) => {
    await pair.project.insert(
      { id: 1, username: "ada", password: hash("first password"), phone_number: "0532 123 45 01", city: "İzmir" },
      { id: 2, username: "bob", password: hash("second password"), city: "Bursa" },
      { id: 3, username: "root", password: hash("third password"), is_staff: true, is_superuser: true },
    );
    await runImport(pair, { accept: ["permission_undeclared"] });
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

const signIn = (username: string, password: string) => service.auth.signIn({ username, password }, service.facts);
const read = async (username: string) =>
  (await service.database.query("select * from latchkey.users where username = $1", [username]))[0];
const change = (id: number, set: string) => project.run(`update users_user set ${set} where id = ${id}`);

test("a field that changed there alone is taken; one that changed on both sides stays as it is here, now and in later rounds, and is told", async () => {
  await service.database.query("update latchkey.users set city = 'Van' where username = 'ada'");
  await change(1, "city = 'Ankara'");
  await change(2, "city = 'Ankara', first_name = 'Bob'");
  expect(await run()).toMatchObject({ exitCode: 0, followed: { people: 1, kept: ["1: city"] } });
  expect(await read("bob")).toMatchObject({ city: "Ankara", first_name: "Bob" });
  await change(1, "city = 'Mersin'");
  expect(await run()).toMatchObject({ followed: { kept: ["1: city"] } });
  expect(await read("ada")).toMatchObject({ city: "Van" });
});

test("two who swapped their names there are swapped here, and each signs in by the new one", {
  tags: ["long"],
}, async () => {
  await project.run(
    "begin; update users_user set username = 'x' where id = 1; update users_user set username = 'ada' where id = 2; update users_user set username = 'bob' where id = 1; commit",
  );
  expect(await run()).toMatchObject({ exitCode: 0, followed: { people: 2 } });
  await expect(signIn("bob", "first password")).resolves.toHaveProperty("token");
  await expect(signIn("ada", "first password")).rejects.toMatchObject({ code: "invalid_credentials" });
});

test("a new password there is taken and ends sessions; one that was set here stays", async () => {
  const { user } = (await signIn("ada", "first password")) as { user: { id: string } };
  await change(1, `password = '${hash("changed there", "pepper")}'`);
  await run();
  await expect(signIn("ada", "changed there")).resolves.toHaveProperty("token");
  const ended = await service.database.query(
    "select from latchkey.sessions where user_id = $1 and end_reason = 'password_changed'",
    [user.id],
  );
  expect(ended).toHaveLength(1);

  await service.auth.operator.changePassword("ada", "chosen here by ada");
  await change(1, `password = '${hash("changed there again", "ginger")}'`);
  expect(await run()).toMatchObject({ followed: { kept: ["1: password"] } });
  await expect(signIn("ada", "chosen here by ada")).resolves.toHaveProperty("token");
});

test("a password that somebody changed by themselves here stays, whatever changes there", {
  tags: ["long"],
}, async () => {
  const { token } = (await signIn("ada", "first password")) as { token: string };
  const caller = await service.auth.authenticate([`Bearer ${token}`], service.facts);
  const input = { currentPassword: "first password", newPassword: "chosen here by ada" };
  await service.auth.changePassword(caller, input, service.facts);
  await change(1, `password = '${hash("changed there", "pepper")}'`);
  expect(await run()).toMatchObject({ followed: { people: 0, kept: ["1: password"] } });
  await expect(signIn("ada", "chosen here by ada")).resolves.toHaveProperty("token");
  await expect(signIn("ada", "changed there")).rejects.toMatchObject({ code: "invalid_credentials" });
});

test("the same password under other parameters ends no session", { tags: ["long"] }, async () => {
  await signIn("ada", "first password");
  await change(1, `password = '${hash("first password", "other", 2)}'`);
  await run();
  await expect(signIn("ada", "first password")).resolves.toHaveProperty("token");
  expect(await service.database.query("select from latchkey.sessions where ended_at is not null")).toHaveLength(0);
});

test("who is disabled there is disabled here, and nobody is enabled by a round", { tags: ["long"] }, async () => {
  await change(1, "is_active = false");
  await run();
  expect(await read("ada")).toMatchObject({ is_active: false });
  await change(1, "is_active = true");
  expect(await run()).toMatchObject({ followed: { kept: ["1: isActive"] } });
  expect(await read("ada")).toMatchObject({ is_active: false });
});

test("nobody is raised, and who has rights here follows nothing but being lowered", async () => {
  await change(1, "is_superuser = true");
  await change(3, `city = 'Ankara', is_staff = false, password = '${hash("taken over there", "pepper")}'`);
  await service.auth.createUser({ username: "second_root", password: "a long enough one", isSuperuser: true });
  expect(await run()).toMatchObject({ followed: { kept: ["1: isSuperuser", "3: city", "3: password"] } });
  expect(await read("ada")).toMatchObject({ is_superuser: false });
  expect(await read("root")).toMatchObject({ is_staff: false, is_superuser: true, city: null });
});

test("the last superuser here stays one", { tags: ["long"] }, async () => {
  await change(3, "is_superuser = false");
  expect(await run()).toMatchObject({ followed: { kept: ["3: isSuperuser"] } });
  expect(await read("root")).toMatchObject({ is_superuser: true });
});

test("of all superusers who are lowered there in one round one stays, and events tell who was one when", async () => {
  await project.insert({ id: 4, username: "second_root", is_superuser: true });
  await run();
  await change(3, "is_superuser = false");
  await change(4, "is_active = false");
  expect(await run()).toMatchObject({ followed: { people: 1, kept: ["4: isActive"] } });
  expect(await read("root")).toMatchObject({ is_superuser: false });
  expect(await read("second_root")).toMatchObject({ is_superuser: true, is_active: true });
  const events = await service.database.query(
    `select event, detail from latchkey.audit_events where event in ('user_created', 'user_updated')
      and subject_id = (select id from latchkey.users where username = 'root') order by position`,
  );
  expect(events).toEqual([
    { event: "user_created", detail: { by: "import", isStaff: true, isSuperuser: true } },
    { event: "user_updated", detail: { fields: ["isSuperuser"], isSuperuser: false } },
  ]);
});

test("what somebody changes here at the very moment of a round stays", async () => {
  const { database } = service;
  await change(1, `password = '${hash("of there", "pepper")}', phone_number = '0532 123 45 98', city = 'Ankara'`);
  const here = new pg.Client(database.connection);
  await here.connect();
  await here.query("begin");
  await here.query(
    `update latchkey.users set password = $1, password_set_at = latchkey.now(), phone_number = '+905321234599',
      phone_proved_at = latchkey.now() where username = 'ada'`,
    [hash("of here")],
  );
  const running = run();
  const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await vi.waitFor(async () => expect(await database.query(waiting)).not.toHaveLength(0), { timeout: 30_000 });
  await here.query("commit");
  await here.end();
  expect(await running).toMatchObject({ followed: { people: 1, kept: ["1: phoneNumber", "1: password"] } });
  expect(await read("ada")).toMatchObject({ phone_number: "+905321234599", city: "Ankara" });
  await expect(signIn("ada", "of here")).resolves.toHaveProperty("token");
});

for (const { tags, cases } of shareOut(
  [
    ["another password there", (password: string) => `password = '${password}'`, "new_password"],
    ["disabling there", () => "is_active = false", "sessions_ended"],
  ] as const,
  2,
))
  test.each(cases)(
    "%s ends what whoever knew the password before has prepared: sessions, changes that wait, and a number whose codes were to open the account",
    { tags },
    async (_what, set, by) => {
      const { database } = service;
      const { user } = (await signIn("ada", "first password")) as { user: { id: string } };
      await database.query(
        `update latchkey.users set phone_number = '+905321234599', phone_proved_at = latchkey.now(),
      phone_opens_at = latchkey.now() + interval '3 days' where id = $1`,
        [user.id],
      );
      await database.query(
        `insert into latchkey.pending_changes (id, user_id, session_id, kind, payload, due_at)
    select gen_random_uuid(), user_id, id, kind, '', latchkey.now() + interval '3 days'
    from latchkey.sessions, unnest('{open_by_phone,set_email}'::text[]) kind where user_id = $1`,
        [user.id],
      );
      await change(1, set(hash("changed there", "pepper")));
      await run();
      expect(await read("ada")).toMatchObject({ phone_number: "+905321234599", phone_proved_at: null });
      expect(await database.query("select from latchkey.pending_changes")).toEqual([]);
      expect(await database.query("select from latchkey.sessions where ended_at is null")).toEqual([]);
      const stopped = await database.query("select detail from latchkey.audit_events where event = 'change_stopped'");
      expect(stopped.map(({ detail }) => detail)).toEqual(
        expect.arrayContaining(["open_by_phone", "set_email"].map((kind) => ({ change: kind, by }))),
      );
    },
  );

test("a number that was proved here beats what is claimed there, in later rounds too", { tags: ["long"] }, async () => {
  await service.database.query("update latchkey.users set phone_proved_at = latchkey.now() where username = 'ada'");
  await change(1, "phone_number = '0532 123 45 99'");
  expect(await run()).toMatchObject({ followed: { kept: ["1: phoneNumber"] } });
  await project.insert({ id: 4, username: "eve", phone_number: "0532 123 45 01" });
  const answer = await run();
  expect(answer.codes).toContainEqual(expect.objectContaining({ code: "phone_taken_here", undecided: 1 }));
  expect(answer.exitCode).toBe(4);
});

test("who is deleted here is never brought back, and who is gone there is told", async () => {
  await service.auth.operator.delete("bob");
  await project.run("delete from users_user where id = 1");
  const answer = await run();
  expect(answer.totals).toMatchObject({ deleted: 1, settled: 1, new: 0 });
  expect(answer.codes).toContainEqual(expect.objectContaining({ code: "gone", examples: ["1 ada"] }));
  expect(await read("ada")).toBeDefined();
});

test("another source than the last time stops: most people are gone", async () => {
  await project.run(
    "insert into users_user select n, '!', null, false, 'person' || n, '', '', '', false, true, now(), null, null, null, null, null, false from generate_series(10, 60) n",
  );
  await run();
  await project.run("delete from users_user where id > 20");
  const answer = await run();
  expect(answer.exitCode).toBe(4);
  expect(answer.codes).toContainEqual(expect.objectContaining({ code: "mass_change", examples: ["gone"] }));
});

test("more changes there than a day has stop a round, and nothing of them is taken until somebody says so", {
  tags: ["long"],
}, async () => {
  await project.run(
    "insert into users_user select n, '!', null, false, 'person' || n, '', '', '', false, true, now(), null, null, null, null, null, false from generate_series(10, 60) n",
  );
  await run();
  await project.run("update users_user set city = 'Ankara' where id > 20");
  const answer = await run();
  expect(answer).toMatchObject({ exitCode: 4, followed: null });
  expect(answer.codes).toContainEqual(expect.objectContaining({ code: "mass_change", examples: ["changed"] }));
  expect(await read("person30")).toMatchObject({ city: null });
  expect(await run({ accept: ["permission_undeclared", "mass_change"] })).toMatchObject({ followed: { people: 40 } });
  expect(await read("person30")).toMatchObject({ city: "Ankara" });
});

test("a source that is older than what was read of it the last time changes nothing", { tags: ["long"] }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-older-"));
  const source = join(folder, "users.csv");
  const write = async (content: string, at: Date) => {
    await writeFile(source, content);
    await utimes(source, at, at);
  };
  const now = service.clock.now().getTime();
  await write("id,username\n1,of_file\n", new Date(now));
  expect(await run({ source })).toMatchObject({ created: 1 });
  await write("id,username\n1,of_file\n2,of_before\n", new Date(now - 3_600_000));
  await expect(run({ source })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/^This is older than what was read of csv the last time\. Nothing was changed\.$/),
  });
  expect(await read("of_before")).toBeUndefined();
  await rm(folder, { recursive: true });
});

describe("a file of one moment", () => {
  let folder: string;
  let source: string;
  let at: Date;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-moment-"));
    source = join(folder, "users.csv");
    at = service.clock.now();
  });
  afterEach(() => rm(folder, { recursive: true }));
  const write = async (content: string) => {
    await writeFile(source, content);
    await utimes(source, at, at);
  };
  const undo = () => undoImport({ connection: service.database.connection, source: "csv", apply: true });

  test("brings everybody again whose import was undone, and says how many", { tags: ["long"] }, async () => {
    await write("id,username\n1,first_of_file\n2,second_of_file\n");
    expect(await run({ source })).toMatchObject({ created: 2 });
    await service.database.query("update latchkey.users set city = 'Van' where username = 'first_of_file'");
    expect(await undo()).toEqual({ deleted: 1, kept: 1 });
    const answer = await run({ source });
    expect(answer).toMatchObject({ created: 1, exitCode: 0, totals: { new: 1, settled: 1 } });
    expect(answer.text).toMatch(/^ +1 {2}came over now$/m);
    expect(await read("second_of_file")).toBeDefined();
    expect(await undo()).toEqual({ deleted: 1, kept: 1 });
    expect(await run({ source })).toMatchObject({ created: 1, exitCode: 0 });
    for (let round = 0; round < 5; round += 1)
      expect(await run({ source })).toMatchObject({ created: 0, exitCode: 0, totals: { new: 0, settled: 2 } });
  });

  test("that has others in it than the one before brings these, and tells who is gone", {
    tags: ["long"],
  }, async () => {
    await write("id,username\n1,first_of_file\n2,second_of_file\n");
    await run({ source });
    await write("id,username\n2,renamed_in_file\n3,third_of_file\n");
    const answer = await run({ source });
    expect(answer).toMatchObject({ created: 1, exitCode: 0, followed: { people: 1 } });
    expect(answer.codes).toContainEqual(expect.objectContaining({ code: "gone", examples: ["1 first_of_file"] }));
    expect(await read("third_of_file")).toBeDefined();
    expect(await read("renamed_in_file")).toBeDefined();
    const rows = await service.database.query(
      "select old_id, old_username, gone_at is not null as is_gone from latchkey.imported_users where source = 'csv' order by old_id",
    );
    expect(rows).toEqual([
      { old_id: "1", old_username: "first_of_file", is_gone: true },
      { old_id: "2", old_username: "renamed_in_file", is_gone: false },
      { old_id: "3", old_username: "third_of_file", is_gone: false },
    ]);
  });
});

test("an import is undone for those whom nobody has used, and they can come over again", async () => {
  await signIn("ada", "first password");
  await service.database.query("update latchkey.users set city = 'Van' where username = 'root'");
  const undo = (apply: boolean) => undoImport({ connection: service.database.connection, source: "django", apply });
  // Of an account that came over again nobody would know that its old tokens are good no more, or its password is to be replaced.
  for (const mark of ["old_tokens_ended_at", "password_change_due_at"]) {
    await service.database.query(`update latchkey.users set ${mark} = latchkey.now() where username = 'bob'`);
    expect(await undo(true)).toEqual({ deleted: 0, kept: 3 });
    await service.database.query(`update latchkey.users set ${mark} = null where username = 'bob'`);
  }
  expect(await undo(false)).toEqual({ deleted: 1, kept: 2 });
  expect(await read("bob")).toBeDefined();
  expect(await undo(true)).toEqual({ deleted: 1, kept: 2 });
  expect(await read("bob")).toBeUndefined();
  expect(await run()).toMatchObject({ created: 1, exitCode: 0 });
  await expect(signIn("bob", "second password")).resolves.toHaveProperty("token");
});

test("a name that stays in the hands of who has rights here goes to nobody else, nor does what would be left for it", {
  tags: ["long"],
}, async () => {
  await project.run(`begin; update users_user set username = 'former_root' where id = 3;
    update users_user set username = 'root' where id = 1; update users_user set username = 'ada' where id = 2; commit`);
  const answer = await run({ accept: ["all"] });
  expect(answer).toMatchObject({ exitCode: 0, followed: { kept: ["1: username", "2: username", "3: username"] } });
  await expect(signIn("root", "third password")).resolves.toHaveProperty("token");
  await expect(signIn("ada", "first password")).resolves.toHaveProperty("token");
  await expect(signIn("bob", "second password")).resolves.toHaveProperty("token");
  expect(await run()).toMatchObject({ exitCode: 0, totals: { changed: 0 } });
});

test("a number of two people there is nobody's here, whoever of them changes later or comes later", {
  tags: ["long"],
}, async () => {
  await change(2, "phone_number = '+90 532 123 45 01'");
  expect((await run({ accept: ["all"] })).codes).toContainEqual(expect.objectContaining({ code: "phone_taken_here" }));
  await project.insert(
    { id: 4, username: "eve", phone_number: "0532 123 45 77" },
    { id: 5, username: "mallory", phone_number: "(0532) 123 45 77" },
  );
  await run({ accept: ["all"] });
  await project.insert({ id: 6, username: "trent", phone_number: "+905321234577" });
  await change(4, "phone_number = '0532-123-45-77'");
  const answer = await run();
  expect(answer.codes).toContainEqual(
    expect.objectContaining({
      code: "phone_shared",
      undecided: 2,
      examples: [expect.stringMatching(/^4 /), expect.stringMatching(/^6 /)],
    }),
  );
  await run({ accept: ["all"] });
  expect(await service.database.query("select from latchkey.users where phone_number = '+905321234577'")).toEqual([]);
});

test("who was called by their number there, and by a name now, has the number here no more", {
  tags: ["long"],
}, async () => {
  await project.insert({ id: 4, username: "0532 123 45 88", password: hash("fourth password") });
  await run();
  await change(4, "username = 'dora'");
  expect(await run()).toMatchObject({ exitCode: 0, followed: { people: 1, kept: [] } });
  await expect(signIn("dora", "fourth password")).resolves.toHaveProperty("token");
  await expect(signIn("0532 123 45 88", "fourth password")).rejects.toMatchObject({ code: "invalid_credentials" });
});

test("who is called by their number there, and has another one besides now, is asked about and loses no way in unsaid", {
  tags: ["long"],
}, async () => {
  await project.insert({ id: 4, username: "0532 123 45 88", password: hash("fourth password") });
  await run();
  await change(4, "phone_number = '0533 123 45 99'");
  const answer = await run();
  expect(answer).toMatchObject({ exitCode: 4, followed: null });
  expect(answer.codes).toContainEqual(
    expect.objectContaining({ code: "username_is_phone", undecided: 1, examples: ["4 0532 123 45 88"] }),
  );
  await expect(signIn("0532 123 45 88", "fourth password")).resolves.toHaveProperty("token");
  const accept = ["permission_undeclared", "username_is_phone"];
  expect(await run({ accept })).toMatchObject({ exitCode: 0, followed: { people: 1, kept: [] } });
  await expect(signIn("0533 123 45 99", "fourth password")).resolves.toHaveProperty("token");
  // It is decided: another number, or an address, asks no more.
  await change(4, "phone_number = '0533 123 45 00', email = 'dora@firma.example'");
  expect(await run()).toMatchObject({ exitCode: 0, followed: { people: 1, kept: [] } });
  for (let round = 0; round < 5; round += 1) expect(await run()).toMatchObject({ exitCode: 0, totals: { changed: 0 } });
  await expect(signIn("0533 123 45 00", "fourth password")).resolves.toHaveProperty("token");
});

test("who is called by an address or an alias there, and changes another name, is asked nothing of it", {
  tags: ["long"],
}, async () => {
  const people = [
    { id: 4, username: "dora@firma.example", password: hash("fourth password") },
    { id: 5, username: "1kaplan", password: hash("fifth password") },
  ];
  await project.insert(...people);
  await run({ accept: ["all"] });
  await change(4, "phone_number = '0533 123 45 99', email = 'dora@firma.example'");
  await change(5, "phone_number = '0533 123 45 98', email = 'kaplan@firma.example'");
  expect(await run()).toMatchObject({ exitCode: 0, followed: { people: 2, kept: [] } });
  for (const name of ["dora@firma.example", "0533 123 45 99"])
    await expect(signIn(name, "fourth password")).resolves.toHaveProperty("token");
  for (const name of ["1kaplan", "0533 123 45 98", "kaplan@firma.example"])
    await expect(signIn(name, "fifth password")).resolves.toHaveProperty("token");
  expect(await run()).toMatchObject({ exitCode: 0, totals: { changed: 0 } });
});

test("--disable-deleted disables who is there no more, but neither who was enabled again here nor the last superuser", {
  tags: ["long"],
}, async () => {
  await project.run("delete from users_user where id in (1, 2, 3)");
  await project.insert({ id: 9, username: "zoe" });
  const accept = ["all"];
  expect(await run({ accept })).toMatchObject({ disabled: 0 });
  expect(await read("ada")).toMatchObject({ is_active: true });
  expect(await run({ accept, disableDeleted: true })).toMatchObject({ disabled: 2 });
  expect(await read("ada")).toMatchObject({ is_active: false });
  expect(await read("root")).toMatchObject({ is_active: true });
  await service.database.query("update latchkey.users set is_active = true where username = 'ada'");
  expect(await run({ accept, disableDeleted: true })).toMatchObject({ disabled: 0 });
  expect(await read("ada")).toMatchObject({ is_active: true });
});

test("permissions that are declared nowhere here are listed, to be declared", { tags: ["long"] }, async () => {
  expect((await run()).undeclared).toEqual(["shop.add_order", "shop.approve_order"]);
});

test("that somebody agreed to be contacted comes once, as what the import said; a withdrawal there is followed, and said so too", {
  tags: ["long"],
}, async () => {
  const consents = () =>
    service.database.query(`select c.is_given, c.decided_by, c.source from latchkey.consents c
      join latchkey.users u on u.id = c.user_id where u.username = 'eve' order by c.position`);
  const said = (is_given: boolean) => ({ is_given, decided_by: "import", source: "import" });
  await project.insert({ id: 4, username: "eve", is_approved_to_be_in_touch: true });
  await run();
  expect(await consents()).toEqual([said(true)]);
  expect(await read("eve")).toMatchObject({ is_approved_to_be_in_touch: true });
  await change(4, "is_approved_to_be_in_touch = false");
  await run();
  await run();
  expect(await consents()).toEqual([said(true), said(false)]);
  expect(await read("eve")).toMatchObject({ is_approved_to_be_in_touch: false });
});

describe("groups and permissions", () => {
  const groupsOf = async (username: string) => {
    const rows = await service.database.query<{ name: string }>(
      `select g.name from latchkey.user_groups m join latchkey.groups g on g.id = m.group_id
      join latchkey.users u on u.id = m.user_id where u.username = $1`,
      [username],
    );
    return rows.map(({ name }) => name).sort();
  };
  const giveHere = (username: string, group: string) =>
    service.database.query(
      `insert into latchkey.user_groups (user_id, group_id) select u.id, g.id from latchkey.users u, latchkey.groups g
      where u.username = $1 and g.name = $2`,
      [username, group],
    );
  const takeAllHere = (username: string) =>
    service.database.query(
      "delete from latchkey.user_groups where user_id = (select id from latchkey.users where username = $1)",
      [username],
    );
  const giveThere = (id: number, group: number) =>
    project.run(`insert into users_user_groups values (${id * 100 + group}, ${id}, ${group})`);
  const takeThere = (id: number, group: number) =>
    project.run(`delete from users_user_groups where (user_id, group_id) = (${id}, ${group})`);

  beforeEach(async () => {
    await project.run("insert into auth_group values (2, 'Editors'), (3, 'Staff')");
    await project.insert({ id: 4, username: "eve" });
    await giveThere(4, 2);
    await run();
  });

  test("that were taken away there are lost, and those that were given here stay", async () => {
    expect(await groupsOf("eve")).toEqual(["Editors"]);
    await giveHere("eve", "Clerks");
    await giveThere(4, 3);
    expect(await run()).toMatchObject({ followed: { people: 0, kept: ["4: groups"] } });
    expect(await groupsOf("eve")).toEqual(["Clerks", "Editors"]);
    await takeThere(4, 2);
    expect(await run()).toMatchObject({ followed: { people: 1 } });
    expect(await groupsOf("eve")).toEqual(["Clerks"]);
    const told = await service.database.query(
      `select array(select name from latchkey.groups where id::text in (select jsonb_array_elements_text(detail -> 'groups'))) as groups
      from latchkey.audit_events where event = 'groups_set' order by position`,
    );
    expect(told).toEqual([{ groups: ["Editors"] }, { groups: ["Clerks"] }]);
    expect(await run()).toMatchObject({ totals: { changed: 0 } });
    // An administrator gave it; that it was there as well is not why.
    await giveHere("eve", "Staff");
    await takeThere(4, 3);
    await run();
    expect(await groupsOf("eve")).toEqual(["Clerks", "Staff"]);
  });

  test("that were taken away here are not given again by --allow-raising for another one", {
    tags: ["long"],
  }, async () => {
    await takeAllHere("eve");
    await giveThere(4, 3);
    expect(await run({ allowRaising: true })).toMatchObject({ followed: { people: 1, kept: [] } });
    expect(await groupsOf("eve")).toEqual(["Staff"]);
    await takeThere(4, 3);
    await run();
    expect(await groupsOf("eve")).toEqual([]);
  });

  test("a group that came from there loses here what it loses there, gets more only by --allow-raising, and keeps what was given or taken away here", async () => {
    const { database } = service;
    const [add, publish, approve, view] = ["add", "publish", "approve", "view"].map((action) => `shop.${action}_order`);
    const give = (permission: string) => `select id, '${permission}' from latchkey.groups where name = 'Writers'`;
    const held = async () => {
      const rows = await database.query<{ permission: string }>(
        "select permission from latchkey.group_permissions join latchkey.groups g on g.id = group_id where g.name = 'Writers' order by 1",
      );
      return rows.map(({ permission }) => permission);
    };
    await database.query("insert into latchkey.permissions select unnest($1::text[])", [[add, publish, view]]);
    await project.run("insert into auth_group values (4, 'Writers')");
    await project.run("insert into auth_group_permissions values (10, 4, 1), (11, 4, 2)");
    await run();
    expect(await held()).toEqual([add, publish]);
    const [created] = await database.query<{ detail: unknown }>(
      `select detail from latchkey.audit_events where event = 'group_created' and detail ->> 'group' = (
        select id::text from latchkey.groups where name = 'Writers')`,
    );
    expect(created?.detail).toMatchObject({ permissions: [add, publish] });

    await database.query(`insert into latchkey.group_permissions ${give("shop.view_order")}`);
    await project.run("delete from auth_group_permissions where id = 10");
    await database.query("insert into latchkey.permissions values ($1)", [approve]);
    await project.run("insert into auth_group_permissions values (12, 4, 3)");
    expect(await run()).toMatchObject({ groupsChanged: [`Writers: ${add}`] });
    expect(await held()).toEqual([publish, view]);
    const [updated] = await database.query<{ detail: unknown }>(
      "select detail from latchkey.audit_events where event = 'group_updated'",
    );
    expect(updated?.detail).toMatchObject({ fields: ["permissions"], permissions: [publish, view] });
    expect(await run()).toMatchObject({ groupsChanged: [] });

    await database.query("delete from latchkey.group_permissions where permission = $1", [publish]);
    // The other group came before they were declared here.
    const ofClerks = [`Clerks: ${add}`, `Clerks: ${approve}`];
    expect(await run({ allowRaising: true })).toMatchObject({ groupsChanged: [...ofClerks, `Writers: ${approve}`] });
    expect(await held()).toEqual([approve, view]);

    // An administrator gave it; that it came to it there as well is not why.
    await database.query(`insert into latchkey.group_permissions ${give("shop.add_order")}`);
    await project.run("insert into auth_group_permissions values (13, 4, 1)");
    expect(await run({ allowRaising: true })).toMatchObject({ groupsChanged: [] });
    await project.run("delete from auth_group_permissions where id = 13");
    expect(await run()).toMatchObject({ groupsChanged: [] });
    expect(await held()).toEqual([add, approve, view].toSorted());
  });

  test("of a file are lost as those of a database are", { tags: ["long"] }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-groups-"));
    const source = join(folder, "users.csv");
    const write = async (groups: string) => {
      await writeFile(source, `id,username,groups\n1,of_file,${groups}\n`);
      await utimes(source, service.clock.now(), service.clock.now());
    };
    await write("Clerks;admins");
    await run({ source });
    await giveHere("of_file", "Staff");
    expect(await groupsOf("of_file")).toEqual(["Clerks", "Staff", "admins"]);
    await write("Clerks");
    expect(await run({ source })).toMatchObject({ exitCode: 0, followed: { people: 1, kept: [] } });
    expect(await groupsOf("of_file")).toEqual(["Clerks", "Staff"]);
    await rm(folder, { recursive: true });
  });

  test("and ranks that were given or taken away here are no less than a field that was changed, for undo", {
    tags: ["long"],
  }, async () => {
    const undo = () => undoImport({ connection: service.database.connection, source: "django", apply: false });
    expect(await undo()).toEqual({ deleted: 4, kept: 0 });
    await giveHere("bob", "Clerks");
    expect(await undo()).toEqual({ deleted: 3, kept: 1 });
    await service.database.query("update latchkey.users set is_staff = true where username = 'ada'");
    expect(await undo()).toEqual({ deleted: 2, kept: 2 });
    await takeAllHere("eve");
    expect(await undo()).toEqual({ deleted: 1, kept: 3 });
    await giveHere("eve", "Editors");
    await giveThere(4, 3);
    await takeThere(4, 2);
    await change(3, "is_staff = false");
    await run({ allowRaising: true });
    expect(await groupsOf("eve")).toEqual(["Staff"]);
    expect(await undo()).toEqual({ deleted: 2, kept: 2 });
  });
});

test("who withdrew here stays so while the other system says what it said before", { tags: ["long"] }, async () => {
  await project.insert({ id: 4, username: "eve", is_approved_to_be_in_touch: true });
  await run();
  await service.database.query("update latchkey.users set is_approved_to_be_in_touch = false where username = 'eve'");
  await change(4, "city = 'Ankara'");
  expect(await run()).toMatchObject({ followed: { people: 1, kept: [] } });
  expect(await read("eve")).toMatchObject({ is_approved_to_be_in_touch: false, city: "Ankara" });
});

const told = () =>
  service.database.query("select type, data - 'userId' as data from latchkey.webhook_events order by position");

test("webhooks are told nothing of an import unless it is asked for, and then what they are told of any change", {
  tags: ["long"],
}, async () => {
  await service.database.query("insert into latchkey.webhook_endpoints (name) values ('shop')");
  await service.database.query(
    "insert into latchkey.webhook_endpoints (name, seen_at) values ('gone', latchkey.now() - interval '2 days')",
  );
  await project.insert({ id: 4, username: "eve" });
  await change(1, "city = 'Ankara'");
  expect(await run()).toMatchObject({ created: 1, followed: { people: 1 } });
  expect(await told()).toEqual([]);

  await signIn("ada", "first password");
  const [ended] = await service.database.query<{ id: string }>(
    "select id from latchkey.sessions where ended_at is null",
  );
  await project.insert({ id: 5, username: "mallory" });
  await change(2, "city = 'Van', phone_number = '0532 123 45 09'");
  await change(1, `password = '${hash("another password", "other salt")}'`);
  await run({ webhooks: true });
  const events = await told();
  expect(events).toContainEqual({ type: "user.created", data: { by: "import" } });
  expect(events).toContainEqual({
    type: "user.updated",
    data: { fields: expect.arrayContaining(["city", "phoneNumber"]) },
  });
  expect(events).toContainEqual({ type: "phone.changed", data: {} });
  expect(events).toContainEqual({ type: "password.changed", data: {} });
  expect(events).toContainEqual({
    type: "session.ended",
    data: { sessionIds: [ended?.id], reason: "password_changed" },
  });
  expect(events).toHaveLength(5);
});
