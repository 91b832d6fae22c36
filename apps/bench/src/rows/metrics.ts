import type { Bench } from "../bench.ts";
import { type Interleaved, interleave } from "../interleave.ts";
import { type Figure, visit } from "../load/processor-time.ts";
import { compare } from "../measurement.ts";
import { findFreePort } from "../service/service.ts";
import type { Row } from "./row.ts";

/**
 * A service that counts what it answers, against the same without, in processor time: of two services that take turns, calls a second
 * say by a tenth what a hundredth is asked of. Of two processes of one program one takes some hundredths more than the other as well, for as
 * long as they run; so there are several pairs.
 */
export const metrics: Row = {
  name: "metrics",
  async measure(bench) {
    const tokens = (await bench.places.everyday()).take(bench.sizes.crowd).map(({ token }) => token);
    const pairs: Interleaved<"measured" | "reference", Figure>[] = [];
    for (let pair = 0; pair < bench.sizes.repetitions; pair++) pairs.push(await measurePair(bench, tokens));
    const figures = {
      measured: pairs.flatMap(({ measured }) => measured),
      reference: pairs.flatMap(({ reference }) => reference),
    };
    const what = "me.get with METRICS_PORT against without: processor time";
    const comparison = { row: "metrics", what, unit: "µs", target: { atMost: 1.03 } } as const;
    return [compare(comparison, figures, ({ microseconds }) => microseconds)];
  },
};

async function measurePair(bench: Bench, tokens: readonly string[]) {
  const counted = await open(bench, { METRICS_PORT: String(await findFreePort()) }, tokens);
  const bare = await open(bench, {}, tokens);
  const figures = await interleave(bench.sizes.turns, { measured: counted.call, reference: bare.call });
  await Promise.all([counted.close(), bare.close()]);
  return figures;
}

async function open(bench: Bench, variables: Readonly<Record<string, string>>, tokens: readonly string[]) {
  const { connection } = await bench.places.everyday();
  const { url, child } = await bench.startService({ connection, variables });
  const usage = () => child.ask("usage", { settle: false });
  return { call: await visit(bench, { url, usage }, { path: "/trpc/me.get", tokens }), close: child.stop };
}
