import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Visitors } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import type { Crowd, Outcome } from "../load/plan.ts";
import { compare, type Measurement } from "../measurement.ts";
import type { Row } from "./row.ts";

/** Calls of a batch: as many as the service takes. */
const calls = 20;

/** Authenticated calls while somebody else floods the service, against the same calls while nobody does. */
export const hostile: Row = {
  name: "hostile",
  async measure(bench) {
    const { service, usernames, take } = await bench.places.everyday();
    const { url } = service;
    const connections = 16;
    const people = take(connections + 1);
    const tokens = people.slice(1).map(({ token }) => token);
    const others = await bench.invite({ url, connections, plan: { kind: "get", path: "/trpc/me.get", tokens } });
    const floods: Record<string, Crowd> = {
      "50 connections send batches of made-up tokens": {
        ...{ url, connections: 50, isTogether: true },
        plan: { kind: "forge", calls, token: people[0]?.token ?? "" },
      },
      "50 connections send batches of sign-ins": {
        ...{ url, connections: 50, isTogether: true },
        plan: { kind: "guess", calls },
      },
      "40 connections sign in by one name": {
        ...{ url, connections: 40 },
        plan: { kind: "signIn", usernames: usernames.slice(-1), password: "not the password" },
      },
    };
    const measurements: Measurement[] = [];
    for (const [what, crowd] of Object.entries(floods)) {
      const flood = await bench.inviteApart(crowd);
      measurements.push(await measureDuring(bench, others, { what, flood }));
      await flood.close();
    }
    await others.close();
    return measurements;
  },
};

interface Flood {
  readonly what: string;
  readonly flood: Visitors;
}

async function measureDuring(bench: Bench, others: Visitors, { what, flood }: Flood): Promise<Measurement> {
  const { repetitions, seconds, warmUp } = bench.sizes;
  const settle = seconds / 2;
  const sent: Outcome[] = [];
  const figures = await interleave(Math.min(5, repetitions), {
    reference: async () => requireAnswered(await others.run({ seconds, warmUp })).p99,
    async measured() {
      const flooding = flood.run({ seconds: settle + seconds + warmUp, warmUp: 0 });
      const outcome = await sleep(settle * 1000).then(() => others.run({ seconds, warmUp }));
      sent.push(await flooding);
      return requireAnswered(outcome).p99;
    },
  });
  const requests = Math.round(sent.reduce((sum, { perSecond }) => sum + perSecond, 0) / sent.length);
  const comparison = {
    ...{ row: "hostile", what: `me.get while ${what}, against idle: p99`, unit: "ms" },
    ...{ target: { atMost: 3 }, note: `${requests} requests/s of the flood were answered` },
  };
  return compare(comparison, figures, (figure) => figure);
}
