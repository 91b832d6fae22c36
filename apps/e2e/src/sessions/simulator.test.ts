import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyTally, simulate } from "./simulator.ts";
import { installTabGlobals } from "./tab-globals.ts";
import { openWorld } from "./world.ts";

let globals: Disposable;
beforeAll(() => {
  globals = installTabGlobals();
});
afterAll(() => globals[Symbol.dispose]());

const seeds = Number(process.env.LATCHKEY_SEEDS ?? 1_000);
const only = process.env.LATCHKEY_SEED;

test(`${seeds} seeds`, async () => {
  const tally = emptyTally();
  const s = performance.now();
  const failures: string[] = [];
  const c0 = process.cpuUsage();
  let seed = 0;
  const lane = async () => {
    await using world = await openWorld();
    while (seed < seeds) { seed += 1; await simulate(world, only ? Number(only) : seed, tally).catch((e) => failures.push(e.message + e.stack)); if (only) return; }
  };
  await Promise.all(Array.from({ length: Number(process.env.LANES ?? 1) }, lane));
  const c1 = process.cpuUsage(c0); console.log("cpu/seed", (c1.user + c1.system) / 1000 / tally.simulations);
  console.log(tally, (performance.now() - s) / tally.simulations, failures.length);
  const kinds = new Map<string, number>();
  for (const f of failures) { const k = f.split("\n")[0]!.replace(/seed \d+/, "seed").replace(/tab \d/, "tab").replace(/\(LATCH.*/, ""); kinds.set(k, (kinds.get(k) ?? 0) + 1); }
  console.log([...kinds].map(([k, n]) => `${n} ${k}`).join("\n"));
  failures.sort((a, b) => a.length - b.length);
  const seen = new Set<string>();
  for (const f of failures) { const k = f.split("\n")[0]!.replace(/seed \d+/, "seed").replace(/tab \d/, "tab").replace(/\(LATCH.*/, ""); if (!seen.has(k)) console.log(f); seen.add(k); }
  expect(failures[0]?.slice(0, 30)).toBe(undefined);
}, 600_000);
