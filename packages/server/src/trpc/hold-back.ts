import { setTimeout as pause } from "node:timers/promises";

/** Milliseconds for which a refusal of a limit is held back: nothing beside a password's check, and an age to a loop of guesses. */
const holdingTime = 50;

/** Answers that may be held back at once; more are given at once, so that they take no memory. */
const mostHeld = 10_000;

let held = 0;

/**
 * Waits before somebody is told that they asked too often. A refusal costs the processor a quarter of a millisecond, so that a crowd
 * that asks again as soon as it is answered would fill it with refusals; a connection that waits for its answer asks nothing.
 */
export async function holdBack(): Promise<void> {
  if (held >= mostHeld) return;
  held += 1;
  await pause(holdingTime);
  held -= 1;
}
