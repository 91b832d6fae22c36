import { performance } from "node:perf_hooks";
import { expect, test } from "vitest";
import { createInstallation } from "../processes/installation.ts";
import { until } from "../processes/program.ts";
import { createCrowd, expectNothingLost, expectUnavailable } from "./crowd.ts";
import { expectCleanOutput, findDefects } from "./output.ts";
import { startOwnPostgres } from "./own-postgres.ts";
import { atLength, withDice } from "./rounds.ts";

const rounds = atLength(20, 1);

test("a restart of PostgreSQL under load: `unavailable` meanwhile, service within 2 seconds of its return, and nothing lost", () =>
  withDice(async (dice) => {
    await using postgres = await startOwnPostgres();
    await using database = await postgres.createDatabase();
    await using installation = await createInstallation({ DATABASE_URL: database.url });
    const service = await installation.start();
    const connection = { connectionString: database.url };
    using crowd = await createCrowd(connection, 6, service.url);

    const stopWork = crowd.work(dice);
    for (let round = 0; round < rounds; round += 1) {
      const before = crowd.seen().length;
      await until(() => crowd.seen().length > before + dice.between(50, 200));
      await postgres.stop();
      const stoppedAt = performance.now();
      const refusals = () => crowd.seen().filter(({ at, status }) => at > stoppedAt && status !== 200);
      await until(() => refusals().length >= 20);
      await postgres.start();
      const returnedAt = performance.now();
      const findSuccess = () => crowd.seen().find(({ at, status }) => at > stoppedAt && status === 200);
      await until(() => findSuccess() !== undefined);
      expect((findSuccess()?.at ?? 0) - returnedAt).toBeLessThan(2_000);
    }
    await stopWork();

    expectUnavailable(crowd.seen().filter(({ status }) => status !== 200));
    await expectNothingLost(crowd, connection);
    expect(findDefects(service)).toEqual([]);
    expect(await service.stop()).toMatchObject({ code: 0 });
    expectCleanOutput(service, crowd, [new URL(database.url).password]);
  }));
