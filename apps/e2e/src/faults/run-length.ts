import { createDice, type Dice } from "../sessions/seeded-random.ts";

/** Whether every fault is to be tried at length, as `pnpm faults` does, or each of them shortly. */
export const isLong = process.env.LATCHKEY_FAULTS === "long";

/** One seed to try again. */
const given = process.env.LATCHKEY_SEED;

/** How often, or for how long: at length, or shortly. */
export function atLength(long: number, short: number): number {
  return isLong ? long : short;
}

/** Runs something on dice, and names their seed when it fails. */
export async function withDice(run: (dice: Dice) => Promise<void>): Promise<void> {
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  try {
    await run(createDice(seed));
  } catch (error) {
    console.error(`This was seed ${seed}. The same dice again: LATCHKEY_SEED=${seed}`);
    throw error;
  }
}
