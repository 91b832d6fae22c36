import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth, shareOutBy, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ImportOptions, importPeople } from "./import-people.ts";
import { type Beginning, createBeginning } from "./testing/beginning.ts";
import { createSqliteProject, type OldProject } from "./testing/django-project.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { usual } from "./testing/usual-options.ts";

let folder: string;
/** To which nobody comes over but in the last test. */
let empty: TestAuth;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-options-"));
  empty = await createTestAuth();
});
afterAll(async () => {
  await empty[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** So many, of whom the last one has the id of the first. */
const manyPeople = (count: number) =>
  `id,username\n${Array.from({ length: count }, (_, at) => `${at % (count - 1)},person_${at}`).join("\n")}\n`;

let files = 0;
async function write(content: string, extension = "csv"): Promise<string> {
  files += 1;
  const path = join(folder, `file-${files}.${extension}`);
  await writeFile(path, content);
  return path;
}

describe("an option", () => {
  let project: OldProject;
  let beginning: Beginning;
  let service: TestAuth;

  beforeAll(async () => {
    beginning = await createBeginning(async ({ project }) => {
      await project.insert(
        { id: 1, username: "ada", password: pbkdf2("first password", "salt"), phone_number: "0532 123 45 01" },
        { id: 2, username: "bob", phone_number: "+905321234501" },
        { id: 3, username: "1kaplan" },
        { id: 4, username: "dora", phone_number: "0532 123 45 04" },
      );
    });
  });
  afterAll(() => beginning[Symbol.asyncDispose]());

  const takeCopy = async () => {
    ({ project, service } = await beginning.copy());
  };
  const dispose = async () => {
    await service[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  };

  async function run(options: Partial<ImportOptions> = {}) {
    await service.clock.advance(60);
    const rest = { connection: service.database.connection, source: project.source };
    return importPeople(service.auth, { ...usual, ...rest, ...options });
  }
  const accounts = async () => {
    const rows = await service.database.query<{ old_id: string }>(
      "select old_id from latchkey.imported_users where user_id is not null order by old_id",
    );
    return rows.map(({ old_id }) => old_id);
  };

  describe("by which nobody comes over", () => {
    beforeAll(takeCopy);
    afterAll(dispose);

    test.each([
      [
        "what two would have then",
        "4,phone_shared,phoneNumber,,,drop,keep\n1,phone_shared,phoneNumber,,,drop,keep\n2,phone_shared,phoneNumber,,,drop,keep\n",
        "decision_conflict",
      ],
      ["a name that cannot be one", "3,username_grammar,username,,,alias,rename:1\n", "username_grammar"],
      [
        "a number that cannot be one, of somebody who has another name,",
        "3,username_grammar,username,,,alias,alias\n1,phone_shared,phoneNumber,,,drop,set:12\n",
        "phone_shared",
      ],
    ])("--decisions for %s is asked again, and nothing is applied", async (_what, rows, code) => {
      const decisions = await write(`old_id,code,field,value,other,proposal,decision\n${rows}`);
      const answer = await run({
        decisions,
        accept: ["permission_undeclared", "phone_shared"].filter(
          (one) => code !== "decision_conflict" || one !== "phone_shared",
        ),
      });
      expect(answer).toMatchObject({ exitCode: 4, created: 0 });
      expect(answer.codes).toContainEqual(expect.objectContaining({ code }));
      expect(await accounts()).toEqual([]);
    });

    test("--accept of a code and --only of an id that are not there are refused in one line", async () => {
      await expect(run({ accept: ["all", "phone_sharde"] })).rejects.toThrow(/no code phone_sharde/);
      const failing = run({ accept: ["all"], only: ["1", "17"] });
      await expect(failing).rejects.toThrow(/nobody with the id 17: look at --only. Nothing was changed/);
      expect(await accounts()).toEqual([]);
    });

    test("--decisions that are none are refused in one line", async () => {
      const decisions = await write("old_id,code,field,decision\n1,phone_shared,phoneNumber,maybe\n");
      await expect(run({ decisions })).rejects.toMatchObject({ name: "SourceError", exitCode: 2 });
      await expect(run({ decisions: join(folder, "none.csv") })).rejects.toThrow(/cannot be read/);
    });

    test("--decisions that say two things of one field, or are in another encoding, are refused in one line", async () => {
      const head = "old_id,code,field,value,other,proposal,decision\n";
      const twice = await write(`${head}3,username_grammar,username,,,,alias\n3,username_grammar,username,,,,skip\n`);
      await expect(run({ decisions: twice })).rejects.toThrow(
        /rows 2 and 3 decide the same otherwise: "alias" and "skip"/,
      );
      const latin = join(folder, "latin.csv");
      await writeFile(
        latin,
        Buffer.concat([Buffer.from(`${head}4,profile_invalid,city,,,,set:`), Buffer.from([0xdd, 0x7a, 0x0a])]),
      );
      await expect(run({ decisions: latin })).rejects.toThrow(/not in UTF-8/);
    });

    test("a report whose disk is full is one line before anybody comes over, and leaves the decisions of before", async () => {
      const report = join(folder, "full");
      await mkdir(report);
      await writeFile(join(report, "decisions.csv"), "of before");
      await symlink("/dev/full", join(report, "rows.jsonl.part"));
      const failing = run({ report, accept: ["all"] });
      await expect(failing).rejects.toMatchObject({
        name: "SourceError",
        exitCode: 3,
        message: expect.stringMatching(/^The report cannot be written to .*Nothing was changed\.$/),
      });
      expect(await accounts()).toEqual([]);
      expect(await readdir(report)).toEqual(["decisions.csv"]);
      expect(await readFile(join(report, "decisions.csv"), "utf8")).toBe("of before");
      const under = join(report, "decisions.csv", "below");
      await expect(run({ report: under, accept: ["all"] })).rejects.toMatchObject({ exitCode: 3 });
    });
  });

  describe("of a run", () => {
    beforeEach(takeCopy);
    afterEach(dispose);

    test("--undecided skip leaves out those of whom something is undecided, keeps their names, and brings them when it is decided", async () => {
      expect(await run({ skipsUndecided: true, accept: ["permission_undeclared"] })).toMatchObject({
        exitCode: 0,
        created: 1,
        totals: { undecided: 3, new: 1 },
      });
      expect(await accounts()).toEqual(["4"]);
      const taking = service.auth.createUser({ username: "bob", password: "a long enough one" });
      await expect(taking).rejects.toThrow("The username is reserved");
      expect(await run({ accept: ["all"] })).toMatchObject({ exitCode: 0, created: 3 });
      expect(await accounts()).toEqual(["1", "2", "3", "4"]);
    });

    test("--only brings those alone, and the others' names stay reserved", async () => {
      expect(await run({ accept: ["all"], only: ["1", "3"] })).toMatchObject({ created: 2, totals: { leftOut: 2 } });
      expect(await accounts()).toEqual(["1", "3"]);
      const taking = service.auth.createUser({ username: "dora", password: "a long enough one" });
      await expect(taking).rejects.toThrow("The username is reserved");
    });

    test("--only asks nothing of the others", { tags: ["long"] }, async () => {
      expect(await run({ accept: ["permission_undeclared"], only: ["4"] })).toMatchObject({ exitCode: 0, created: 1 });
      expect(await run({ accept: ["permission_undeclared"], only: ["3"] })).toMatchObject({ exitCode: 4, created: 0 });
    });

    test("--limit brings so many, and the same command brings the next ones", { tags: ["long"] }, async () => {
      expect(await run({ accept: ["all"], limit: 3 })).toMatchObject({ created: 3 });
      expect(await run({ accept: ["all"], limit: 3 })).toMatchObject({ created: 1 });
      expect(await accounts()).toEqual(["1", "2", "3", "4"]);
    });

    test("--accept takes the proposals of its codes alone", { tags: ["long"] }, async () => {
      const answer = await run({ accept: ["phone_shared"] });
      expect(answer).toMatchObject({ exitCode: 4, created: 0 });
      expect(answer.codes.filter(({ undecided }) => undecided > 0).map(({ code }) => code)).toEqual([
        "permission_undeclared",
        "username_grammar",
      ]);
    });

    test("--decisions does to each what was decided, whatever is proposed", async () => {
      const decisions = await write(
        `old_id,code,field,value,other,proposal,decision
1,phone_shared,phoneNumber,,,drop,keep
2,phone_shared,phoneNumber,,,drop,set:0532 123 45 99
3,username_grammar,username,,,alias,rename:kaplan
,permission_undeclared,shop.approve_order,,,drop,accept
,permission_undeclared,shop.add_order,,,drop,accept
`,
      );
      const answer = await run({ decisions, accept: ["permission_undeclared"] });
      expect(answer).toMatchObject({ exitCode: 0, created: 4 });
      const rows = await service.database.query("select username, phone_number from latchkey.users order by username");
      expect(rows).toEqual([
        { username: "ada", phone_number: "+905321234501" },
        { username: "bob", phone_number: "+905321234599" },
        { username: "dora", phone_number: "+905321234504" },
        { username: "kaplan", phone_number: null },
      ]);
    });

    test("--decisions skip leaves a person out whose name stays reserved, and alias lets in by exactly what was typed there", {
      tags: ["long"],
    }, async () => {
      const decisions = await write(
        `old_id,code,field,value,other,proposal,decision
1,phone_shared,phoneNumber,,,drop,skip
3,username_grammar,username,,,alias,alias
,permission_undeclared,shop.approve_order,,,drop,accept
,permission_undeclared,shop.add_order,,,drop,accept
`,
      );
      const answer = await run({ decisions, accept: ["phone_shared"] });
      expect(answer).toMatchObject({ exitCode: 0, created: 3, totals: { skipped: 1, new: 3 } });
      expect(await accounts()).toEqual(["2", "3", "4"]);
      const taking = service.auth.createUser({ username: "ada", password: "a long enough one" });
      await expect(taking).rejects.toThrow("The username is reserved");
      const rows = await service.database.query("select alias from latchkey.imported_users where alias is not null");
      expect(rows).toEqual([{ alias: "1kaplan" }]);
    });

    test("--decisions skip leaves a person out in later runs too, when somebody else has by then what both have there", async () => {
      const decisions = await write(
        "old_id,code,field,decision\n1,phone_shared,phoneNumber,skip\n2,phone_shared,phoneNumber,keep\n",
      );
      const accept = ["permission_undeclared", "username_grammar", "no_name"];
      expect(await run({ decisions, accept })).toMatchObject({ exitCode: 0, created: 3, totals: { skipped: 1 } });
      expect(await run({ decisions, accept })).toMatchObject({ exitCode: 0, created: 0, totals: { skipped: 1 } });
    });

    test.each([
      ["gives a name to who would have none", "kaplan", { exitCode: 0, created: 4 }],
      ["cannot give them somebody's", "dora", { exitCode: 4, created: 0 }],
    ])("--decisions %s", async (_what, name, outcome) => {
      const decisions = await write(
        `old_id,code,field,decision\n3,username_grammar,username,drop\n3,no_name,username,rename:${name}\n`,
      );
      const answer = await run({ decisions, accept: ["permission_undeclared", "phone_shared"] });
      expect(answer).toMatchObject(outcome);
      const rows = await service.database.query(
        "select username, parked_at from latchkey.users where id = (select user_id from latchkey.imported_users where old_id = '3')",
      );
      expect(rows).toEqual(outcome.exitCode === 0 ? [{ username: "kaplan", parked_at: null }] : []);
      const conflict = expect.objectContaining({ code: "decision_conflict", undecided: 2 });
      expect(answer.codes).toEqual(
        outcome.exitCode === 0 ? expect.not.arrayContaining([conflict]) : expect.arrayContaining([conflict]),
      );
    });

    test("--decisions map a column to a field, as a spreadsheet writes them: with a BOM, semicolons and empty lines", {
      tags: ["long"],
    }, async () => {
      await project.run("alter table users_user add column nick text");
      await project.run("update users_user set nick = 'Ada the first' where id = 1");
      const decisions = await write(
        "\ufeffold_id;code;field;value;other;proposal;decision\r\n;unknown_column;nick;;;drop;map:firstName\r\n\r\n",
      );
      expect(await run({ decisions, accept: ["all"] })).toMatchObject({ exitCode: 0 });
      const rows = await service.database.query("select first_name from latchkey.users where username = 'ada'");
      expect(rows).toEqual([{ first_name: "Ada the first" }]);
    });

    test("--source-timezone is the zone of times without one, and one that is none is refused", {
      tags: ["long"],
    }, async () => {
      const source = await write("id,username,date_joined\n1,zoned,2024-07-01 12:00:00\n");
      await run({ source, timezone: "Europe/Berlin" });
      const rows = await service.database.query(
        "select (date_joined at time zone 'UTC')::text as at from latchkey.users where username = 'zoned'",
      );
      expect(rows).toEqual([{ at: "2024-07-01 10:00:00" }]);
      await expect(run({ timezone: "Europe/Nowhere" })).rejects.toThrow(/no time zone/);
    });

    test("a table of users that is not there is one line", async () => {
      await project.run("drop table users_user cascade");
      await expect(run()).rejects.toMatchObject({
        name: "SourceError",
        exitCode: 2,
        message: expect.stringMatching(/^No table in .* looks like one of users/),
      });
    });

    test("--decisions to rename somebody to a name that is kept for another are asked again", {
      tags: ["long"],
    }, async () => {
      const head = "old_id,code,field,value,other,proposal,decision\n";
      const other = await write("id,username\n9,Kept.Name\n10,other.name\n");
      await run({ source: other, name: "elsewhere", only: ["10"] });
      const rename = await write(`${head}3,username_grammar,username,,,,rename:kept.name\n`);
      // What was decided, and that nothing is left that names them.
      const asked = await run({ decisions: rename, accept: ["phone_shared", "permission_undeclared"] });
      expect(asked).toMatchObject({ exitCode: 4, created: 0, undecidedRows: 2 });
      await project.run("update users_user set phone_number = 'x' where id = 4");
      const skipped = await write(
        `${head}3,username_grammar,username,,,,rename:Dora\n4,phone_unreadable,phoneNumber,,,,skip\n`,
      );
      expect(await run({ decisions: skipped, accept: ["phone_shared", "permission_undeclared"] })).toMatchObject({
        exitCode: 4,
        created: 0,
        undecidedRows: 2,
      });
    });

    test("--decisions that a report has written are taken as they are, again and again, those of columns too", {
      tags: ["long"],
    }, async () => {
      await project.run("alter table users_user add column nick varchar(50)");
      await project.run("update users_user set nick = 'N'");
      const report = join(folder, "circle");
      await run({ apply: false, report });
      const decisions = join(report, "decisions.csv");
      const text = await readFile(decisions, "utf8");
      expect(text).toContain(",unknown_column,nick,");
      await writeFile(
        decisions,
        text.replace(/^(,unknown_column,nick,.*),$/m, "$1,map:firstName").replaceAll(/,$/gm, ",accept"),
      );
      expect(await run({ apply: false, report, decisions })).toMatchObject({ exitCode: 0 });
      expect(await run({ report, decisions })).toMatchObject({ exitCode: 0, created: 4 });
      expect(await run({ report, decisions })).toMatchObject({ exitCode: 0, created: 0 });
      expect(await service.database.query("select distinct first_name from latchkey.users")).toEqual([
        { first_name: "N" },
      ]);
    });

    test("--table of one schema takes groups and permissions from that schema, whatever others have", {
      tags: ["long"],
    }, async () => {
      await project.run("insert into users_user_groups values (1, 1, 1)");
      await project.run("create schema archive");
      await project.run("create table archive.auth_group as select id, 'Owners' as name from auth_group");
      await project.run("create table archive.auth_group_permissions as select * from auth_group_permissions");
      await run({ accept: ["all"] });
      expect(await service.database.query("select name from latchkey.groups where name = 'Owners'")).toEqual([]);
      expect(await service.database.query("select from latchkey.user_groups")).toHaveLength(1);
    });

    test("--table says which of two is that of users; without it both are named", { tags: ["long"] }, async () => {
      await project.run(
        "create table shop_customer (id integer primary key, password text, last_login timestamptz, email text)",
      );
      await expect(run()).rejects.toThrow(/More than one table.*shop_customer.*users_user.*--table/);
      await expect(run({ table: "shop_nothing" })).rejects.toThrow(/no table shop_nothing/);
      expect(await run({ table: "users_user", accept: ["all"] })).toMatchObject({ created: 4 });
    });

    test("--map puts a column into a field, --drop leaves it behind, and neither is asked about then", async () => {
      await project.run("alter table users_user add column nick text, add column shoe_size integer");
      await project.run("update users_user set nick = 'Ada the first', shoe_size = 38 where id = 1");
      const asked = await run({ skipsUndecided: true });
      expect(asked.codes).toContainEqual(expect.objectContaining({ code: "unknown_column", rows: 2, undecided: 2 }));
      expect(asked.text).toMatch(/^Nothing was changed. 4 of them have no old id: .* with --accept CODE,…\.$/m);
      const accept = ["permission_undeclared", "phone_shared", "username_grammar"];
      expect(await run({ accept, map: { nick: "firstName" }, drop: ["shoe_size"] })).toMatchObject({ exitCode: 0 });
      const rows = await service.database.query("select first_name from latchkey.users where username = 'ada'");
      expect(rows).toEqual([{ first_name: "Ada the first" }]);
    });

    test("--map of a column or a field that is not there is refused in one line", { tags: ["long"] }, async () => {
      await expect(run({ map: { nick: "firstName" } })).rejects.toThrow(/no column nick/);
      await expect(run({ map: { city: "nothingOfThat" } })).rejects.toThrow(/no field nothingOfThat/);
      await expect(run({ drop: ["nick"] })).rejects.toThrow(/no column nick/);
      await expect(run({ map: { city: "state" }, drop: ["city"] })).rejects.toThrow(/city is both mapped and dropped/);
    });

    test("--allow-raising follows who was enabled or given more rights there; without it that is told", {
      tags: ["long"],
    }, async () => {
      await run({ accept: ["all"] });
      const change = "update users_user set is_active = not is_active, is_staff = true where id = 4";
      await project.run("update users_user set is_active = false where id = 4");
      await run({ accept: ["all"] });
      await project.run(change);
      await project.run("insert into users_user_groups values (1, 4, 1)");
      expect(await run({ accept: ["all"], allowRaising: true })).toMatchObject({ followed: { people: 1, kept: [] } });
      const rows = await service.database.query(
        `select is_active, is_staff, (select count(*)::int from latchkey.user_groups m where m.user_id = u.id) as groups
        from latchkey.users u where username = 'dora'`,
      );
      expect(rows).toEqual([{ is_active: true, is_staff: true, groups: 1 }]);
    });

    test("a source without the right to read it is one line, and nothing is left of it here", {
      tags: ["long"],
    }, async () => {
      await project.run("revoke all on users_user from current_user");
      const failing = run();
      await expect(failing).rejects.toMatchObject({
        name: "SourceError",
        exitCode: 3,
        message: expect.stringMatching(/permission denied/),
      });
      expect(await service.database.query("select from latchkey.import_people")).toEqual([]);
    });
  });
});

describe("a source is refused in one line", () => {
  const run = (source: string, options: Partial<ImportOptions> = {}) =>
    importPeople(empty.auth, { ...usual, connection: empty.database.connection, source, ...options });

  test.each<[what: string, source: string, exitCode: number, told: RegExp]>([
    ["that is away", "postgres://nobody@127.0.0.1:1/none", 3, /cannot be reached/],
    ["without an escaped password", "postgres://me:a/b#c@127.0.0.1/none", 2, /no address of a database/],
    ["whose file is not there", "sqlite:/nowhere/db.sqlite3", 3, /There is no file/],
    ["of no kind", "people", 2, /--from/],
    ["of another kind", "people.xlsx", 2, /--from/],
  ])("%s", async (_what, source, exitCode, told) => {
    const failing = run(source);
    await expect(failing).rejects.toMatchObject({
      name: "SourceError",
      exitCode,
      message: expect.stringMatching(told),
    });
    await expect(failing).rejects.not.toThrow(/\n/);
  });

  test("a password in the address of a source is never told", async () => {
    const failing = run("postgres://me:verySecret1@127.0.0.1:1/none");
    await expect(failing).rejects.not.toThrow(/verySecret1/);
    await expect(run("mysqlx://me:verySecret1@127.0.0.1:1/none", { from: "django" })).rejects.not.toThrow(
      /verySecret1/,
    );
  });

  test("that is no database, or none of Django's", async () => {
    const file = await write("no database at all, but long enough to be taken for one".repeat(50), "sqlite3");
    await expect(run(`sqlite:${file}`)).rejects.toMatchObject({ name: "SourceError", exitCode: 3 });
    await using project = await createSqliteProject();
    await project.run("drop table django_content_type");
    await expect(run(project.source)).rejects.toThrow(/no table django_content_type/);
  });

  for (const { tags, cases } of shareOutBy(
    [
      ["half a CSV", "id,username,email\n1,ada,a@b.example\n2,bo", /no whole CSV file.*Nothing was changed/],
      ["two people of one id", "id,username\n1,ada\n1,bob\n", /two people of one id, "1"\./],
      ["two people of one id far apart", manyPeople(12_000), /two people of one id/],
      ["another delimiter", "id~username\n1~ada\n", /--delimiter/],
    ] as const,
    ([what]) => !what.endsWith("far apart"),
  ))
    test.each(cases)("with %s, and nobody comes over", { tags }, async (_what, content, told) => {
      await expect(run(await write(content))).rejects.toThrow(told);
      expect(await empty.database.query("select from latchkey.users")).toEqual([]);
      expect(await empty.database.query("select from latchkey.import_people")).toEqual([]);
    });
});

test("a file of Supabase is read with its own names of columns, and its numbers get their plus sign", async () => {
  const hash = "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
  const source = await write(
    JSON.stringify([{ id: "0b9f", email: "ada@firma.example", phone: "905321234567", encrypted_password: hash }]),
    "json",
  );
  const options = { ...usual, phoneCountry: undefined, connection: empty.database.connection, source };
  expect(await importPeople(empty.auth, { ...options, from: "supabase" })).toMatchObject({ created: 1, exitCode: 0 });
  for (const username of ["ada@firma.example", "+905321234567"])
    expect(await empty.auth.signIn({ username, password: "correct horse" }, empty.facts)).toHaveProperty("token");
  const rows = await empty.database.query("select source, old_id from latchkey.imported_users");
  expect(rows).toEqual([{ source: "supabase", old_id: "0b9f" }]);
  await expect(importPeople(empty.auth, { ...options, from: "auth0", source: "-" })).rejects.toThrow(/\.json/);
});
