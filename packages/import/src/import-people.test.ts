import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ImportOptions, importPeople } from "./import-people.ts";
import { createPostgresProject, createSqliteProject, type OldProject } from "./testing/django-project.ts";
import { usual } from "./testing/usual-options.ts";
import { verifyImport } from "./verify-import.ts";

const settings = { phones: { defaultCountry: "TR" }, permissions: ["shop.order", "shop.approve_order"] } as const;

/** pbkdf2 of one iteration, which Django makes for its own tests: quick, and checked as every other. */
const password = "correct horse battery";
const { pbkdf2Sync } = await import("node:crypto");
const django = (text: string) => `pbkdf2_sha256$1$salt$${pbkdf2Sync(text, "salt", 1, 32, "sha256").toString("base64")}`;
const sha1 = `sha1$Nk2$${createHash("sha1").update(`Nk2${password}`).digest("hex")}`;

const signIn = async ({ auth, facts }: TestAuth, username: string, typed = password) => {
  const { user } = (await auth.signIn({ username, password: typed }, facts)) as { user: { id: string } };
  return user;
};

const oldIdOf = async ({ database }: TestAuth, userId: string) => {
  const rows = await database.query<{ old_id: string }>(
    "select old_id from latchkey.imported_users where user_id = $1",
    [userId],
  );
  return rows[0]?.old_id;
};

const people = [
  { id: 17, username: "ayse@firma.example" },
  { id: 18, username: "05321234567", phone_number: "0532 123 45 67" },
  { id: 19, username: "05329998877", phone_number: "0532 111 22 33" },
  { id: 20, username: "Deniz", last_login: "2024-01-01 00:00:00+00" },
  { id: 21, username: "deniz", last_login: "2023-01-01 00:00:00+00" },
  { id: 22, username: "kemal", phone_number: "+90 532 000 00 01" },
  { id: 23, username: "kemal_baba", phone_number: "05320000001" },
  { id: 24, username: "1kaplan" },
  { id: 25, username: "selin", is_active: false },
  { id: 26, username: "can", gender: "Other", city: "x".repeat(300), first_name: "Can" },
  { id: 27, username: "old_one", password: sha1 },
  { id: 28, username: "tr", phone_number: "tel:+90-532-123-45-69" },
  { id: 29, username: "x", phone_number: "" },
  { id: 30, username: "mehmet", password: "!unusable" },
  { id: 31, username: "20201234" },
  { id: 32, username: "boss", is_staff: true, is_superuser: true, last_login: "2024-05-06 07:08:09.123456+00" },
].map((person) => ({ password: django(password), ...person }));

