import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import { compare } from "../measurement.ts";
import { findFreePort } from "../service/service.ts";
import type { Row } from "./row.ts";

/** A service that counts what it answers, against the same without. */
export const metrics: Row = {
  name: "metrics",
  async measure(bench) {
    const { connection, take } = await bench.places.everyday();
    const { crowd: connections, repetitions, seconds, warmUp } = bench.sizes;
    const tokens = take(connections).map(({ token }) => token);
    const plan = { kind: "get", path: "/trpc/me.get", tokens } as const;
    const open = async (variables: Readonly<Record<string, string>>) => {
      const service = await bench.startService({ connection, variables });
      const crowd = await bench.invite({ url: service.url, connections, plan });
      return {
        call: async () => requireAnswered(await crowd.run({ seconds, warmUp })).perSecond,
        close: () => crowd.close().then(() => service.child.stop()),
      };
    };
    const counted = await open({ METRICS_PORT: String(await findFreePort()) });
    const bare = await open({});
    const figures = await interleave(repetitions, { measured: counted.call, reference: bare.call });
    await Promise.all([counted.close(), bare.close()]);
    const what = "me.get with METRICS_PORT against without";
    return [compare({ row: "metrics", what, unit: "calls/s", target: { atLeast: 0.97 } }, figures, (rate) => rate)];
  },
};
