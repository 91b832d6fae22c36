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