for (const [name, createProject, tags] of [
  ["PostgreSQL", createPostgresProject, []],
  // What differs there is how values are read.
  ["SQLite", createSqliteProject, ["long"]],
] as const)
  describe(`a Django project in ${name}`, { tags: [...tags] }, () => {
    let project: OldProject;
    let service: TestAuth;
    let folder: string;

    beforeAll(async () => {
      project = await createProject();
      service = (await createTestAuth(settings)) as unknown as TestAuth;
      folder = await mkdtemp(join(tmpdir(), "latchkey-report-"));
      await project.insert(...people);
      await project.run("insert into users_user_groups values (1, 32, 1), (2, 22, 1)");
      await project.run("insert into users_user_user_permissions values (1, 32, 1), (2, 32, 2)");
      await project.run("insert into shop_order values (1, 17), (2, 18)");
    });
    afterAll(async () => {
      await rm(folder, { recursive: true });
      await service[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
    });
    const run = (options: Partial<ImportOptions> = {}) =>
      importPeople(service.auth, {
        ...usual,
        connection: service.database.connection,
        source: project.source,
        ...options,
      });

    test("a dry run changes nothing and tells what a person has to decide", async () => {
      const answer = await run({ apply: false, report: folder });
      expect(answer.exitCode).toBe(4);
      expect(await service.database.query("select from latchkey.users")).toHaveLength(0);
      expect(await service.database.query("select from latchkey.imported_users")).toHaveLength(0);
      expect(await service.database.query("select from latchkey.import_people")).toHaveLength(0);
      const { read, ...rest } = answer.totals;
      expect(read).toBe(people.length);
      expect(Object.values(rest).reduce((sum, count) => sum + count)).toBe(read);
      expect(Object.fromEntries(answer.codes.map(({ code, rows }) => [code, rows]))).toEqual({
        username_is_phone: 1,
        username_shared: 2,
        phone_shared: 2,
        username_grammar: 2,
        profile_invalid: 1,
        profile_too_long: 1,
        password_legacy: 1,
        permission_undeclared: 1,
      });
    });

    test("the report is for a person: one screen, proposals, and never a hash", async () => {
      const files = await Promise.all(
        ["summary.txt", "decisions.csv", "rows.jsonl", "id-map.csv"].map((name) =>
          readFile(join(folder, name), "utf8"),
        ),
      );
      const [summary = "", decisions = "", rows = ""] = files;
      expect(summary.split("\n").length).toBeLessThan(40);
      expect(summary).toMatch(/update ("public"\.)?"shop_order"/);
      expect(decisions).toContain("21,username_shared,username,deniz,also 20,rename:deniz_21,");
      expect(decisions).toContain("24,username_grammar,username,1kaplan,");
      expect(rows.trim().split("\n")).toHaveLength(people.length);
      for (const text of files) expect(text).not.toMatch(/pbkdf2_sha256\$1|sha1\$Nk2/);
    });

    test("nothing is applied while a row is undecided", async () => {
      const answer = await run({ accept: ["username_shared"] });
      expect(answer.exitCode).toBe(4);
      expect(answer.text).toContain("Nothing was changed.");
      expect(await service.database.query("select from latchkey.users")).toHaveLength(0);
    });

    test("with every proposal accepted everybody comes over", async () => {
      const answer = await run({ accept: ["all"] });
      expect(answer).toMatchObject({ exitCode: 0, created: people.length });
    });

    test.each([
      [17, "ayse@firma.example"],
      [18, "05321234567"],
      [20, "Deniz"],
      [22, "kemal"],
      [24, "1kaplan"],
      [26, "can"],
      [27, "old_one"],
      [28, "0532 123 45 69"],
      [31, "20201234"],
      [32, "boss"],
    ])("person %i signs in with what they typed before: %s", async (oldId, typed) => {
      const { id } = await signIn(service, typed);
      expect(await oldIdOf(service, id)).toBe(String(oldId));
    });

    test.each([
      ["deniz_21", 21],
      ["kemal_baba", 23],
    ])("who did not keep a name signs in by the other one: %s", async (typed, oldId) => {
      expect(await oldIdOf(service, (await signIn(service, typed)).id)).toBe(String(oldId));
    });

    test.each(["selin", "mehmet", "05320000001", "05329998877"])("nobody signs in as %s", async (typed) => {
      await expect(signIn(service, typed)).rejects.toMatchObject({ code: "invalid_credentials" });
    });

    test("every column, group and permission is there, and dates to the microsecond", async () => {
      const [boss] = await service.database.query(
        `select u.is_staff, u.is_superuser, u.date_joined::text, extract(epoch from u.date_joined)::text as joined,
        array(select permission from latchkey.user_permissions p where p.user_id = u.id) as permissions,
        array(select name from latchkey.user_groups m join latchkey.groups g on g.id = m.group_id where m.user_id = u.id) as groups,
        array(select permission from latchkey.group_permissions order by 1) as held
      from latchkey.users u where username = 'boss'`,
      );
      expect(boss).toMatchObject({
        is_staff: true,
        is_superuser: true,
        joined: "1577934245.678901",
        permissions: ["shop.add_order"],
        groups: ["Clerks"],
        held: ["shop.add_order", "shop.approve_order"],
      });
      const [can] = await service.database.query(
        "select first_name, gender, city from latchkey.users where username = 'can'",
      );
      expect(can).toEqual({ first_name: "Can", gender: null, city: null });
    });

    test("what the old system says is claimed: no number and no address is proved or vouched for", async () => {
      const rows = await service.database.query(
        "select from latchkey.users where num_nonnulls(phone_proved_at, phone_vouched_at, email_proved_at, email_vouched_at) > 0",
      );
      expect(rows).toHaveLength(0);
    });

    test("no weak hash is stored", async () => {
      const rows = await service.database.query(
        "select from latchkey.users where password like '%sha1$Nk2%' or password like 'sha1%'",
      );
      expect(rows).toHaveLength(0);
    });

    test("what came of it is found to fit, and a name that reaches another is found", async () => {
      const verify = () =>
        verifyImport(service.auth, { ...usual, connection: service.database.connection, source: project.source });
      expect(await verify()).toMatchObject({
        there: people.length,
        here: people.length,
        missing: 0,
        changed: 0,
        unreadable: [],
        reachAnother: [],
        groupsMissing: 0,
        groupPermissionsMissing: 0,
        groupPermissionsAdded: 0,
        isGood: true,
      });
      await service.database.query(
        "update latchkey.users set username = 'kemal', username_key = 'kemal_' where username = 'kemal'",
      );
      await service.database.query("update latchkey.users set username_key = 'kemal' where username = 'x'");
      expect(await verify()).toMatchObject({ reachAnother: ["22: username"], isGood: false });
      await service.database.query("update latchkey.users set username_key = 'x' where username = 'x'");
      await service.database.query("update latchkey.users set username_key = 'kemal' where username = 'kemal'");
    });

    test("doctor lists the aliases", async () => {
      expect(await service.auth.checkHealth()).toMatchObject({ aliases: "django: 2: 1kaplan, 20201234" });
    });

    test("no service starts under a country for which an alias would be read as a number", async () => {
      await expect(service.another({ phones: { defaultCountry: "SG" } })).rejects.toThrow(
        "With PHONE_DEFAULT_COUNTRY=SG, 1 names by which people of django sign in would be read as others, such as 20201234",
      );
      await service.another({ phones: { defaultCountry: "TR" } });
    });

    test("more runs change nothing, and ask nothing again", async () => {
      const dump = () =>
        service.database.query<{ row: string }>(
          "select u::text || i::text as row from latchkey.users u join latchkey.imported_users i on i.user_id = u.id order by u.id",
        );
      const before = await dump();
      await service.clock.advance(60);
      const answer = await run({ accept: ["permission_undeclared"] });
      expect(answer).toMatchObject({ exitCode: 0, created: 0, totals: { settled: people.length, changed: 0, new: 0 } });
      expect(await dump()).toEqual(before);
    });
  });
