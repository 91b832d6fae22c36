import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createTestAuth, shareOut } from "@latchkey/auth/testing";
import { expect, test } from "vitest";
import { exportToDjango } from "./export-to-django.ts";
import { importPeople } from "./import-people.ts";
import { toUuidKey } from "./sources/sql-reader.ts";
import { pbkdf2 } from "./testing/odd-people.ts";
import { usual } from "./testing/usual-options.ts";

const secretKey = "9#k2v)x7q@w!m3z8r5t0y-1c4e6g_h&j*l(n^p%s";
const [dashed, bare] = ["0190b2c4-0000-7000-8000-00000000abcd", "0190b2c400007000800000000000abcd"];

const tables = `create table django_content_type (id integer primary key, app_label text, model text);
  create table users_user (id char(32) primary key, password varchar(128), last_login datetime, username varchar(150),
    date_joined datetime, is_active bool);
  create table shop_order (id integer primary key, buyer_id char(32) references users_user (id));
  insert into users_user values ('${bare}', '${pbkdf2("what ada types", "salt")}', null, 'ada', '2024-01-01 00:00:00', 1);
  insert into shop_order values (1, '${bare}');`;

function sign(claims: object): string {
  const input = [{ alg: "HS256", typ: "JWT" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${input}.${createHmac("sha256", secretKey).update(input).digest("base64url")}`;
}

test("a UUID that a database stores without dashes is the id with dashes that tokens and the old backend's answers have", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-uuid-"));
  const file = join(folder, "db.sqlite3");
  const old = new DatabaseSync(file);
  old.exec(tables);
  const now = Math.floor(Date.now() / 1_000);
  const django = {
    secretKey,
    acceptTokensUntil: new Date((now + 86_400) * 1_000),
    frozenAt: new Date((now - 60) * 1_000),
  };
  await using service = await createTestAuth({ django, tokens: { profile: "simplejwt" } });
  const [connection, source, report] = [service.database.connection, `sqlite:${file}`, join(folder, "report")];
  await service.clock.advance(1);
  await importPeople(service.auth, { ...usual, accept: ["all"], connection, source, report });
  expect(await readFile(join(report, "id-map.csv"), "utf8")).toContain(`\n${dashed},`);
  expect(await readFile(join(report, "summary.txt"), "utf8")).toContain("replace(old_id, '-', '')");

  const token = sign({ token_type: "access", user_id: dashed, jti: "1", iat: now - 10, exp: now + 3_600 });
  const { user } = await service.auth.authenticate([`Bearer ${token}`], service.facts);
  expect(user.username).toBe("ada");
  const login = await service.auth.signIn({ username: "ada", password: "what ada types" }, service.facts);
  const claims = JSON.parse(Buffer.from(login.token.split(".")[1] ?? "", "base64url").toString());
  expect(claims).toMatchObject({ token_type: "access", user_id: dashed });

  await service.auth.operator.changePassword("ada", "chosen here by ada");
  await service.auth.createUser({ username: "of_here", password: "a long enough one" });
  let script = "";
  for await (const text of exportToDjango(service.auth, { source, name: "django", map: {}, connection }))
    script += text;
  old.exec(script);
  const rows = old.prepare("select id, username from users_user order by username").all();
  expect(rows).toEqual([
    expect.objectContaining({ id: bare, username: "ada" }),
    expect.objectContaining({ id: expect.stringMatching(/^[0-9a-f]{32}$/), username: "of_here" }),
  ]);
  const [ada] = old.prepare("select password from users_user where username = 'ada'").all();
  expect(ada?.password).toMatch(/^bcrypt_sha256\$/);
  old.close();
  await rm(folder, { recursive: true });
});

test("people whom an earlier release recorded without dashes are the same people, and nobody is gone or new", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-uuid-"));
  const file = join(folder, "db.sqlite3");
  const old = new DatabaseSync(file);
  old.exec(tables);
  old.close();
  await using service = await createTestAuth();
  const { connection } = service.database;
  const run = async (more = {}) => {
    await service.clock.advance(60);
    const options = { ...usual, accept: ["all"], disableDeleted: true, connection, source: `sqlite:${file}` };
    return importPeople(service.auth, { ...options, ...more });
  };
  const recorded = () =>
    service.database.query(
      `select i.old_id, u.username, u.is_active from latchkey.imported_users i join latchkey.users u on u.id = i.user_id`,
    );
  await run();
  await service.database.query("update latchkey.imported_users set old_id = replace(old_id, '-', '')");

  expect(await run({ apply: false })).toMatchObject({ totals: { read: 1, new: 0 } });
  expect(await recorded()).toEqual([{ old_id: bare, username: "ada", is_active: true }]);
  expect(await run()).toMatchObject({ exitCode: 0, created: 0, disabled: 0, totals: { read: 1, new: 0 } });
  expect(await recorded()).toEqual([{ old_id: dashed, username: "ada", is_active: true }]);
  expect(await run()).toMatchObject({ created: 0, disabled: 0, totals: { read: 1, new: 0 } });
  await rm(folder, { recursive: true });
});

test.each([
  [["char(32)"], "bare"],
  [["CHAR(32)"], "bare"],
  [["uuid"], "dashed"],
  // A text of 32 characters that somebody chose as a key.
  [["varchar(32)"], null],
  [["integer"], null],
  [["char(32)", "char(32)"], null],
  [[], null],
])("a key of %j is one of UUIDs as they are stored there: %s", (types, expected) => {
  expect(toUuidKey(types)).toBe(expected);
});

for (const { tags, cases } of shareOut(
  [
    ["email", "'ada', 'ada@firma.example', '0532 123 45 67'", "ada@firma.example"],
    ["username", "'ada', 'ada@firma.example', '0532 123 45 67'", "ada"],
    ["phone_number", "'ada', 'ada@firma.example', '0532 123 45 67'", "0532 123 45 67"],
  ] as const,
  3,
))
  test.each(cases)("a user model whose key is its %s keeps that name", { tags }, async (key, values, oldId) => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-key-"));
    const file = join(folder, "db.sqlite3");
    const old = new DatabaseSync(file);
    const column = (name: string) => `${name} varchar(254)${name === key ? " primary key" : ""}`;
    old.exec(`create table django_content_type (id integer primary key, app_label text, model text);
    create table users_user (${["username", "email", "phone_number"].map(column).join(", ")}, password varchar(128), last_login datetime, user_id integer);
    insert into users_user values (${values}, '!', null, 7)`);
    old.close();
    await using service = await createTestAuth({ phones: { defaultCountry: "TR" } });
    const { connection } = service.database;
    const options = { ...usual, connection, source: `sqlite:${file}` };
    const asked = await importPeople(service.auth, { ...options, apply: false });
    expect(asked.codes).toEqual([expect.objectContaining({ code: "unknown_column", examples: ["user_id"] })]);
    expect(await importPeople(service.auth, { ...options, drop: ["user_id"] })).toMatchObject({
      created: 1,
      exitCode: 0,
    });
    const rows = await service.database.query(
      `select i.old_id, i.old_username, u.username, u.email, u.phone_number from latchkey.users u join latchkey.imported_users i on i.user_id = u.id`,
    );
    expect(rows).toEqual([
      {
        old_id: oldId,
        old_username: "ada",
        username: "ada",
        email: "ada@firma.example",
        phone_number: "+905321234567",
      },
    ]);
    await rm(folder, { recursive: true });
  });
