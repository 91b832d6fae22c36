import { AuthError } from "../errors.ts";
import type { Admission } from "../throttling/throttle.ts";
import type { Core } from "./core.ts";

/** Does the work of an attempt that has been counted. One whose work fails, as when it finds no place among the hashes, was none. */
export async function whileCounted<T>(
  core: Core,
  { counted }: Pick<Admission, "counted">,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await core.throttle.withdraw(counted);
    throw error;
  }
}

/** Takes back an attempt that was right and that a hook has undone. */
export async function unlessUndone<T>(
  core: Core,
  { counted }: Pick<Admission, "counted">,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUndone(error)) await core.throttle.withdraw(counted);
    throw error;
  }
}

/** Whether a hook has undone what it was told. */
export function isUndone(error: unknown): boolean {
  return error instanceof AuthError && (error.code === "refused_by_hook" || error.code === "hook_failed");
}
