import pg from "pg";
import type { Bench, Visitors } from "../bench.ts";
import { requireAnswered } from "../load/answered.ts";
import { alignColumns } from "../report/table.ts";
import { readBackendTime } from "./backends.ts";
import type { Spent } from "./profile.ts";

/** Where the processor time of one call goes, in microseconds. */
export interface Breakdown {
  readonly what: string;
  /** Of the service's main thread, by what the code belongs to. */
  readonly spent: Spent;
  /** Of all threads of the service, without the profiler at work. */
  readonly service: number;
  /** Of PostgreSQL; null where it cannot be read. */
  readonly postgres: number | null;
}

/** Breaks down a call that does nothing and an authenticated one. */
export async function breakDown(bench: Bench): Promise<Breakdown[]> {
  const { service, take, connection } = await bench.places.everyday();
  const { crowd: connections, profiledCalls: calls } = bench.sizes;
  const tokens = take(connections).map(({ token }) => token);
  const visit = (path: string, own: readonly string[] = []) =>
    bench.invite({ url: service.url, connections, plan: { kind: "get", path, tokens: own } });
  const crowds: [string, Visitors][] = [
    ["/healthz", await visit("/healthz")],
    ["no-op", await visit("/trpc/bench.noop")],
    ["me.get", await visit("/trpc/me.get", tokens)],
  ];
  const pool = new pg.Pool({ ...connection, max: 1 });
  const breakdowns: Breakdown[] = [];
  for (const [what, crowd] of crowds) {
    requireAnswered(await crowd.run({ calls: calls / 5 }));
    const used = await measureUse({ service, crowd, pool, calls });
    await service.child.ask("startProfile", {});
    await crowd.run({ calls });
    const spent = await service.child.ask("stopProfile", {});
    breakdowns.push({ what, ...used, spent: perCall(spent, calls) });
  }
  await pool.end();
  return breakdowns;
}

interface Use {
  readonly service: Awaited<ReturnType<Bench["startService"]>>;
  readonly crowd: Visitors;
  readonly pool: pg.Pool;
  readonly calls: number;
}

async function measureUse({ service, crowd, pool, calls }: Use): Promise<Pick<Breakdown, "service" | "postgres">> {
  const read = async () => ({
    service: (await service.child.ask("usage", { settle: false })).cpuMicroseconds,
    postgres: await readBackendTime(pool),
  });
  const before = await read();
  await crowd.run({ calls });
  const after = await read();
  const postgres = after.postgres === null || before.postgres === null ? null : after.postgres - before.postgres;
  return { service: (after.service - before.service) / calls, postgres: postgres && postgres / calls };
}

const perCall = (spent: Spent, calls: number): Spent =>
  Object.fromEntries(Object.entries(spent).map(([group, microseconds]) => [group, microseconds / calls]));

/** The breakdowns side by side, the largest part of the last one first. */
export function formatBreakdowns(breakdowns: readonly Breakdown[]): string {
  const last = breakdowns.at(-1)?.spent ?? {};
  const groups = [...new Set(breakdowns.flatMap(({ spent }) => Object.keys(spent)))]
    .filter((group) => group !== "(idle)")
    .sort((one, other) => (last[other] ?? 0) - (last[one] ?? 0));
  const row = (name: string, read: (breakdown: Breakdown) => number | null) => [
    name,
    ...breakdowns.map((breakdown) => read(breakdown)?.toFixed(1) ?? "-"),
  ];
  return alignColumns([
    ["microseconds a call", ...breakdowns.map(({ what }) => what)],
    row("service, processor time", ({ service }) => service),
    row("PostgreSQL, processor time", ({ postgres }) => postgres),
    ...groups.map((group) => row(`  ${group}`, ({ spent }) => spent[group] ?? 0)),
  ]);
}
