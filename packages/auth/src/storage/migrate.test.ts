import { createHash, randomUUIDv7 } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import pg from "pg";
import { expect, test } from "vitest";
import { emailPattern, phonePattern, usernameKeyPattern } from "../identifiers/grammar.ts";
import { createTestDatabase } from "../testing/index.ts";
import { administer, readTestServer } from "../testing/test-server.ts";
import { openStorage, withoutStatementTimeout } from "./database.ts";
import { describeSchema } from "./describe-schema.ts";
import { migrate, requireMigrated } from "./migrate.ts";
import { migrations, oldestRelease } from "./migrations/index.ts";
import { buildOnlineIndexes } from "./online-indexes.ts";

/** SHA-256 of each migration that is out. One that is here never changes again; what it got wrong, a later one mends. */
const frozen: Readonly<Record<string, string>> = {
  "0001-users-sessions-keys": "9cb73f415f905e78b3b7632afa38c5c9be2f7476df3b6d1246bf83c23752646d",
  "0002-permissions-and-codes": "c36a9d6fb53a52d96ee9adf7682e047281da8c5f2d41c926fbff0964efa94c4f",
  "0003-audit-order": "7173286bf2e2e6d9c3126b88a858d12b5ae8288aa5ad9a403912da176f1123ef",
  "0004-throttles": "e9b3a3c8f9ce7f8fb09c9ae7422c72255238786ac005b9e9c03068f3a2936a27",
  "0005-code-issuers": "5466b1d4cd273ee34dda6b5cf2ae020556f73fb5236ff77156a98143ffcc536e",
  "0006-ordered-lists": "32a863c66f1fa1f2da2a83832245e3fc98da098c373db8393fbdf2a1cd1ba97f",
};

test("a database with a newer schema is refused in one line and left as it is", async () => {
  await using database = await createTestDatabase();
  await database.query("insert into latchkey.kysely_migration (name, timestamp) values ('9999-future', 'now')");
  const storage = openStorage(database.connection);

  await expect(migrate(storage.db)).rejects.toThrow(
    "The database was migrated by a newer Latchkey (it has 9999-future). Start that version or a later one; this one changed nothing.",
  );
  await storage.close();
});

test("a release runs on the schema of a later one that says so of it, and on no other", async () => {
  await using database = await createTestDatabase();
  const storage = openStorage(database.connection);
  try {
    await database.query("insert into latchkey.kysely_migration (name, timestamp) values ('9998-next', 'now')");
    await database.query("insert into latchkey.schema_compatibility values ('9998-next', $1)", [oldestRelease]);
    await expect(migrate(storage.db)).resolves.toEqual([]);
    await expect(requireMigrated(storage.db)).resolves.toBeUndefined();

    await database.query("insert into latchkey.kysely_migration (name, timestamp) values ('9999-contract', 'now')");
    await database.query("insert into latchkey.schema_compatibility values ('9999-contract', '9998-next')");
    await expect(migrate(storage.db)).rejects.toThrow("(it has 9999-contract)");
    await expect(requireMigrated(storage.db)).rejects.toThrow("(it has 9999-contract)");
  } finally {
    await storage.close();
  }
});

test("every migration from that one on says which releases run on what it makes", async () => {
  await using database = await createTestDatabase();
  const stated = await database.query<{ migration: string; runsFrom: string }>(
    'select migration, runs_from as "runsFrom" from latchkey.schema_compatibility order by migration',
  );
  const expected = Object.keys(migrations).filter((name) => name >= "0066");
  expect(stated).toEqual(expected.map((migration) => ({ migration, runsFrom: oldestRelease })));
  expect(oldestRelease in migrations).toBe(true);
});

