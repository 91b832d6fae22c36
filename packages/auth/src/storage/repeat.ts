import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { AuthError } from "../errors.ts";

/** How often something is done at most before its caller is told to come again. */
const mostAttempts = 10;

/** Milliseconds that the first repetition waits at most; each further one twice as long, up to `longestWait`. */
const firstWait = 4;
const longestWait = 100;

/** What the database gave up for the sake of others at the same moment: serialization failures and deadlocks. */
const conflicts = new Set(["40001", "40P01"]);

/** A reference to a row that somebody deleted meanwhile; whoever looks again finds that it is not there. */
const foreignKeyViolation = "23503";

const codeOf = (error: unknown) => (error instanceof pg.DatabaseError ? error.code : undefined);

/** Whether the same statement, or the same transaction from its beginning, can succeed where this one failed. */
export function isConflict(error: unknown): boolean {
  return conflicts.has(codeOf(error) ?? "");
}

/**
 * Whether a prepared statement is not what it was: a newer version changed the type of a column that it answers, or the connection
 * forgot it (`DISCARD ALL`, or a pooler that gave the connection to somebody else). Prepared anew, it works.
 */
export function isStaleStatement(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  // "Cached plan must not change result type" shares its code with every other thing that is not supported.
  return isLostStatement(error) || (error.code === "0A000" && error.routine === "RevalidateCachedQuery");
}

/** Whether the connection does not know a statement that was prepared on it, or knows another of its name. */
export function isLostStatement(error: unknown): boolean {
  const code = codeOf(error);
  return code === "26000" || code === "42P05";
}

/** Whether a whole transaction may succeed when it is run once more from its beginning. */
export function isPassing(error: unknown): boolean {
  return isConflict(error) || isStaleStatement(error) || codeOf(error) === foreignKeyViolation;
}

/**
 * Throws what work failed with that was repeated in vain. A row that is gone, such as an account that was deleted while its call was on its way,
 * is no defect: who calls again is told what is so by then.
 */
export function throwFailure(error: unknown): never {
  // A table of a team's own that holds on to a row is told as what it is. None of ours does.
  const isOfOurs =
    error instanceof pg.DatabaseError && error.code === foreignKeyViolation && error.schema === "latchkey";
  if (!isOfOurs) throw error;
  const message = "What this is about was deleted at the same moment; try again";
  throw new AuthError("unavailable", message, { retryAfter: 1, cause: error });
}

/**
 * Does work again that failed for a reason that passes. Whatever failed left nothing behind in the database, so that it is safe to
 * repeat as long as it touches nothing else.
 */
export async function repeat<T>(work: () => Promise<T>, passes: (error: unknown) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === mostAttempts || !passes(error)) throw error;
      // Those who met once do not meet again at once.
      await wait(Math.random() * Math.min(longestWait, firstWait * 2 ** attempt));
    }
  }
}
