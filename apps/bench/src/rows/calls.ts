import { startBare } from "../bare/start.ts";
import type { Bench } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import type { Outcome, Plan } from "../load/plan.ts";
import { compare, type Measurement, type Target } from "../measurement.ts";
import type { Row } from "./row.ts";

/**
 * An authenticated call against a procedure that does nothing in a tRPC server as its documentation begins, and against one of the same
 * process that asks the database one thing. What it is of one of the same process that does nothing is told besides: decision 192.
 */
export const calls: Row = {
  name: "calls",
  async measure(bench) {
    const trpc = await startBare(bench, "trpc");
    const measurements: Measurement[] = [];
    for (const connections of bench.sizes.connections) {
      measurements.push(...(await measureWith(bench, connections, trpc.url)));
    }
    await trpc.stop();
    return measurements;
  },
};

const ofTrpc = { atLeast: 0.7 };

/** What `me.get` must reach of the calls a second of one that reads by a query of its own. Fewer connections share each of its queries: decision 108. */
const ofRead = (connections: number) => ({ atLeast: connections < 64 ? 0.7 : 1 });

async function measureWith(bench: Bench, connections: number, trpcUrl: string): Promise<Measurement[]> {
  const { service, take } = await bench.places.everyday();
  const tokens = take(connections).map(({ token }) => token);
  const invite = (url: string, path: string, own?: readonly string[]) => {
    const plan: Plan = { kind: "get", path, ...(own && { tokens: own }) };
    return bench.invite({ url, connections, plan });
  };
  const crowds = {
    me: await invite(service.url, "/trpc/me.get", tokens),
    trpc: await invite(trpcUrl, "/noop"),
    noop: await invite(service.url, "/trpc/bench.noop"),
    read: await invite(service.url, "/trpc/bench.read"),
  };
  const { turns, turn } = bench.sizes;
  const run = (name: keyof typeof crowds) => async () => requireAnswered(await crowds[name].run(turn));
  const figures = await interleave(turns, {
    me: run("me"),
    trpc: run("trpc"),
    noop: run("noop"),
    read: run("read"),
  });
  await Promise.all(Object.values(crowds).map((crowd) => crowd.close()));
  const measured = figures.me;
  const tell = (what: string, reference: readonly Outcome[], target: Target) =>
    compare({ row: "calls", what, unit: "calls/s", target }, { measured, reference }, ({ perSecond }) => perSecond);
  const tellSlowest = (what: string, reference: readonly Outcome[]) =>
    compare(
      { row: "calls", what: `${what}: p99`, unit: "ms", target: { atMost: 2 } },
      { measured, reference },
      ({ p99 }) => p99,
    );
  const against = (what: string) => `me.get against ${what}, ${connections} connections`;
  const [ofServer, ofCall] = [against("a no-op of a bare tRPC server"), against("a call that asks the database")];
  return [
    tell(ofServer, figures.trpc, ofTrpc),
    tellSlowest(ofServer, figures.trpc),
    tell(ofCall, figures.read, ofRead(connections)),
    tellSlowest(ofCall, figures.read),
    tell(against("the service's own no-op"), figures.noop, null),
  ];
}
