import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstallation, type Installation, isRunning, type Service } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import type { Dice } from "../sessions/seeded-random.ts";
import {
  type Crowd,
  createCrowd,
  expectNothingLost,
  expectToGoOn,
  expectUnavailable,
  forCrowds,
} from "./load-clients.ts";
import { expectCleanOutput, findDefects } from "./output.ts";
import { atLength, isLong, withDice } from "./run-length.ts";

/** Of each kind: thirty in all. */
const rounds = atLength(10, 1);
/** Milliseconds of work after which the blow comes, at most. */
const longestWork = 700;
/** Milliseconds that a start takes, about. */
const longestStart = 1_500;

/** One installation, whose service is another one after every kill. */
interface Scene {
  readonly installation: Installation;
  readonly crowd: Crowd;
  service: Service;
}

let scene: Scene;
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

beforeAll(async () => {
  const installation = stack.use(await createInstallation(forCrowds));
  const service = await installation.start();
  const crowd = stack.use(await createCrowd(await installation.findConnection(), 5, service));
  scene = { installation, crowd, service };
});

describe(`kill -9 at ${rounds} random moments of each kind under writes loses nothing that was acknowledged, and each start comes up by itself`, () => {
  const victims: [what: string, kill: (dice: Dice) => Promise<void>][] = [
    ["of both at once, and of a service that is just starting", killBoth],
    ["of the embedded PostgreSQL, which the service brings back", killPostgres],
    ["of the service", killService],
  ];

  // In short, the others are left to the first.
  test.each(isLong ? victims : victims.slice(0, 1))("%s", (_what, kill) =>
    withDice(async (dice) => {
      for (let round = 0; round < rounds; round += 1) await playRound(dice, kill);
      await expectToGoOn(scene.crowd);
    }),
  );
});

async function playRound(dice: Dice, kill: (dice: Dice) => Promise<void>): Promise<void> {
  const { crowd, installation, service: killed } = scene;
  await using work = crowd.work(dice);
  await pause(dice.between(0, longestWork));
  await kill(dice);
  const upAt = performance.now();
  const served = () => new Set(crowd.since(upAt).flatMap(({ username, status }) => (status === 200 ? [username] : [])));
  await until(() => served().size === crowd.people.length);
  await work.stop();
  await expectNothingLost(crowd, await installation.findConnection());
  expectUnavailable(crowd.seen.filter(({ status }) => status !== 200 && status !== 0));
  expect(findDefects(killed)).toEqual([]);
  expectCleanOutput(killed, crowd);
}

async function killService(dice: Dice): Promise<void> {
  await scene.service.stop("SIGKILL");
  await startAgain(dice);
}

/** The service goes on, and tells whoever calls meanwhile. */
async function killPostgres(): Promise<void> {
  await killPostgresOf(scene.installation);
  expect(scene.service.isRunning()).toBe(true);
}

async function killBoth(dice: Dice): Promise<void> {
  await Promise.all([scene.service.stop("SIGKILL"), killPostgresOf(scene.installation)]);
  await startAgain(dice);
}

async function killPostgresOf(installation: Installation): Promise<void> {
  const pid = await installation.findPostgres();
  if (pid === undefined) throw new Error("PostgreSQL does not run");
  process.kill(pid, "SIGKILL");
  await until(async () => !(await isRunning(pid)));
}

/** Every third time, one is killed while it starts. */
async function startAgain(dice: Dice): Promise<void> {
  const { installation, crowd } = scene;
  if (dice.roll() < 1 / 3) {
    const doomed = installation.launch();
    await pause(dice.between(0, longestStart));
    doomed.signal("SIGKILL");
    await doomed.outcome;
  }
  scene.service = await installation.start();
  Object.assign(crowd.door, { url: scene.service.url, pid: scene.service.pid });
}
