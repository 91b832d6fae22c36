import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "../live-server.ts";
import { createUser, password } from "./accounts-by-cli.ts";
import { type DebianPostgres, hasDebianPostgres, startDebianPostgres } from "./debian-postgres.ts";
import { queryOnce } from "./external-database.ts";
import { createInstallation, type Installation, type Service } from "./installation.ts";

// A role that migrates and one that runs the service, as an administrator would have them.

const role = `app "${randomBytes(4).toString("hex")}`;
const quoted = `"${role.replaceAll('"', '""')}"`;

let server: DebianPostgres;
let database: string;
let owner: Installation;
let app: Installation;
let service: Service;

const sql = (text: string) => queryOnce({ ...server.superuser(database), user: "latchkey" }, text);
const asApp = (text: string) => queryOnce({ ...server.superuser(database), user: role }, text);

beforeAll(async () => {
  if (!hasDebianPostgres) return;
  server = await startDebianPostgres();
  database = await server.createDatabase("latchkey");
  await queryOnce(server.superuser(database), `create role ${quoted} login`);
  const secret = { LATCHKEY_SECRET: randomBytes(32).toString("base64url") };
  owner = await createInstallation({ ...secret, DATABASE_URL: server.urlOf("latchkey", database) });
  app = await createInstallation({
    ...secret,
    DATABASE_URL: server.urlOf(encodeURIComponent(role), database),
    MIGRATE: "check",
  });
});

afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await owner?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

