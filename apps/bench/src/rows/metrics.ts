import type { Bench } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { visit } from "../load/processor-time.ts";
import { compare } from "../measurement.ts";
import { findFreePort } from "../service/service.ts";
import type { Row } from "./row.ts";

/**
 * A service that counts what it answers, against the same without, in processor time: of two services that take turns, calls a second
 * say by a tenth what a hundredth is asked of.
 */
export const metrics: Row = {
  name: "metrics",
  async measure(bench) {
    const tokens = (await bench.places.everyday()).take(bench.sizes.crowd).map(({ token }) => token);
    const counted = await open(bench, { METRICS_PORT: String(await findFreePort()) }, tokens);
    const bare = await open(bench, {}, tokens);
    const sides = { measured: counted.call, reference: bare.call };
    const figures = await interleave(bench.sizes.repetitions * 2, sides);
    await Promise.all([counted.close(), bare.close()]);
    const what = "me.get with METRICS_PORT against without: processor time";
    const comparison = { row: "metrics", what, unit: "µs", target: { atMost: 1.03 } } as const;
    return [compare(comparison, figures, ({ microseconds }) => microseconds)];
  },
};

async function open(bench: Bench, variables: Readonly<Record<string, string>>, tokens: readonly string[]) {
  const { connection } = await bench.places.everyday();
  const { url, child } = await bench.startService({ connection, variables });
  const usage = () => child.ask("usage", { settle: false });
  return { call: await visit(bench, { url, usage }, { path: "/trpc/me.get", tokens }), close: child.stop };
}
