import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drawSuccessors, letEndedSessionsIn, overlookUse, takeOldTokens, takeOldTokensForUse } from "./mutants.ts";
import { openWorld, type World, type WorldOptions } from "./simulation-environment.ts";
import { emptyTally, simulate, Violation } from "./simulator.ts";
import { installTabGlobals } from "./tab-globals.ts";

const seeds = Number(process.env.LATCHKEY_SEEDS ?? (process.env.LATCHKEY_LONG === "1" ? 1_000 : 5));
/** One seed to replay alone. */
const only = process.env.LATCHKEY_SEED;
/** Simulations side by side, so that one computes while the database works for another. */
const lanes = process.env.LATCHKEY_LONG === "1" ? 3 : 2;

let globals: Disposable;
beforeAll(() => {
  globals = installTabGlobals();
});
afterAll(() => globals[Symbol.dispose]());

test.skipIf(only)(
  `in ${seeds} simulations nobody is signed out who should not be, there is one chain of tokens, and every theft is noticed`,
  async () => {
    const tally = emptyTally();
    let next = 1;
    const runLane = async () => {
      await using world = await openWorld();
      while (next <= seeds) {
        next += 1;
        await simulate(world, next - 1, tally).catch((error) => {
          next = Number.POSITIVE_INFINITY;
          throw error;
        });
      }
    };
    const results = await Promise.allSettled(Array.from({ length: lanes }, runLane));
    for (const result of results) if (result.status === "rejected") throw result.reason;

    expect(tally.simulations).toBe(seeds);
    const never = Object.entries(tally).filter(([, times]) => times === 0);
    expect(seeds < 1_000 ? [] : never, "what never happened").toEqual([]);
  },
  100_000 + seeds * 500,
);

test.runIf(only)(`seed ${only}`, async () => {
  await using world = await openWorld();
  await simulate(world, Number(only), emptyTally());
});

/** Each with a seed that has found it: only where the simulator has changed since, others have to be tried. */
for (const { tags, cases } of shareOut<[what: string, options: WorldOptions, complaint: RegExp, seed: number]>(
  [
    ["draws successors", { replaceCore: drawSuccessors }, /two tokens of generation|other generations|not token/, 1],
    ["has no grace time", { grace: 0 }, /two tokens of generation|other generations|not token/, 2],
    ["takes any old token", { replaceCore: takeOldTokens }, /ok, not refresh_token_reused|other generations/, 1],
    ["overlooks that an answer was used", { replaceCore: overlookUse }, /ok, not refresh_token_reused/, 69],
    ["takes old access tokens for use", { replaceCore: takeOldTokensForUse }, /refresh_token_reused, not token/, 34],
    [
      "lets in whoever has signed out",
      { replaceCore: letEndedSessionsIn },
      /let in though|the session live|ok, not session_ended/,
      44,
    ],
  ],
  6,
))
  test.each(cases)(
    "the simulator notices a server that %s, and its seed tells the same story again",
    { tags },
    async (_, options, complaint, seed) => {
      const first = await findViolation(options, seed);
      expect(first?.message).toMatch(complaint);
      await using world = await openWorld(options);
      await expect(simulate(world, first?.seed ?? 0, emptyTally())).rejects.toThrow(first?.message);
    },
  );

async function findViolation(options: WorldOptions, likely: number): Promise<Violation | null> {
  await using world = await openWorld(options);
  for (const seed of [likely, ...Array.from({ length: 200 }, (_, index) => index + 1)]) {
    const violation = await findViolationOf(world, seed);
    if (violation) return violation;
  }
  return null;
}

async function findViolationOf(world: World, seed: number): Promise<Violation | null> {
  try {
    await simulate(world, seed, emptyTally());
    return null;
  } catch (error) {
    if (error instanceof Violation) return error;
    throw error;
  }
}
