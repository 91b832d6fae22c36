import { mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ImportOptions, importPeople } from "./import-people.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

const bcryptHash = "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

let folder: string;
let service: TestAuth;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-hostile-"));
  service = await createTestAuth({ phones: { defaultCountry: "TR" } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

let number = 0;
/** Imports a file as a source of its own. */
async function run(name: string, content: string | Buffer, options: Partial<ImportOptions> = {}) {
  number += 1;
  const source = join(folder, `${number}-${name}`);
  await writeFile(source, content);
  const { connection } = service.database;
  return importPeople(service.auth, {
    ...usual,
    connection,
    source,
    name: `source${number}`,
    accept: ["all"],
    ...options,
  });
}

describe("of a password nothing is kept but how it was hashed", () => {
  const people = JSON.stringify([
    { id: 1, username: "plain", password: "hunter2hunter2" },
    { id: 2, username: "digest", password: "5f4dcc3b5aa765d61d8327deb882cf99" },
    { id: 3, username: "none" },
  ]);
  const readKinds = async () => {
    const rows = await service.database.query<{ kind: string | null }>(
      "select prints #>> '{there,passwordKind}' as kind from latchkey.imported_users where source = 'kinds' order by old_id",
    );
    return rows.map(({ kind }) => kind);
  };

  test("neither a plain text nor a digest", async () => {
    await run("people.json", people, { name: "kinds" });
    const rows = await service.database.query<{ row: string }>("select i::text as row from latchkey.imported_users i");
    expect(rows.map(({ row }) => row).join()).not.toMatch(/hunter2|5f4dcc3b/);
    expect(await readKinds()).toEqual(["unreadable", "md5", null]);
  });

  test("and what an earlier release kept is gone with the next import, though nothing changed there", async () => {
    await service.database.query(
      `update latchkey.imported_users set prints = jsonb_set(prints, '{there,passwordKind}', '"hunter2hunter2"') where source = 'kinds'`,
    );
    expect(await run("people.json", people, { name: "kinds" })).toMatchObject({ created: 0, followed: { people: 0 } });
    expect(await readKinds()).toEqual(["unreadable", "md5", null]);
  });
});

describe("of two columns of one field", () => {
  test("the one that is filled counts", async () => {
    await run(
      "people.csv",
      "id,username,phone,mobile\n1,first_of_two,0532 123 45 01,\n2,second_of_two,,0532 123 45 02\n",
    );
    const rows = await service.database.query(
      "select username, phone_number from latchkey.users where username like '%_of_two' order by username",
    );
    expect(rows).toEqual([
      { username: "first_of_two", phone_number: "+905321234501" },
      { username: "second_of_two", phone_number: "+905321234502" },
    ]);
  });

  test("with different values in both somebody has to say which", async () => {
    const content = "id,username,phone,mobile\n1,two_numbers,0532 123 45 03,0532 123 45 04\n";
    const asked = await run("people.csv", content, { accept: [] });
    expect(asked).toMatchObject({ exitCode: 4, created: 0 });
    expect(asked.text).toContain("unknown_column");
    await run("people.csv", content, { accept: [], map: { mobile: "phoneNumber" }, drop: ["phone"] });
    const rows = await service.database.query("select phone_number from latchkey.users where username = 'two_numbers'");
    expect(rows).toEqual([{ phone_number: "+905321234504" }]);
  });
});

describe("one line is told, and nothing changed,", () => {
  test.each([
    ["of an id with a NUL, which would be another's without it", '[{"id": "1\\u0000"}]'],
    ["of an id that is no text", '[{"id": "\\ud800"}]'],
    ["of an id that no index takes", JSON.stringify([{ id: "x".repeat(3_000) }])],
  ])("%s", async (_, content) => {
    await expect(run("people.json", content)).rejects.toThrow(/an id that cannot be kept.*Nothing was changed/);
  });
});

test("a name that is longer than an index takes costs that name, and nobody else anything", async () => {
  const long = Array.from({ length: 1_000 }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7_919) % 20_000))).join(
    "",
  );
  const content = JSON.stringify([
    { id: 1, username: long, email: "long@example.org" },
    { id: 2, username: "beside_long", dateJoined: "2024-03-01 12:00:00+99" },
  ]);
  expect(await run("people.json", content)).toMatchObject({ created: 2, exitCode: 0 });
});

