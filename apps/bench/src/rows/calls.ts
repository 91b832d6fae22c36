import type { Bench } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import type { Outcome } from "../load/plan.ts";
import { compare, type Measurement } from "../measurement.ts";
import type { Row } from "./row.ts";

/** An authenticated call against one that does nothing, and against one that asks the database one thing, in the same process. */
export const calls: Row = {
  name: "calls",
  async measure(bench) {
    const measurements: Measurement[] = [];
    for (const connections of bench.sizes.connections) measurements.push(...(await measureWith(bench, connections)));
    return measurements;
  },
};

/** What `me.get` must reach of the calls a second of a procedure that does nothing. Fewer connections share each of its queries: decision 108. */
const ofNoop = (connections: number) => (connections < 64 ? 0.5 : 0.7);

/** The same of a procedure that asks the database one thing, by a query of its own. */
const ofRead = (connections: number) => (connections < 64 ? 0.7 : 1);

async function measureWith(bench: Bench, connections: number): Promise<Measurement[]> {
  const { service, take } = await bench.places.everyday();
  const tokens = take(connections).map(({ token }) => token);
  const { url } = service;
  const invite = (path: string, own?: readonly string[]) =>
    bench.invite({ url, connections, plan: { kind: "get", path, ...(own && { tokens: own }) } });
  const crowds = {
    me: await invite("/trpc/me.get", tokens),
    noop: await invite("/trpc/bench.noop"),
    read: await invite("/trpc/bench.read"),
  };
  const { repetitions, seconds, warmUp } = bench.sizes;
  const figures = await interleave(repetitions, {
    me: async () => requireAnswered(await crowds.me.run({ seconds, warmUp })),
    noop: async () => requireAnswered(await crowds.noop.run({ seconds, warmUp })),
    read: async () => requireAnswered(await crowds.read.run({ seconds, warmUp })),
  });
  await Promise.all(Object.values(crowds).map((crowd) => crowd.close()));
  const { me, noop, read } = figures;
  const hold = (what: string, reference: readonly Outcome[], target: { readonly atLeast: number }) => [
    compare({ row: "calls", what, unit: "calls/s", target }, { measured: me, reference }, ({ perSecond }) => perSecond),
    compare(
      { row: "calls", what: `${what}: p99`, unit: "ms", target: { atMost: 2 } },
      { measured: me, reference },
      ({ p99 }) => p99,
    ),
  ];
  return [
    ...hold(`me.get against a no-op, ${connections} connections`, noop, { atLeast: ofNoop(connections) }),
    ...hold(`me.get against a call that asks the database, ${connections} connections`, read, {
      atLeast: ofRead(connections),
    }),
  ];
}
