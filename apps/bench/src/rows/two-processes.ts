import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import type { Bench, Visitors } from "../bench.ts";
import type { HashingAnswers } from "../hashing/process.ts";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import { compare, type Target } from "../measurement.ts";
import type { Child } from "../processes/processes.ts";
import { password } from "../seeding/seed.ts";
import { summariseRatios } from "../statistics.ts";
import type { Row } from "./row.ts";

/** How many times as many hashes two cores make as one, from which on the machine counts as having two cores free. */
const freeCores = 1.9;

/** Cores from which on two of them are left for two workers while others make the calls and run PostgreSQL. */
const coresForCalls = 4;

/** Sign-ins and calls of a service of two workers on two cores against those of one process on one core. */
export const twoProcesses: Row = {
  name: "two-processes",
  async measure(bench) {
    const cores = await findCores();
    if (!cores) {
      bench.say("skips two processes: it takes Linux, two cores and taskset");
      return [];
    }
    const { signIns, repetitions } = bench.sizes;
    const [one, two] = await Promise.all([openDoor(bench, cores.slice(0, 1)), openDoor(bench, cores)]);
    const figures = await interleave(repetitions, {
      reference: () => one.signIn(signIns / 2),
      measured: () => two.signIn(signIns),
    });
    const called = await interleave(repetitions, { reference: one.call, measured: two.call });
    await Promise.all([one.close(), two.close()]);
    const bare = await measureBareHashes(bench, cores);
    const target: Target = bare >= freeCores ? { atLeast: 1.8 } : null;
    const note = `bare hashes: ${bare.toFixed(2)} times as many${target ? "" : "; the cores are not free, so nothing is asked"}`;
    const what = "WORKERS=2 on two cores against one process on one";
    const isRoomForCalls = target !== null && availableParallelism() >= coresForCalls;
    const noteOfCalls = isRoomForCalls
      ? note
      : "those who call and PostgreSQL need the same cores, so nothing is asked";
    return [
      compare(
        { row: "two-processes", what: `${what}: sign-ins`, unit: "sign-ins/s", target, note },
        figures,
        (rate) => rate,
      ),
      compare(
        {
          ...{ row: "two-processes", what: `${what}: me.get`, unit: "calls/s", note: noteOfCalls },
          target: isRoomForCalls ? target : null,
        },
        called,
        (rate) => rate,
      ),
    ];
  },
};

const addUp = (rates: readonly number[]) => rates.reduce((sum, rate) => sum + rate, 0);

/** Two cores that this process may use, where processes can be held to one. */
async function findCores(): Promise<readonly [number, number] | null> {
  if (availableParallelism() < 2) return null;
  const listed = await promisify(execFile)("taskset", ["--cpu-list", "--pid", String(process.pid)]).catch(() => null);
  const [first, second] = (listed?.stdout.split(":").at(-1)?.match(/\d+/g) ?? []).map(Number);
  return first === undefined || second === undefined ? null : [first, second];
}

interface Door {
  signIn(count: number): Promise<number>;
  /** Calls with a token, as many as are answered. */
  call(): Promise<number>;
  close(): Promise<void>;
}

async function openDoor(bench: Bench, cores: readonly number[]): Promise<Door> {
  const { connection, usernames, take } = await bench.places.everyday();
  const { crowd: connections, seconds, warmUp } = bench.sizes;
  const variables = { WORKERS: String(cores.length) };
  const service = await bench.startService({ connection, cores, variables });
  const plan = { kind: "signIn", usernames, password } as const;
  const crowd: Visitors = await bench.invite({ url: service.url, connections: 4 * cores.length, plan });
  const tokens = take(connections).map(({ token }) => token);
  const callers = await bench.invite({
    url: service.url,
    connections,
    plan: { kind: "get", path: "/trpc/me.get", tokens },
  });
  return {
    call: async () => requireAnswered(await callers.run({ seconds, warmUp })).perSecond,
    signIn: async (count) => requireAnswered(await crowd.run({ calls: count })).perSecond,
    close: async () => {
      await Promise.all([crowd.close(), callers.close()]);
      await service.child.stop();
    },
  };
}

async function measureBareHashes(bench: Bench, cores: readonly [number, number]): Promise<number> {
  const { cost, signIns } = bench.sizes;
  const [one, two] = await Promise.all([
    bench.startHashing({ cores: [cores[0]] }),
    bench.startHashing({ cores: [cores[1]] }),
  ]);
  const run = (child: Child<HashingAnswers>) =>
    child.ask("run", { cost, hashes: Math.ceil(signIns / 4), concurrency: 1 });
  const { measured, reference } = await interleave(3, {
    reference: () => run(one),
    measured: async () => addUp(await Promise.all([run(one), run(two)])),
  });
  await Promise.all([one.stop(), two.stop()]);
  return summariseRatios(measured, reference).median;
}