test("a field of a team's own that cannot be stored costs that field, and nobody else anything", async () => {
  await using own = await createTestAuth({ profile: { nickname: z.string().max(80).nullable() } });
  const source = join(folder, "own-fields.json");
  const nicknames = ["plain", "a\u0000b", "\ud800", "\u202Eesrever", "\u0007bell"];
  await writeFile(source, JSON.stringify(nicknames.map((nickname, id) => ({ id, username: `own_${id}`, nickname }))));
  const { connection } = own.database;
  const answer = await importPeople(own.auth, { ...usual, connection, source, accept: ["all"] });
  expect(answer).toMatchObject({ created: 5, exitCode: 0 });
  expect(answer.codes).toEqual([expect.objectContaining({ code: "profile_invalid", rows: 4 })]);
  const rows = await own.database.query("select profile from latchkey.users order by username");
  expect(rows).toEqual([{ profile: { nickname: "plain" } }, ...Array.from({ length: 4 }, () => ({ profile: {} }))]);
});

test("own fields that are more together than a profile holds cost the one that does not fit", {
  tags: ["long"],
}, async () => {
  const text = z.string().nullable();
  await using own = await createTestAuth({ profile: { bio: text, motto: text } });
  const source = join(folder, "long-fields.json");
  const [half, whole] = ["é".repeat(4_096), "x".repeat(17_000)];
  const people = [
    { id: 1, username: "long_1", bio: half, motto: half },
    { id: 2, username: "long_2", bio: whole, motto: "short" },
    { id: 3, username: "long_3", bio: "short", motto: "short" },
  ];
  await writeFile(source, JSON.stringify(people));
  const answer = await importPeople(own.auth, {
    ...usual,
    connection: own.database.connection,
    source,
    accept: ["all"],
  });
  expect(answer).toMatchObject({ created: 3, exitCode: 0 });
  expect(answer.codes).toEqual([expect.objectContaining({ code: "profile_too_long", rows: 2 })]);
  const rows = await own.database.query<{ profile: unknown }>("select profile from latchkey.users order by username");
  expect(rows.map(({ profile }) => profile)).toEqual([
    { bio: half },
    { motto: "short" },
    { bio: "short", motto: "short" },
  ]);
});

test("columns and permissions of any length and any characters are told, and cost nobody anything", async () => {
  const long = Array.from({ length: 3_000 }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7_919) % 20_000))).join(
    "",
  );
  const people = [
    { id: 1, username: "of_long", [long]: "a", "nul\0 and \ud800": "b", permissions: [`shop.${long}`] },
    { id: 2, username: "beside_of_long" },
  ];
  const answer = await run("people.json", JSON.stringify(people));
  expect(answer).toMatchObject({ created: 2, exitCode: 0 });
  expect(answer.undeclared).toEqual([`shop.${long}`.slice(0, 200)]);
  expect(answer.codes).toContainEqual(expect.objectContaining({ code: "unknown_column", rows: 2 }));
});

test("groups of a file are those that are named, whatever is in their names, and one that cannot be is told", async () => {
  const groups = ["Sales, admins", "Buyers; north", "  Editors ", "zero\u200bwidth", null, 7, { name: "Clerks" }];
  const answer = await run("people.json", JSON.stringify([{ id: 1, username: "of_groups", groups }]));
  expect(answer).toMatchObject({ created: 1, exitCode: 0 });
  expect(answer.codes).toEqual([expect.objectContaining({ code: "group_unreadable", rows: 1 })]);
  const rows = await service.database.query<{ name: string }>(
    `select g.name from latchkey.user_groups held join latchkey.groups g on g.id = held.group_id
    join latchkey.users u on u.id = held.user_id where u.username = 'of_groups' order by g.name collate "C"`,
  );
  expect(rows.map(({ name }) => name)).toEqual(["Buyers; north", "Editors", "Sales, admins"]);
});

