import { startBare } from "../bare/start.ts";
import { interleave } from "../interleave.ts";
import { type Figure, visit } from "../load/processor-time.ts";
import { compare, type Measurement, type Target } from "../measurement.ts";
import { median } from "../statistics.ts";
import type { Row } from "./row.ts";

/** How many times the processor time of Node's own HTTP server with nothing in it a call with a token may take. */
const mostTimes = 5;

/** How far each layer is from Node's own HTTP server with nothing in it, in the processor time of one call. */
export const layers: Row = {
  name: "layers",
  async measure(bench) {
    const { service, take } = await bench.places.everyday();
    const [node, hono] = [await startBare(bench, "node"), await startBare(bench, "hono")];
    const tokens = take(bench.sizes.crowd).map(({ token }) => token);
    const served = { url: service.url, usage: () => service.child.ask("usage", { settle: false }) };
    const sides = {
      node: await visit(bench, node, { path: "/" }),
      hono: await visit(bench, hono, { path: "/" }),
      health: await visit(bench, served, { path: "/healthz" }),
      noop: await visit(bench, served, { path: "/trpc/bench.noop" }),
      me: await visit(bench, served, { path: "/trpc/me.get", tokens }),
    };
    const figures = await interleave(bench.sizes.turns, sides);
    await Promise.all([node.stop(), hono.stop()]);
    const tell = (what: string, measured: readonly Figure[], target: Target = null): Measurement => {
      const rate = (side: readonly Figure[]) => median(side.map(({ perSecond }) => perSecond)).toFixed(0);
      const note = `${rate(measured)} calls a second against ${rate(figures.node)}`;
      const comparison = { row: "layers", what, unit: "µs", target, note };
      return compare(comparison, { measured, reference: figures.node }, ({ microseconds }) => microseconds);
    };
    return [
      tell("processor time: Hono's hello against node:http's", figures.hono),
      tell("/healthz of the service against node:http's hello", figures.health),
      tell("a no-op procedure against node:http's hello", figures.noop),
      tell("me.get against node:http's hello", figures.me, { atMost: mostTimes }),
    ];
  },
};
