import type { Bench } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import { compare, type Measurement } from "../measurement.ts";
import type { Row } from "./row.ts";

/** An authenticated call against one that does nothing, in the same process. */
export const calls: Row = {
  name: "calls",
  async measure(bench) {
    const measurements: Measurement[] = [];
    for (const connections of bench.sizes.connections) measurements.push(...(await measureWith(bench, connections)));
    return measurements;
  },
};

async function measureWith(bench: Bench, connections: number): Promise<Measurement[]> {
  const { service, take } = await bench.places.everyday();
  const tokens = take(connections).map(({ token }) => token);
  const { url } = service;
  const me = await bench.invite({ url, connections, plan: { kind: "get", path: "/trpc/me.get", tokens } });
  const noop = await bench.invite({ url, connections, plan: { kind: "get", path: "/trpc/bench.noop" } });
  const { repetitions, seconds, warmUp } = bench.sizes;
  const figures = await interleave(repetitions, {
    measured: async () => requireAnswered(await me.run({ seconds, warmUp })),
    reference: async () => requireAnswered(await noop.run({ seconds, warmUp })),
  });
  await Promise.all([me.close(), noop.close()]);
  const what = `me.get against a no-op, ${connections} connections`;
  return [
    compare({ row: "calls", what, unit: "calls/s", target: { atLeast: 0.7 } }, figures, (outcome) => outcome.perSecond),
    compare(
      { row: "calls", what: `${what}: p99`, unit: "ms", target: { atMost: 2 } },
      figures,
      (outcome) => outcome.p99,
    ),
  ];
}