test("a name that somebody takes while it is on its way costs that name, and the rest comes over", async () => {
  const other = new pg.Client(service.database.connection);
  await other.connect();
  await other.query("begin");
  await other.query(
    `insert into latchkey.users (id, username, username_key, phone_number, password) values (gen_random_uuid(), 'quick', 'quick', '+905321234599', '!')`,
  );
  const running = run("people.csv", "id,username,phone\n1,slow_one,0532 123 45 99\n2,slow_two,\n");
  await expect
    .poll(
      () =>
        service.database.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        ),
      { timeout: 20_000 },
    )
    .toHaveLength(1);
  await other.query("commit");
  await other.end();
  expect(await running).toMatchObject({
    created: 2,
    exitCode: 4,
    text: expect.stringContaining("taken here meanwhile: 1"),
  });
});

test.each([
  ["empty.json", "", /has nobody in it: is it the right one\?/],
  ["list.json", "[]", /has nobody in it/],
  ["header.csv", "id,username\n", /has nobody in it/],
  [
    "member.json",
    '{"users":[{"id":1,"username":"inside"}]}',
    /its first line reads users\..*give the list of people alone/,
  ],
  [
    "mongo.json",
    '[{"_id":{"$oid":"507f1f77bcf86cd799439011"},"username":"oid"}]',
    /neither a text nor a number: \{"\$oid"/,
  ],
  [
    "dump.json",
    '[{"model":"users.user","pk":1,"fields":{"username":"dumped"}}]',
    /is what dumpdata of Django writes.*give the database itself/,
  ],
  ["wide.csv", Buffer.from("id,username\n1,wide\n", "utf16le"), /is not in UTF-8/],
  ["packed.csv", gzipSync("id,username\n1,packed\n"), /is compressed: unpack it/],
  ["workbook.csv", "PK\x03\x04\x14\x00", /is a workbook or a ZIP archive: save the table/],
  ["sqlite.csv", "SQLite format 3\0", /is a database of SQLite: write sqlite: in front/],
])("%s is refused in one line, and nothing is changed", async (name, content, message) => {
  await expect(run(name, content)).rejects.toMatchObject({
    name: "SourceError",
    exitCode: 2,
    message: expect.stringMatching(message),
  });
});

test("a file that has fewer columns than the one before takes nothing from anybody, and that is told", async () => {
  const whole = `id,username,email,first_name,is_staff,groups,password
1,short_ada,short.ada@firma.example,Ada,true,Clerks,${bcryptHash}
2,short_bob,short.bob@firma.example,Bob,,,${bcryptHash}
`;
  const read = () =>
    service.database.query(
      `select username, email, first_name, is_staff, password, (select count(*)::int from latchkey.user_groups m where m.user_id = u.id) as groups
      from latchkey.users u where username like 'short_%' order by 1`,
    );
  await run("people.csv", whole, { name: "short" });
  const [ada, bob] = await read();
  const untold = ["email", "firstName", "groups", "isStaff", "password"];
  const answer = await run("people.csv", "id,username\n1,short_ada\n2,short_bobby\n", { name: "short" });
  expect(answer).toMatchObject({ exitCode: 0, totals: { settled: 1, changed: 1 }, untold });
  expect(answer.text).toContain("email, firstName, groups, isStaff, password");
  expect(await read()).toEqual([ada, { ...bob, username: "short_bobby" }]);
  const { connection } = service.database;
  const source = join(folder, `${number}-people.csv`);
  const verified = await verifyImport(service.auth, { ...usual, connection, source, name: "short" });
  expect(verified).toMatchObject({ isGood: true, changed: 0, untold });
  await run("people.csv", whole.replace("bob,short.bob@firma.example", "bobby,"), { name: "short" });
  expect(await read()).toEqual([ada, { ...bob, username: "short_bobby", email: null }]);
});

test("white space around an id is no part of it", async () => {
  await run("spaces.csv", 'username, id\n"spaced", 17\nspaced_too,18 \n', { name: "spaces" });
  const rows = await service.database.query(
    "select old_id from latchkey.imported_users where source = 'spaces' order by 1",
  );
  expect(rows).toEqual([{ old_id: "17" }, { old_id: "18" }]);
  await expect(run("twice.csv", "id,username\n17,once\n 17,twice\n")).rejects.toMatchObject({ exitCode: 2 });
});

test("a source in which nobody is left does not count everybody as gone", async () => {
  await run("people.csv", "id,username\n1,still_there\n", { name: "emptied" });
  const emptied = run("people.csv", "id,username\n", { name: "emptied", disableDeleted: true });
  await expect(emptied).rejects.toMatchObject({ name: "SourceError", exitCode: 2 });
  const [row] = await service.database.query(
    "select gone_at, is_active from latchkey.imported_users i join latchkey.users u on u.id = i.user_id where source = 'emptied'",
  );
  expect(row).toEqual({ gone_at: null, is_active: true });
});

test.each([
  ["lines that end as on old computers, and their separator in front", "sep=;\rid;username\r1;cr_only\r", {}],
  ["a tab, typed as it can be", "id\tusername\n1\ttabbed, and more\n", { delimiter: "\\t" }],
])("a file with %s is read", async (_what, content, options) => {
  expect(await run("people.csv", content, options)).toMatchObject({ created: 1, totals: { read: 1 } });
});

test("an empty --delimiter is one line", async () => {
  await expect(run("people.csv", "id,username\n1,ada\n", { delimiter: "" })).rejects.toMatchObject({
    name: "SourceError",
    exitCode: 2,
    message: expect.stringMatching(/^--delimiter is empty/),
  });
});

test("a folder for the report that is a link to nowhere, or below one, is one line at once; one of several levels is made", {
  tags: ["long"],
}, async () => {
  const link = join(folder, "link");
  await symlink(join(folder, "nowhere", "at", "all"), link);
  for (const report of [link, join(link, "of", "today")]) {
    const failing = run("people.csv", "id,username\n1,nobody_yet\n", { report });
    await expect(failing, report).rejects.toMatchObject({ name: "SourceError", exitCode: 3 });
  }
  const report = join(folder, "a", "report", "of today");
  await run("people.csv", "id,username\n1,somebody\n", { report });
  expect((await readdir(report)).sort()).toEqual(["decisions.csv", "id-map.csv", "rows.jsonl", "summary.txt"]);
});

test.each([
  [
    "tabs and capital letters",
    "decision\told_id\tcode\tfield\tproposal\r\nRename:new_name\t1\tusername_grammar\tusername\talias\r\n",
  ],
  [
    "lines that end as on old computers",
    "\ufeffold_id;decision;code;field;proposal\r1;rename:new_name;username_grammar;username;alias\r",
  ],
  [
    "a proposal that is accepted",
    "old_id,code,field,proposal,decision\n1,username_grammar,username,rename:new_name, Accept \n",
  ],
])("decisions with %s are read", async (_what, content) => {
  const decisions = join(folder, `decisions-${number}.csv`);
  await writeFile(decisions, content);
  const answer = await run("people.csv", "id,username\n1,1 person\n", { apply: false, decisions, accept: [] });
  expect(answer).toMatchObject({ exitCode: 0, undecidedRows: 0 });
});

test("decisions whose ids a spreadsheet has rounded are told: they are about nobody", async () => {
  const decisions = join(folder, "rounded.csv");
  await writeFile(decisions, "old_id,code,field,decision\n1.23457E+17,username_grammar,username,rename:new_name\n");
  const people = "id,username\n123456789012345678,1 person\n";
  const answer = await run("people.csv", people, { apply: false, decisions, accept: [] });
  expect(answer).toMatchObject({ exitCode: 4, strayDecisions: ["1.23457E+17"] });
  expect(answer.text).toContain("nobody's there: 1.23457E+17. Has a spreadsheet changed them?");
});

test("a file that another clock dated to a time to come is read as of now, and again later", async () => {
  const source = join(folder, "of-tomorrow.csv");
  const tomorrow = new Date(Date.now() + 86_400_000);
  const { connection } = service.database;
  const write = async (content: string) => {
    await writeFile(source, content);
    await utimes(source, tomorrow, tomorrow);
    return importPeople(service.auth, { ...usual, connection, source, name: "tomorrow" });
  };
  expect(await write("id,username\n1,of_tomorrow\n")).toMatchObject({ created: 1, exitCode: 0 });
  expect(await write("id,username\n1,of_tomorrow\n2,also_of_tomorrow\n")).toMatchObject({ created: 1, exitCode: 0 });
});
