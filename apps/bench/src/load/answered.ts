import type { Outcome } from "./plan.ts";

/** Fails unless every call was answered as it should be: a refusal is quicker than an answer, and measures something else. */
export function requireAnswered(outcome: Outcome, expected: readonly number[] = [200]): Outcome {
  const others = Object.entries(outcome.statuses).filter(([status]) => !expected.includes(Number(status)));
  if (others.length === 0 && outcome.leftOut === 0) return outcome;
  const told = others.map(([status, count]) => `${count} × ${status === "0" ? "no answer" : status}`);
  throw new Error(
    `Of ${outcome.calls} calls, not answered as expected: ${told.join(", ")}; left out: ${outcome.leftOut}`,
  );
}