/** A database as the first release made it, with people in it. */
async function createOldDatabase() {
  const server = await readTestServer();
  const name = `old_${randomUUIDv7().replaceAll("-", "")}`;
  await administer(server, `create database ${name}`);
  const storage = openStorage({ ...server, database: name });
  await migrate(storage.db, Object.fromEntries(Object.entries(migrations).filter(([one]) => one < "0007")));
  await storage.pool.query(`insert into latchkey.users (id, username, username_key, password)
    select gen_random_uuid(), 'user' || n, 'user' || n, '!' from generate_series(1, 1000) n`);
  return {
    storage,
    /** As a command does: nothing that takes long is given up. */
    migrate: () => withoutStatementTimeout({ ...server, database: name }, (db) => migrate(db)),
    /** Somebody else's connection: one of the pool's is broken when it has said nothing for two seconds. */
    async connect() {
      const client = new pg.Client({ ...server, database: name });
      client.on("error", () => {});
      await client.connect();
      return client;
    },
    async [Symbol.asyncDispose]() {
      await storage.close();
      await administer(server, `drop database ${name} with (force)`);
    },
  };
}

test("a migration that waits for somebody's long transaction holds no call up, and is done when that has ended", async () => {
  await using old = await createOldDatabase();
  const { pool } = old.storage;
  const long = await old.connect();
  await long.query("begin; select from latchkey.users limit 1");
  const migrating = old.migrate();
  const triesBefore = async () => {
    const { rows } = await pool.query<{ tries: number }>(
      `select count(*)::int as tries from pg_locks where relation = 'latchkey.users'::regclass and not granted
        and database = (select oid from pg_database where datname = current_database())`,
    );
    return rows[0]?.tries ?? 0;
  };
  // It is seen to wait more than once, and between its tries a sign-in's update goes through.
  for (let seen = 0; seen < 3; seen += 1) {
    await expect.poll(triesBefore, { interval: 5, timeout: 100_000 }).toBe(1);
    await pool.query("update latchkey.users set last_login = now() where username_key = 'user1'");
  }
  await long.query("commit");
  await long.end();
  expect(await migrating).toEqual(Object.keys(migrations).filter((name) => name >= "0007"));
});

test("who starts while another process builds an index beforehand waits for it, and then each migration is a transaction of its own, so that no lock is held for longer than its own work", async () => {
  await using old = await createOldDatabase();
  const { pool, db } = old.storage;
  const builder = await old.connect();
  await builder.query("select pg_advisory_lock(7809634402175904)");
  const migrating = Promise.all([old.migrate(), old.migrate()]);
  migrating.catch(() => {});
  const looks = new Set<string>();
  const countLooks = async () => {
    const { rows } = await pool.query<{ at: string }>(
      `select query_start::text as at from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query ~ 'wanted.name from unnest|as is_held'`,
    );
    for (const { at } of rows) looks.add(at);
    return looks.size;
  };
  await expect.poll(countLooks, { interval: 20, timeout: 100_000 }).toBeGreaterThan(12);
  await builder.end();
  const ran = await migrating;
  expect(ran.flat().sort()).toEqual(Object.keys(migrations).filter((name) => name >= "0007"));
  const { rows } = await pool.query(
    "select count(distinct xmin::text)::int as transactions from latchkey.kysely_migration",
  );
  expect(rows).toEqual([{ transactions: 1 + ran.flat().length }]);
  await buildOnlineIndexes(db);
  expect(await describeSchema(db)).toBe(await readFile(new URL("schema.snapshot.sql", import.meta.url), "utf8"));
});

