import { setTimeout as sleep } from "node:timers/promises";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import { compare } from "../measurement.ts";
import { password } from "../seeding/seed.ts";
import type { Row } from "./row.ts";

/** Calls a second of the traffic whose latency is read: a busy day's, and a small part of what the service can do. */
const callsPerSecond = 200;

/** Authenticated calls while far too many people want to sign in, against the same calls while nobody does. */
export const latency: Row = {
  name: "latency",
  async measure(bench) {
    const { service, usernames, take } = await bench.places.everyday();
    const { url } = service;
    const { repetitions, seconds, warmUp, signIns, crowd: connections } = bench.sizes;
    const tokens = take(connections).map(({ token }) => token);
    const me = await bench.invite({ url, connections, plan: { kind: "get", path: "/trpc/me.get", tokens } });
    const doors = await bench.invite({ url, connections: 128, plan: { kind: "signIn", usernames, password } });
    const capacity = requireAnswered(await doors.run({ calls: signIns })).perSecond;
    const probe = { perSecond: callsPerSecond, seconds: seconds * 2, warmUp };
    const settle = seconds / 2;
    const figures = await interleave(Math.min(5, repetitions), {
      reference: async () => requireAnswered(await me.run(probe)).p99,
      async measured() {
        const rush = doors.run({ perSecond: capacity * 3, seconds: settle + probe.seconds + warmUp, warmUp: 0 });
        // Until as many wait as may wait, and others are turned away.
        await sleep(settle * 1000);
        const { p99 } = requireAnswered(await me.run(probe));
        await rush;
        return p99;
      },
    });
    await Promise.all([me.close(), doors.close()]);
    const what = "me.get while sign-ins come at 3 times capacity, against idle: p99";
    const note = `${callsPerSecond} calls/s; ${capacity.toFixed(1)} sign-ins/s is capacity`;
    return [compare({ row: "latency", what, unit: "ms", target: { atMost: 3 }, note }, figures, (figure) => figure)];
  },
};
