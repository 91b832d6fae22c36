import { readdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { createEmptyDatabase, queryOnce } from "../processes/external-database.ts";
import { createInstallation, type Service } from "../processes/installation.ts";
import { createCrowd } from "./load-clients.ts";
import { expectCleanOutput } from "./output.ts";
import { atLength, isLong, withDice } from "./run-length.ts";

const rounds = atLength(8, 1);
/** Milliseconds after its start in which a process has migrated, even where many others run. */
const longestStart = 1_500;

test("two processes migrate an empty database at once: one of them does it, both serve, and they run no PostgreSQL of their own", async () => {
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
  using crowd = await createCrowd({ connectionString: url }, 1, "");
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
