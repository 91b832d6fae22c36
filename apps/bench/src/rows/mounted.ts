import type { Bench } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { type Figure, type MeasuredServer, visit } from "../load/processor-time.ts";
import { compare, type Measurement, type Target } from "../measurement.ts";
import type { Adapter, MountedAnswers } from "../mounted/process.ts";
import { findFreePort } from "../service/service.ts";
import type { Row } from "./row.ts";

/** The same call of a router that a team mounts in its own server, in processor time, against the service's. */
export const mounted: Row = {
  name: "mounted",
  async measure(bench) {
    const { service, take } = await bench.places.everyday();
    const start = (adapter: Adapter) => startMounted(bench, adapter);
    const [handler, handlerOfNode, standalone] = [
      await start("handler"),
      await start("handlerOfNode"),
      await start("standalone"),
    ];
    const tokens = take(bench.sizes.crowd).map(({ token }) => token);
    const served = { url: service.url, usage: () => service.child.ask("usage", { settle: false }) };
    const figures = await interleave(bench.sizes.turns, {
      service: await visit(bench, served, { path: "/trpc/me.get", tokens }),
      handler: await visit(bench, handler, { path: "/trpc/auth.me.get", tokens }),
      handlerOfNode: await visit(bench, handlerOfNode, { path: "/trpc/auth.me.get", tokens }),
      standalone: await visit(bench, standalone, { path: "/trpc/auth.me.get", tokens }),
    });
    await Promise.all([handler, handlerOfNode, standalone].map((server) => server.stop()));
    const tell = (what: string, measured: readonly Figure[], target: Target): Measurement => {
      const comparison = { row: "mounted", what, unit: "µs", target };
      return compare(comparison, { measured, reference: figures.service }, ({ microseconds }) => microseconds);
    };
    return [
      tell("me.get mounted by the handler against the service's: processor time", figures.handler, { atMost: 1 }),
      tell("the same with the global Response of Node.js", figures.handlerOfNode, null),
      tell("the same by tRPC's adapter for Node.js", figures.standalone, null),
    ];
  },
};

async function startMounted(bench: Bench, adapter: Adapter): Promise<MeasuredServer & { stop(): Promise<void> }> {
  const { connection } = await bench.places.everyday();
  const child = await bench.processes.start<MountedAnswers>("mounted/process.ts");
  const port = await findFreePort();
  await child.ask("listen", { adapter, port, connection, secret: bench.secret });
  return { url: `http://127.0.0.1:${port}`, usage: () => child.ask("usage", {}), stop: child.stop };
}