describe.skipIf(!hasDebianPostgres)("on a PostgreSQL with two roles", () => {
  describe("a start that only looks at the schema is refused in one line, and changes nothing,", () => {
    test("on an empty database", async () => {
      expect(await owner.launch({ MIGRATE: "check" }).outcome).toMatchObject({
        code: 3,
        stderr:
          'latchkey: The database has no schema of Latchkey yet. Run "latchkey migrate" first, as the role that owns the schema.\n',
      });
      expect(await sql("select from pg_namespace where nspname = 'latchkey'")).toEqual([]);
    });

    test("as a role that may not use it, with the command that helps", async () => {
      expect(await owner.run(["migrate"])).toMatchObject({ code: 0, stdout: expect.stringContaining("Ran 0001-") });
      const { code, stderr } = await app.launch().outcome;
      expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 3, lines: 1 });
      expect(stderr).toContain('permission denied for schema latchkey; "latchkey grants --role …" prints');
    });

    test("on a schema that lacks a migration", async () => {
      const [last] = await sql("select name, timestamp from latchkey.kysely_migration order by name desc limit 1");
      await sql(`delete from latchkey.kysely_migration where name = '${last?.name}'`);
      const { code, stderr } = await owner.launch({ MIGRATE: "check" }).outcome;
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: `latchkey: The database lacks the migrations ${last?.name}. Run "latchkey migrate" first, as the role that owns the schema.\n`,
      });
      await sql(`insert into latchkey.kysely_migration values ('${last?.name}', '${last?.timestamp}')`);
    });
  });

  test("a second migration finds nothing to do", async () => {
    expect(await owner.run(["migrate"])).toMatchObject({ code: 0, stdout: "The schema is up to date.\n" });
  });

  test.each(["", "x".repeat(64)])("no role can be called %j", async (name) => {
    expect(await owner.run(["grants", "--role", name])).toMatchObject({ code: 2, stdout: "" });
  });

  describe("with what is printed for it, a role that owns nothing", () => {
    beforeAll(async () => {
      const printed = await owner.run(["grants", "--role", role]);
      expect(printed).toMatchObject({ code: 0, stderr: "" });
      await sql(printed.stdout);
      service = await app.start();
    });

    test("may create nothing, and not write what has been migrated", async () => {
      const [rights] = await sql(`select
      has_database_privilege('${role}', current_database(), 'create') as database,
      has_schema_privilege('${role}', 'latchkey', 'create') as schema,
      has_table_privilege('${role}', 'latchkey.kysely_migration', 'insert, update, delete') as ledger,
      (select count(*)::int from pg_class where relowner = '${quoted}'::regrole) as owned`);
      expect(rights).toEqual({ database: false, schema: false, ledger: false, owned: 0 });
    });

    test("adds to the audit trail, and changes and deletes nothing of it", async () => {
      const tables = ["audit_events", "audit_seals"].map((table) => `latchkey.${table}`);
      for (const table of tables) {
        const [rights] = await sql(`select
          has_table_privilege('${role}', '${table}', 'select') and has_table_privilege('${role}', '${table}', 'insert') as adds,
          has_table_privilege('${role}', '${table}', 'update, delete, truncate') as changes,
          has_any_column_privilege('${role}', '${table}', 'update') as columns`);
        expect(rights, table).toEqual({ adds: true, changes: false, columns: false });
      }
      await createUser(app, "--username", "witness");
      for (const statement of [
        "update latchkey.audit_events set address = null",
        "delete from latchkey.audit_events",
        "truncate latchkey.audit_events",
        "delete from latchkey.audit_seals",
        "select latchkey.delete_old_audit_events(latchkey.now() - interval '23 hours', 1000)",
        "alter table latchkey.audit_events disable trigger all",
      ])
        await expect(asApp(statement), statement).rejects.toThrow(/permission denied|for a day at least|must be owner/);
      expect(await sql("select count(*)::int > 0 as is_there from latchkey.audit_events")).toEqual([
        { is_there: true },
      ]);
    });

    test("erases and deletes what is due by functions, and the trail stays verifiable", async () => {
      await createUser(app, "--username", "leaver");
      const [{ id } = {}] = await sql("select id from latchkey.users where username = 'leaver'");
      const there = `select * from latchkey.erase_audit_addresses('${id}', 0, 1000)`;
      await expect(asApp(there)).rejects.toThrow("Only what is about people who were deleted is erased");
      await call(service.url, "token.obtain", { input: { username: "leaver", password } });
      expect(await app.run(["audit", "verify"])).toMatchObject({ code: 0, stderr: "" });
      await app.run(["delete-user", "leaver", "--yes"]);
      expect(await sql(`select distinct address from latchkey.audit_events where actor_id = '${id}'`)).toEqual([
        { address: null },
      ]);

      await sql(`insert into latchkey.audit_events (id, event, occurred_at)
        select gen_random_uuid(), 'signed_out', now() - interval '500 days' from generate_series(1, 2500)`);
      expect((await app.run(["audit", "verify", "--json"])).stdout).toContain('"verdict":"intact"');
      const purged = JSON.parse((await app.run(["purge", "--json"])).stdout);
      expect(purged.auditEvents).toBe(2_500);
      const verified = JSON.parse((await app.run(["audit", "verify", "--json"])).stdout);
      expect(verified).toMatchObject({ verdict: "intact", broken: null });
      expect(verified.erased).toBeGreaterThan(0);

      // Who owns the table can change it, and that shows.
      const newest = "select max(position) from latchkey.audit_events where event = 'signed_in'";
      await sql(`update latchkey.audit_events set detail = '{}' where position = (${newest})`);
      const broken = await app.run(["audit", "verify"]);
      expect(broken).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^BROKEN at seal \d+, .*events were changed/),
      });
      await sql("truncate latchkey.audit_seals");
    });

    test("serves all that people do", async () => {
      const { url } = service;
      const registered = await call(url, "account.register", { input: { username: "bob", password } });
      expect(registered.status).toBe(200);
      const { token, refreshToken } = registered.body;
      const refreshed = await call(url, "token.refresh", { input: { refreshToken } });
      expect(refreshed.status).toBe(200);
      const answers = [
        await call(url, "token.obtain", { input: { username: "bob", password } }),
        await call(url, "me.update", { token, input: { firstName: "Bob" } }),
        await call(url, "sessions.list", { token }),
        await call(url, "sessions.revokeOthers", { token, input: {} }),
        await call(url, "me.changePassword", {
          token,
          input: { currentPassword: password, newPassword: `${password} 2` },
        }),
        await call(url, "token.revoke", { input: { refreshToken: refreshed.body.refreshToken } }),
      ];
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect((await call(url, "token.obtain", { input: { username: "bob", password: "wrong" } })).status).toBe(400);
    });

    test("serves all that administrators do", async () => {
      const { url } = service;
      expect(
        await app.run(["create-superuser", "--password-stdin", "--own-password", "--username", "root"], {
          input: password,
        }),
      ).toMatchObject({ code: 0, stderr: "" });
      const { token } = (await call(url, "token.obtain", { input: { username: "root", password } })).body;
      const created = await call(url, "users.create", { token, input: { username: "carol" } });
      expect(created.status).toBe(200);
      const { id } = created.body.user ?? created.body;
      const group = await call(url, "groups.create", {
        token,
        input: { name: "editors", permissions: ["auth.view_user"] },
      });
      const answers = [
        group,
        await call(url, "users.setGroups", { token, input: { id, groupIds: [group.body.id] } }),
        await call(url, "users.list", { token }),
        await call(url, "audit.list", { token }),
        await call(url, "users.delete", { token, input: { id } }),
      ];
      expect(answers.map(({ status, text }) => (status === 200 ? 200 : text))).toEqual(answers.map(() => 200));
    });

    test("runs the commands", async () => {
      await createUser(app, "--username", "dave");
      for (const command of [["purge"], ["rotate-keys"], ["sync-permissions"], ["delete-user", "dave", "--yes"]]) {
        expect(await app.run(command), command.join(" ")).toMatchObject({ code: 0, stderr: "" });
      }
      // The tests' server has it off, and that is all there is to say.
      const { stdout } = await app.run(["doctor", "--json"]);
      expect(JSON.parse(stdout).warnings).toEqual([expect.stringContaining("fsync is off")]);
      expect(await app.run(["migrate"])).toMatchObject({ code: 0, stdout: "The schema is up to date.\n" });
    });

    test("cannot migrate", async () => {
      const [last] = await sql("select name, timestamp from latchkey.kysely_migration order by name desc limit 1");
      await sql(`delete from latchkey.kysely_migration where name = '${last?.name}'`);
      const { code, stderr } = await app.run(["migrate"]);
      expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 3, lines: 1 });
      expect(stderr).toMatch(/permission denied|must be owner/);
      await sql(`insert into latchkey.kysely_migration values ('${last?.name}', '${last?.timestamp}')`);
    });

    test("uses the tables that a later version makes, and leaves indexes to the role that owns them", async () => {
      await sql("create table latchkey.of_a_later_version (id int); drop index latchkey.sessions_open");
      const [rights] = await sql(
        `select has_table_privilege('${role}', 'latchkey.of_a_later_version', 'insert') as insert`,
      );
      expect(rights).toEqual({ insert: true });
      expect(await app.run(["purge"])).toMatchObject({ code: 0, stderr: "" });
      expect(await owner.run(["migrate"])).toMatchObject({ code: 0 });
      expect(await sql("select to_regclass('latchkey.sessions_open')::text as index")).not.toEqual([{ index: null }]);
      await sql("drop table latchkey.of_a_later_version");
    });
  });
});
