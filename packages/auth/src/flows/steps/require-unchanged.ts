import { isDeepStrictEqual } from "node:util";
import { AuthError } from "../../errors.ts";

/**
 * Refuses a change whose maker has seen other values than there are by now, so that of two who edit the same the second is told. What is not
 * expected is not looked at.
 *
 * @throws AuthError `changed_meanwhile`
 */
export function requireUnchanged(present: object, expected: object): void {
  const values = new Map(Object.entries(present));
  const isAsSeen = Object.entries(expected).every(
    ([name, value]) => value === undefined || isDeepStrictEqual(values.get(name), value),
  );
  if (!isAsSeen) throw changedMeanwhile();
}

/**
 * The same for a set, in whatever order.
 *
 * @throws AuthError `changed_meanwhile`
 */
export function requireSameSet(present: readonly string[], expected: readonly string[] | undefined): void {
  if (!expected) return;
  const [there, seen] = [new Set(present), new Set(expected)];
  if (there.size !== seen.size || present.some((member) => !seen.has(member))) throw changedMeanwhile();
}

function changedMeanwhile(): AuthError {
  return new AuthError("changed_meanwhile", "Somebody else has changed it meanwhile");
}
