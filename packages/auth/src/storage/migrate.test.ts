import { createHash, randomUUIDv7 } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { emailPattern, phonePattern, usernameKeyPattern } from "../identifiers/grammar.ts";
import { createTestDatabase } from "../testing/index.ts";
import { administer, readTestServer } from "../testing/test-server.ts";
import { openStorage, withoutStatementTimeout } from "./database.ts";
import { describeSchema } from "./describe-schema.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";

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

test("of eight processes that migrate an empty database at once, one does it and all go on", async () => {
  const server = await readTestServer();
  const name = `empty_${process.pid}`;
  await administer(server, `create database ${name}`);
  // As a start does it: who waits for another one's migrations waits for as long as they take.
  const migrateAtStart = () => withoutStatementTimeout({ ...server, database: name }, (db) => migrate(db));

  const ran = await Promise.all(Array.from({ length: 8 }, migrateAtStart));

  expect(ran.filter((names) => names.length > 0)).toEqual([Object.keys(migrations)]);
  await administer(server, `drop database ${name}`);
});

test("memberships from before lists of members had an order of their own are in them afterwards", async () => {
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
  const storage = openStorage(database.connection);
  const schema = await describeSchema(storage.db);
  for (const pattern of [usernameKeyPattern, phonePattern, emailPattern])
    expect(schema).toContain(`~ '${pattern}'::text`);
  await storage.close();
});
