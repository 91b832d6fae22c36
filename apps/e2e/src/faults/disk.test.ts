import { performance } from "node:perf_hooks";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { queryOnce } from "../processes/external-database.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import type { Dice } from "../sessions/seeded-random.ts";
import { findObstacle, mountSmallDisk, type SmallDisk } from "./disk.ts";
import {
  type Crowd,
  createCrowd,
  expectNothingLost,
  expectToGoOn,
  expectUnavailable,
  forCrowds,
} from "./load-clients.ts";
import { expectCleanOutput, findDefects } from "./output.ts";
import { startStopwatch } from "./processor-time.ts";
import { atLength, isLong, withDice } from "./run-length.ts";

const rounds = atLength(5, 1);
/** Room for a new database and little more. */
const megabytes = 100;

const obstacle = await findObstacle();
if (obstacle) console.warn(`NO FULL DISK IS TRIED HERE: ${obstacle}.`);

describe.skipIf(obstacle)("the disk of the data folder", { tags: ["long"] }, () => {
  let disk: SmallDisk;
  let installation: Installation;

  beforeAll(async () => {
    const mount = async (dataDir: string) => {
      disk = await mountSmallDisk(dataDir, megabytes);
      return disk;
    };
    installation = await createInstallation(forCrowds, { mount });
  });

  afterAll(() => installation?.[Symbol.asyncDispose]());

  const expectRefusedStart = async () => {
    await disk.fill();
    const { code, stdout, stderr } = await installation.launch().outcome;
    await disk.empty();
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/^latchkey: [^\n]*No space left on device[^\n]*\n$/);
    expect(stderr).toContain(installation.dataDir);
  };

  test("is full at the first start: one line says so", () => expectRefusedStart());

  test("fills up under load: writes are `unavailable`, reads go on, nothing is lost, and with room all is well again", () =>
    withDice(async (dice) => {
      await using scene = await setScene(installation, dice);
      const { crowd } = scene;
      for (let round = 0; round < rounds; round += 1) {
        const before = crowd.seen.length;
        const calls = dice.between(20, 100);
        await until(() => crowd.seen.length > before + calls);
        await disk.fill();
        await untilWritesAreRefused(scene);
        await disk.empty();
        expect(await measureReturn(scene)).toBeLessThan(isLong ? 60_000 : 2_000);
      }
      await scene.expectWell();
    }));

  // It waits for PostgreSQL to try again, several times.
  test.runIf(isLong)(
    "is so full that PostgreSQL ends: all is `unavailable`, and with room it comes back by itself",
    () =>
      withDice(async (dice) => {
        await using scene = await setScene(installation, dice);
        await disk.fill();
        await expect(writeAheadLog(await installation.findConnection())).rejects.toThrow("No space left on device");
        await scene.service.untilLogged(lostPostgres);
        await disk.empty();
        expect(await measureReturn(scene)).toBeLessThan(60_000);
        await scene.expectWell();
      }),
  );

  test.runIf(isLong)("is full at a later start: one line says so, and with room the next one comes up", async () => {
    await expectRefusedStart();
    expect(await (await installation.start()).stop()).toMatchObject({ code: 0 });
  });
});

const lostPostgres = "The embedded PostgreSQL is gone; bringing it back.";

interface Scene extends AsyncDisposable {
  readonly service: Service;
  readonly crowd: Crowd;
  /** Stops everybody, and looks whether all is as they were told. */
  expectWell(): Promise<void>;
}

/** A service and people at work. */
async function setScene(installation: Installation, dice: Dice): Promise<Scene> {
  const service = await installation.start();
  const connection = await installation.findConnection();
  await queryOnce(connection, "delete from latchkey.users");
  const crowd = await createCrowd(connection, 5, service);
  const work = crowd.work(dice);
  return {
    service,
    crowd,
    async expectWell() {
      await work.stop();
      expectUnavailable(crowd.seen.filter(({ status }) => status !== 200));
      await expectNothingLost(crowd, connection);
      await expectToGoOn(crowd);
      expect(findDefects(service)).toEqual([]);
      expect(await service.stop()).toMatchObject({ code: 0 });
      expectCleanOutput(service, crowd);
    },
    async [Symbol.asyncDispose]() {
      await work.stop();
      crowd[Symbol.dispose]();
    },
  };
}

/** Waits until many writes have been refused, and some reads have been answered after the first of them. */
async function untilWritesAreRefused({ crowd, service }: Scene): Promise<void> {
  const fullAt = performance.now();
  const countLosses = () => service.stdout().split(lostPostgres).length;
  const lossesBefore = countLosses();
  await until(() => {
    const seen = crowd.since(fullAt);
    const refused = seen.filter(({ status }) => status === 503);
    const readSince = seen.filter(
      ({ at, procedure, status }) => isRead(procedure) && status === 200 && at > (refused[0]?.at ?? at),
    );
    // Once in a while there is no room for more of PostgreSQL's own log, and it ends.
    return refused.length >= 20 && (readSince.length >= 5 || countLosses() > lossesBefore);
  });
}

const isRead = (procedure: string) => procedure === "me.get";

/** Milliseconds of a machine at rest until a write is taken again. */
async function measureReturn({ crowd, service }: Scene): Promise<number> {
  const emptyAt = performance.now();
  const stopwatch = startStopwatch(service.pid);
  await until(() => crowd.since(emptyAt).some(({ status, procedure }) => status === 200 && !isRead(procedure)));
  return stopwatch();
}

/** Makes PostgreSQL write ahead what nobody needs, until there is no room for more of it. */
async function writeAheadLog(connection: pg.ClientConfig): Promise<never> {
  const client = new pg.Client(connection);
  client.on("error", () => {});
  await client.connect();
  for (;;) await client.query("select pg_logical_emit_message(true, 'test', repeat('x', 1000000))");
}
