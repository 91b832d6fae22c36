import { readdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { createAuth } from "@latchkey/auth";
import { openStorage } from "@latchkey/auth/storage";
import { describeSchema, testSecret } from "@latchkey/auth/testing";
import pg from "pg";
import { expect, test } from "vitest";
import { copyDatabase, createEmptyDatabase, queryOnce } from "../processes/external-database.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { type Program, until } from "../processes/service-process.ts";
import { createCrowd } from "./load-clients.ts";
import { expectCleanOutput } from "./output.ts";
import { atLength, isLong, withDice } from "./run-length.ts";

const rounds = atLength(8, 1);
const kills = atLength(3, 1);
/** Milliseconds after its start in which a process has migrated, even where many others run. */
const longestStart = 1_500;

test("two processes migrate an empty database at once: one of them does it, both serve, and they run no PostgreSQL of their own", {
  tags: ["long"],
}, async () => {
  for (let round = 0; round < rounds; round += 1) {
    await using database = await createEmptyDatabase();
    await using installation = await createInstallation({ DATABASE_URL: database.url });
    const services = await Promise.all([installation.start(), installation.start()]);
    await expectOneMigration(database.url);
    expect(await readdir(installation.dataDir)).toEqual(["secret"]);
    expect(await installation.findPostgres()).toBeUndefined();
    const { pathname, host } = new URL(database.url);
    for (const service of services) {
      expect(service.log()[0]).toMatchObject({ database: `PostgreSQL at ${host}${pathname}` });
    }
    await expectAllServe(database.url, services);
  }
});

test.runIf(isLong)("one of two processes is killed while they migrate: the other one does it by itself", () =>
  withDice(async (dice) => {
    for (let round = 0; round < rounds; round += 1) {
      await using database = await createEmptyDatabase();
      await using installation = await createInstallation({ DATABASE_URL: database.url });
      const killed = installation.launch();
      const starting = installation.start();
      await pause(dice.between(0, longestStart));
      killed.signal("SIGKILL");
      const service = await starting;
      await expectOneMigration(database.url);
      await expectAllServe(database.url, [service]);
    }
  }),
);

test(
  `a migration of a first release's database is killed ${kills === 1 ? "once" : `${kills} times`} in its midst: the next one ends, and the schema is this release's`,
  { tags: ["long"] },
  () =>
    withDice(async (dice) => {
      await using first = await createEmptyDatabase();
      await makeFirstSchema(first.url, atLength(100_000, 2_000));
      const longest = isLong ? await timeMigration(first.url) : longestStart;
      for (let round = 0; round < rounds; round += 1) {
        await using database = await copyDatabase(first.url);
        await using installation = await createInstallation({ DATABASE_URL: database.url });
        for (let kill = 0; kill < kills; kill += 1) {
          const migrating = await startMigration(installation, database.url);
          await pause(dice.between(0, longest));
          migrating.signal("SIGKILL");
          await migrating.outcome;
        }
        expect(await installation.run(["migrate"])).toMatchObject({ code: 0, stderr: "" });
        await expectSnapshot(database.url);
      }
    }),
);

/** The schema of the first release, with people and what they did. */
async function makeFirstSchema(url: string, people: number): Promise<void> {
  const auth = createAuth({ connectionString: url }, { secret: testSecret });
  await auth.migrate({
    only: [
      "0001-users-sessions-keys",
      "0002-permissions-and-codes",
      "0003-audit-order",
      "0004-throttles",
      "0005-code-issuers",
      "0006-ordered-lists",
    ],
  });
  await auth.close();
  await queryOnce(
    { connectionString: url },
    `insert into latchkey.users (id, username, username_key, password)
      select gen_random_uuid(), 'user' || n, 'user' || n, '!' from generate_series(1, $1::int) n`,
    [people],
  );
}

/** Milliseconds that a copy of a database is migrated in when nobody kills it, from when that is at work. */
async function timeMigration(first: string): Promise<number> {
  await using database = await copyDatabase(first);
  await using installation = await createInstallation({ DATABASE_URL: database.url });
  const migrating = await startMigration(installation, database.url);
  const startedAt = performance.now();
  expect(await migrating.outcome).toMatchObject({ code: 0 });
  return performance.now() - startedAt;
}

/** A migration that has just come to its database. */
async function startMigration(installation: Installation, url: string): Promise<Program> {
  const migrating = installation.launchCommand(["migrate"]);
  // One connection, and to another database: it asks until it is so.
  const elsewhere = new URL("postgres", url);
  const watcher = new pg.Client({ connectionString: elsewhere.href });
  await watcher.connect();
  const names = [new URL(url).pathname.slice(1)];
  const isAtWork = async () =>
    (await watcher.query("select from pg_stat_activity where datname = $1", names)).rows.length > 0;
  await until(async () => !migrating.isRunning() || (await isAtWork()));
  await watcher.end();
  return migrating;
}

/** Column for column and index for index, each of which is whole. */
async function expectSnapshot(url: string): Promise<void> {
  const storage = openStorage({ connectionString: url });
  const schema = await describeSchema(storage.db).finally(() => storage.close());
  const snapshot = new URL("../../../../packages/auth/src/storage/schema.snapshot.sql", import.meta.url);
  expect(schema).toBe(await readFile(snapshot, "utf8"));
  const invalid = "select indexrelid::regclass::text as index from pg_index where not indisvalid";
  expect(await queryOnce({ connectionString: url }, invalid)).toEqual([]);
}

/** Every migration is noted once, and all of them by one transaction; there is one key. */
async function expectOneMigration(url: string): Promise<void> {
  const [migrated] = await queryOnce(
    { connectionString: url },
    `select count(*)::int as migrations, count(distinct name)::int as names, count(distinct xmin::text)::int as transactions
      from latchkey.kysely_migration`,
  );
  expect(migrated).toEqual({ migrations: migrated?.names, names: expect.any(Number), transactions: 1 });
  expect(migrated?.names).toBeGreaterThan(2);
  expect(await queryOnce({ connectionString: url }, "select from latchkey.signing_keys")).toHaveLength(1);
}

/** Whoever signs in at one is known at all of them. */
async function expectAllServe(url: string, services: readonly Service[]): Promise<void> {
  using crowd = await createCrowd({ connectionString: url }, 1, { url: "" });
  const [person] = crowd.people;
  for (const { url: here } of services) {
    crowd.door.url = here;
    expect(await person?.signIn()).toMatchObject({ status: 200 });
    for (const { url: there } of services) {
      crowd.door.url = there;
      expect(await person?.read()).toMatchObject({ status: 200 });
    }
  }
  for (const service of services) {
    expect(await service.stop()).toMatchObject({ code: 0 });
    expectCleanOutput(service, crowd, [new URL(url).password]);
  }
}
