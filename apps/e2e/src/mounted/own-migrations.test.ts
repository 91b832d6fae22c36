import { testSecret } from "@latchkey/auth/testing";
import { createLatchkey, migrateOwn, type OwnMigrations } from "@latchkey/server";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openStorage } from "../../../../packages/auth/src/storage/database.ts";
import { migrate } from "../../../../packages/auth/src/storage/migrate.ts";
import { migrations as released } from "../../../../packages/auth/src/storage/migrations/index.ts";
import { createEmptyDatabase, type EmptyDatabase } from "../processes/external-database.ts";
import { until } from "../processes/service-process.ts";

const orders: OwnMigrations = {
  schema: "shop",
  all: {
    "0001-orders": `create table shop.orders (
      id int primary key,
      customer_id uuid not null references latchkey.users (id) on delete cascade
    )`,
    "0002-one-order": async ({ query }) => {
      await query("insert into shop.orders select $1, id from latchkey.users", [1]);
    },
  },
};
const later: OwnMigrations = {
  schema: "shop",
  all: { ...orders.all, "0003-prices": "alter table shop.orders add price int not null default 7" },
};

let database: EmptyDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createEmptyDatabase();
  pool = new pg.Pool({ connectionString: database.url });
});
afterAll(async () => {
  await pool.end();
  await database[Symbol.asyncDispose]();
});

const open = (migrations: OwnMigrations) =>
  createLatchkey({
    database: { connectionString: database.url },
    secret: testSecret,
    passwords: { cost: 4 },
    profile: { nickname: z.string().max(80).nullable() },
    permissions: ["shop.order"],
    migrations,
  });

test("an upgrade finds own fields, own models and own migrations as they were, and never meets the latter", async () => {
  const all = Object.entries(released);
  const storage = openStorage({ connectionString: database.url });
  // The release before own profile fields is the oldest that could have any.
  await migrate(storage.db, Object.fromEntries(all.filter(([name]) => name <= "0011-own-profile-fields")));
  await storage.close();
  await pool.query(`insert into latchkey.users (id, username, username_key, password, profile)
    values (gen_random_uuid(), 'Alice', 'alice', '!', '{"nickname":"Ali"}')`);
  expect(await migrateOwn({ pool }, orders)).toEqual(["0001-orders", "0002-one-order"]);

  // Two processes of the next release, which brings migrations of both kinds.
  const processes = await Promise.all([1, 2].map(() => open(later)));
  const [latchkey] = processes;
  await latchkey?.auth.operator.changePassword("alice", "correct horse battery");
  const facts = { requestId: null, address: null, userAgent: null };
  const signedIn = await latchkey?.auth.signIn({ username: "alice", password: "correct horse battery" }, facts);
  const alice = signedIn?.user;
  expect(alice).toMatchObject({ username: "Alice", nickname: "Ali" });
  expect((await pool.query("select * from shop.orders")).rows).toEqual([{ id: 1, customer_id: alice?.id, price: 7 }]);
  const ran = async (table: string) => (await pool.query(`select name from ${table} order by name`)).rows;
  expect((await ran("shop.migrations")).map(({ name }) => name)).toEqual(Object.keys(later.all));
  expect((await ran("latchkey.kysely_migration")).map(({ name }) => name)).toEqual(Object.keys(released));
  await Promise.all(processes.map((process) => process.stop()));
});

test("the release before starts on what a later one has run, as while they follow one another and after going back", async () => {
  const before = await open(orders);
  await before.stop();
  expect(await migrateOwn({ pool }, orders)).toEqual([]);
  expect((await pool.query("select name from shop.migrations order by name")).rows.at(-1)).toEqual({
    name: "0003-prices",
  });
});

test.each<[string, OwnMigrations, string]>([
  [
    "lack one that has run before their newest",
    { schema: "shop", all: { "0001-orders": "", "0003-prices": "" } },
    "0002-one-order has run and is not among them",
  ],
  [
    "were changed after they ran",
    { schema: "shop", all: { ...later.all, "0001-orders": "create table shop.orders (id int)" } },
    "0001-orders has run and is another one by now",
  ],
  [
    "come before one that has run",
    { schema: "shop", all: { ...later.all, "0002-b": "select 1" } },
    "0002-b would come before 0003-prices",
  ],
  [
    "fail",
    { schema: "shop", all: { ...later.all, "0004-x": "create table shop.x (); select 1 / 0" } },
    "The migration 0004-x of shop failed: error: division by zero",
  ],
  ["are in Latchkey's own schema", { schema: "latchkey", all: {} }, "must be a schema of your own"],
  ["are in a schema that is SQL", { schema: "shop; drop schema latchkey", all: {} }, "must be a schema of your own"],
])("migrations that %s are refused, and nothing is changed", async (_, migrations, message) => {
  await expect(migrateOwn({ pool }, migrations)).rejects.toMatchObject({
    name: "StartError",
    message: expect.stringContaining(message),
  });
  expect((await pool.query("select to_regclass('shop.x') as x")).rows).toEqual([{ x: null }]);
  expect((await pool.query("select count(*)::int as n from shop.migrations")).rows).toEqual([{ n: 3 }]);
});

test("a migration that finds its table locked lets go of what calls wait for, and runs as soon as it can", async () => {
  const migrations = { schema: "shop", all: { ...later.all, "0005-note": "alter table shop.orders add note text" } };
  const longTransaction = await pool.connect();
  await longTransaction.query("begin; lock table shop.orders in access share mode");
  const migrating = migrateOwn({ connectionString: database.url }, migrations);
  const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  const isWaiting = async () => (await pool.query(waiting)).rowCount === 1;
  await until(isWaiting);
  await until(async () => !(await isWaiting()));
  await longTransaction.query("rollback");
  longTransaction.release();
  expect(await migrating).toEqual(["0005-note"]);
});
