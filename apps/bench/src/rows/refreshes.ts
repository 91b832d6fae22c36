import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import { compare } from "../measurement.ts";
import type { Row } from "./row.ts";

/** Refreshes, each of which is on the disk before it is answered, against reads. */
export const refreshes: Row = {
  name: "refreshes",
  async measure(bench) {
    const { service, take } = await bench.places.everyday();
    const { url } = service;
    const { turns, turn, crowd: connections } = bench.sizes;
    const tokens = take(connections).map(({ token }) => token);
    const me = await bench.invite({ url, connections, plan: { kind: "get", path: "/trpc/me.get", tokens } });
    const refresh = await bench.invite({ url, connections, plan: { kind: "refresh", people: take(connections) } });
    const figures = await interleave(turns, {
      measured: async () => requireAnswered(await refresh.run(turn)).perSecond,
      reference: async () => requireAnswered(await me.run(turn)).perSecond,
    });
    await Promise.all([me.close(), refresh.close()]);
    const what = `token.refresh against me.get, ${connections} connections, synchronous commit`;
    return [
      compare({ row: "refreshes", what, unit: "calls/s", target: { atLeast: 0.15 } }, figures, (figure) => figure),
    ];
  },
};
