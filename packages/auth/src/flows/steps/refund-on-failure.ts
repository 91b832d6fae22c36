import { AuthError } from "../../errors.ts";
import type { Admission } from "../../throttling/throttle.ts";
import type { Core } from "./core.ts";

/**
 * Does the work of an attempt that has been counted. One whose work fails, as when it finds no place among the hashes, was none.
 *
 * @param isNone whether a failure makes it none; every failure unless said
 */
export async function refundOnFailure<T>(
  core: Core,
  { counted }: Pick<Admission, "counted">,
  work: () => Promise<T>,
  isNone: (error: unknown) => boolean = () => true,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isNone(error)) await core.throttle.refund(counted);
    throw error;
  }
}

/** Does the last of an attempt that was right, and takes the attempt back when a hook undoes it. */
export function unlessUndone<T>(core: Core, admission: Pick<Admission, "counted">, work: () => Promise<T>): Promise<T> {
  return refundOnFailure(core, admission, work, isUndone);
}

/** Whether a hook has undone what it was told. */
export function isUndone(error: unknown): boolean {
  return error instanceof AuthError && (error.code === "refused_by_hook" || error.code === "hook_failed");
}