test("no migration since the first release reads a large table under a lock: indexes on it are made beforehand, and constraints are not valid at first", async () => {
  const folder = new URL("./migrations/", import.meta.url);
  const large = "latchkey\\.(?:users|sessions|audit_events)\\b";
  for (const name of Object.keys(migrations).filter((one) => one >= "0007")) {
    const source = await readFile(new URL(`${name}.ts`, folder), "utf8");
    const indexes = source.match(new RegExp(`create (?:unique )?index (?!if not exists)[^\`"]*? on ${large}`, "g"));
    expect(indexes, name).toBeNull();
    const checked = source.match(/add constraint \w+\s+(?:check|foreign key)[^`"]*?(?=,\s+add |[`"])/g) ?? [];
    for (const constraint of checked) expect(constraint, name).toMatch(/not valid\s*$/);
    for (const statement of source.match(new RegExp(`alter table ${large}[^\`"]*`, "g")) ?? [])
      expect(statement, name).not.toMatch(
        /generated always|alter column \w+ (?:set not null|type)|default (?!'|\d|false|true)/,
      );
  }
});

test("of three processes that migrate an empty database at once, one does it and all go on", async () => {
  const server = await readTestServer();
  const name = `empty_${process.pid}`;
  await administer(server, `create database ${name}`);
  // As a start does it: who waits for another one's migrations waits for as long as they take.
  const migrateAtStart = () => withoutStatementTimeout({ ...server, database: name }, (db) => migrate(db));

  const ran = await Promise.all(Array.from({ length: 3 }, migrateAtStart));

  expect(ran.filter((names) => names.length > 0)).toEqual([Object.keys(migrations)]);
  await administer(server, `drop database ${name}`);
});

test("memberships from before lists of members had an order of their own are in them afterwards", {
  tags: ["long"],
}, async () => {
  const server = await readTestServer();
  const name = `members_${process.pid}`;
  await administer(server, `create database ${name}`);
  const storage = openStorage({ ...server, database: name });
  try {
    await migrate(
      storage.db,
      Object.fromEntries(Object.entries(migrations).filter(([migration]) => migration < "0006")),
    );
    const [user, group] = [randomUUIDv7(), randomUUIDv7()];
    await storage.pool.query(
      "insert into latchkey.users (id, username, username_key, phone_number, password, is_staff) values ($1, 'A', 'a', '+905321234567', '!', true)",
      [user],
    );
    await storage.pool.query("insert into latchkey.groups (id, name) values ($1, 'editors')", [group]);
    await storage.pool.query("insert into latchkey.user_groups (user_id, group_id) values ($1, $2)", [user, group]);
    await migrate(storage.db);
    const { rows } = await storage.pool.query(
      "select standing, username_key, phone_number, email_key from latchkey.user_groups",
    );
    expect(rows).toEqual([{ standing: 3, username_key: "a", phone_number: "+905321234567", email_key: null }]);
  } finally {
    await storage.close();
    await administer(server, `drop database ${name}`);
  }
});

test("who was shown numbers and addresses before there was a permission for it holds that afterwards, and nobody else", {
  tags: ["long"],
}, async () => {
  const server = await readTestServer();
  const name = `contacts_${process.pid}`;
  await administer(server, `create database ${name}`);
  const storage = openStorage({ ...server, database: name });
  try {
    const before = Object.entries(migrations).filter(([migration]) => migration < "0056");
    await migrate(storage.db, Object.fromEntries(before));
    const [reader, editor, readers, auditors] = Array.from({ length: 4 }, () => randomUUIDv7());
    for (const [id, username] of [
      [reader, "reader"],
      [editor, "editor"],
    ])
      await storage.pool.query(
        "insert into latchkey.users (id, username, username_key, password) values ($1, $2, $2, '!')",
        [id, username],
      );
    await storage.pool.query(
      `insert into latchkey.permissions values ('auth.view_user'), ('auth.view_auditevent'), ('auth.change_user')`,
    );
    await storage.pool.query("insert into latchkey.groups (id, name) values ($1, 'readers'), ($2, 'auditors')", [
      readers,
      auditors,
    ]);
    await storage.pool.query(
      `insert into latchkey.group_permissions values
        ($1, 'auth.view_user'), ($1, 'auth.view_auditevent'), ($2, 'auth.view_auditevent')`,
      [readers, auditors],
    );
    await storage.pool.query(
      "insert into latchkey.user_permissions values ($1, 'auth.view_user'), ($2, 'auth.change_user')",
      [reader, editor],
    );
    await migrate(storage.db);
    const { rows } = await storage.pool.query(
      `select user_id as holder from latchkey.user_permissions where permission = 'auth.view_contact'
        union all select group_id from latchkey.group_permissions where permission = 'auth.view_contact'`,
    );
    expect(rows.map(({ holder }) => holder).sort()).toEqual([reader, readers, auditors].sort());
  } finally {
    await storage.close();
    await administer(server, `drop database ${name}`);
  }
});

test("the migrations make exactly the schema that is committed, so that a change to it is seen in review", async () => {
  await using database = await createTestDatabase();
  const storage = openStorage(database.connection);
  await expect(await describeSchema(storage.db)).toMatchFileSnapshot("schema.snapshot.sql");
  await storage.close();
});

test("a migration that is out is never edited, and every one is listed in order", async () => {
  const folder = new URL("./migrations/", import.meta.url);
  const files = (await readdir(folder)).filter((file) => /^\d{4}-/.test(file)).sort();
  expect(files.map((file) => file.replace(/\.ts$/, ""))).toEqual(Object.keys(migrations));
  for (const [name, digest] of Object.entries(frozen)) {
    const source = await readFile(new URL(`${name}.ts`, folder));
    expect(createHash("sha256").update(source).digest("hex"), `${name} is frozen: write a new migration`).toBe(digest);
  }
});

test("the database repeats the grammar of the identifiers, so that no other writer can store what would never be found", async () => {
  await using database = await createTestDatabase();
  const grammars = { username_key: usernameKeyPattern, phone_number: phonePattern, email_key: emailPattern };
  const constraints = {
    username_key: "users_username_grammar",
    phone_number: "users_phone_number_grammar",
    email_key: "users_email_grammar",
  };
  for (const column of ["username_key", "phone_number", "email_key"] as const) {
    const texts = spellingsFor(column);
    const [{ check = "" } = {}] = await database.query<{ check: string }>(
      "select pg_get_expr(conbin, conrelid) as check from pg_constraint where conrelid = 'latchkey.users'::regclass and conname = $1",
      [constraints[column]],
    );
    const rows = await database.query<{ isTaken: boolean }>(
      `select ${check} as "isTaken" from unnest($1::text[]) with ordinality given (${column}, place) order by place`,
      [texts],
    );
    const grammar = new RegExp(grammars[column], "u");
    const taken = texts.filter((_, index) => rows[index]?.isTaken);
    expect(taken).toEqual(texts.filter((text) => grammar.test(text)));
    expect(taken.length).toBeGreaterThan(3);
  }
});

/** Names at both sides of every bound, and with every kind of character at every kind of place. */
function spellingsFor(column: "username_key" | "phone_number" | "email_key"): string[] {
  const odd = [
    "",
    "a",
    "_",
    "-",
    ".",
    "1",
    "@",
    "+",
    "A",
    "é",
    "ı",
    "😀",
    "\u007f",
    "\u0001",
    "\n",
    " ",
    "'",
    "`",
    "{",
    "~",
    "/",
    "^",
  ];
  const valid = {
    username_key: [
      "ada",
      "_a",
      "é",
      `a${"b".repeat(149)}`,
      `é${"😀".repeat(149)}`,
      `a${"b".repeat(150)}`,
      `é${"é".repeat(150)}`,
    ],
    phone_number: ["+1234567", "+123456", "+123456789012345", "+1234567890123456", "+0234567"],
    email_key: [
      "a@b.co",
      "a@b.c",
      "a@bco",
      "a@b.c1",
      "a@b.1c",
      "a@b-.co",
      "a@-b.co",
      "a@b--c.co",
      "a..b@c.co",
      "a.b@c-d.e.co",
      "a@b@c.co",
      `${"a".repeat(64)}@b.co`,
      `${"a".repeat(65)}@b.co`,
      `a@${"b".repeat(63)}.co`,
      `a@${"b".repeat(64)}.co`,
      `a@${"b.".repeat(40)}${"c".repeat(63)}`,
      `a@${"b.".repeat(40)}${"c".repeat(64)}`,
      `${"a".repeat(64)}@${"b.".repeat(93)}com`,
      `${"a".repeat(64)}@${"b.".repeat(93)}comm`,
    ],
  }[column];
  const [first = ""] = valid;
  const places = [...first, ""].flatMap((_, at) =>
    odd.flatMap((one) => [first.slice(0, at) + one + first.slice(at), first.slice(0, at) + one + first.slice(at + 1)]),
  );
  return [...new Set([...valid, ...odd, ...places])];
}
