import type { Bench } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { requireAnswered } from "../load/answered.ts";
import { compare } from "../measurement.ts";
import type { Place } from "../seeding/places.ts";
import type { Row } from "./row.ts";

/** An authenticated call among many sessions, and among few; as many of them call on either side. */
export const sessions: Row = {
  name: "sessions",
  async measure(bench) {
    const [small, large] = [await bench.places.small(), await bench.places.large()];
    const [few, many] = [await visit(bench, small), await visit(bench, large)];
    const { turns, turn, crowd: connections } = bench.sizes;
    const figures = await interleave(turns, {
      measured: async () => requireAnswered(await many.run(turn)).perSecond,
      reference: async () => requireAnswered(await few.run(turn)).perSecond,
    });
    await Promise.all([few.stop(), many.stop()]);
    const [manyRows, fewRows] = [large, small].map(({ rows }) => rows.toLocaleString("en"));
    const what = `me.get among ${manyRows} sessions against ${fewRows}, ${connections} connections: time for a call`;
    const unit = "µs";
    return [
      compare({ row: "sessions", what, unit, target: { atMost: 1.25 } }, figures, (perSecond) => 1e6 / perSecond),
    ];
  },
};

async function visit(bench: Bench, { connection, signedIn }: Place) {
  const service = await bench.startService({ connection });
  const { crowd: connections } = bench.sizes;
  const tokens = signedIn.map(({ token }) => token);
  const crowd = await bench.invite({
    url: service.url,
    connections,
    plan: { kind: "get", path: "/trpc/me.get", tokens },
  });
  return { run: crowd.run, stop: () => crowd.close().then(() => service.child.stop()) };
}
