import { setTimeout as sleep } from "node:timers/promises";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import { compare } from "../measurement.ts";
import { password } from "../seeding/seed.ts";
import type { Row } from "./row.ts";

/** Authenticated calls while far too many people want to sign in, against the same calls while nobody does. */
export const latency: Row = {
  name: "latency",
  async measure(bench) {
    const { service, usernames, take } = await bench.places.everyday();
    const { url } = service;
    const { repetitions, seconds, warmUp, signIns, crowd, traffic } = bench.sizes;
    // So many that none of the calls has to wait for one, however slow the service becomes.
    const connections = crowd * 4;
    const tokens = take(connections).map(({ token }) => token);
    const me = await bench.invite({ url, connections, plan: { kind: "get", path: "/trpc/me.get", tokens } });
    const doors = await bench.invite({ url, connections: 128, plan: { kind: "signIn", usernames, password } });
    const capacity = requireAnswered(await doors.run({ calls: signIns })).perSecond;
    const probe = { perSecond: traffic, seconds: seconds * 2, warmUp };
    const settle = seconds / 2;
    const figures = await interleave(Math.min(5, repetitions), {
      reference: async () => requireAnswered(await me.run(probe)).p99,
      async measured() {
        const rush = doors.run({ perSecond: capacity * 3, seconds: settle + probe.seconds + warmUp, warmUp: 0 });
        const calls = sleep(settle * 1000).then(() => me.run(probe));
        // The rush is over when the last of those who wait for their turn has had it.
        const [outcome] = await Promise.all([calls, rush]);
        return requireAnswered(outcome).p99;
      },
    });
    await Promise.all([me.close(), doors.close()]);
    const what = "me.get while sign-ins come at 3 times capacity, against idle: p99";
    const note = `${traffic} calls/s; ${capacity.toFixed(1)} sign-ins/s is capacity`;
    return [compare({ row: "latency", what, unit: "ms", target: { atMost: 3 }, note }, figures, (figure) => figure)];
  },
};
