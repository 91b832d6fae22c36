import { setTimeout as sleep } from "node:timers/promises";
import { requireAnswered } from "../load/answered.ts";
import { compare } from "../measurement.ts";
import { password } from "../seeding/seed.ts";
import type { Service } from "../service/service.ts";
import type { Row } from "./row.ts";

/** One of the mixed calls has a forged token. */
const expected = [200, 401];

/** What the process holds in memory after many calls of all kinds, against after fewer: whether it grows without end. */
export const memory: Row = {
  name: "memory",
  async measure(bench) {
    const { connection, usernames, take } = await bench.places.everyday();
    const { callsBefore, callsAfter, repetitions, crowd: connections } = bench.sizes;
    const service = await bench.startService({ connection, flags: ["--expose-gc"] });
    const plan = { kind: "mixed", people: take(connections), usernames, password } as const;
    const crowd = await bench.invite({ url: service.url, connections, plan });
    requireAnswered(await crowd.run({ calls: callsBefore }), expected);
    const reference = await readMemory(service, repetitions);
    requireAnswered(await crowd.run({ calls: callsAfter - callsBefore }), expected);
    const measured = await readMemory(service, repetitions);
    await crowd.close();
    await service.child.stop();
    const [after, before] = [callsAfter, callsBefore].map((calls) => calls.toLocaleString("en"));
    const what = `memory after ${after} mixed calls against after ${before}`;
    const note = "one pass, read several times";
    const comparison = { row: "memory", what, unit: "MB", target: { atMost: 1.15 }, note };
    return [compare(comparison, { measured, reference }, (megabytes) => megabytes)];
  },
};

async function readMemory({ child }: Service, readings: number): Promise<number[]> {
  const megabytes: number[] = [];
  for (let reading = 0; reading < readings; reading++) {
    const { memoryBytes } = await child.ask("usage", { settle: true });
    megabytes.push(memoryBytes / 1e6);
    await sleep(100);
  }
  return megabytes;
}
