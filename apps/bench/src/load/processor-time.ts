import type { Bench } from "../bench.ts";
import { requireAnswered } from "./answered.ts";
import type { Outcome } from "./plan.ts";

/** A server whose processor time can be read. */
export interface MeasuredServer {
  readonly url: string;
  usage(): Promise<{ readonly cpuMicroseconds: number }>;
}

export interface Figure {
  readonly perSecond: number;
  /** Of processor time of the server, for one call. */
  readonly microseconds: number;
}

/** Visits a server, and counts the processor time that it used meanwhile. */
export async function visit(
  bench: Bench,
  { url, usage }: MeasuredServer,
  what: { readonly path: string; readonly tokens?: readonly string[] },
): Promise<() => Promise<Figure>> {
  const { turn, crowd: connections } = bench.sizes;
  const crowd = await bench.invite({ url, connections, plan: { kind: "get", ...what } });
  return async () => {
    await crowd.run({ calls: connections * 10 });
    const before = await usage();
    const outcome: Outcome = requireAnswered(await crowd.run({ ...turn, warmUp: 0 }));
    const after = await usage();
    return {
      perSecond: outcome.perSecond,
      microseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / outcome.calls,
    };
  };
}
