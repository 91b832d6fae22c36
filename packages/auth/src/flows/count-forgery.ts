import { isStorageUnavailable } from "../storage/database.ts";
import { toNetwork } from "../throttling/address.ts";
import type { LimitName } from "../throttling/limits.ts";
import type { Core, RequestFacts } from "./core.ts";

/**
 * Counts a token that was never issued. Good ones are not counted, so that an address that makes tokens up does no harm to them. While
 * the database is away nothing can be counted, and what is made up is refused all the same.
 *
 * @throws AuthError `rate_limited`
 */
export async function countForgery(core: Core, limit: LimitName, { address }: RequestFacts): Promise<void> {
  try {
    await core.throttle.admit([{ limit, of: [toNetwork(address)] }]);
  } catch (error) {
    if (!isStorageUnavailable(error)) throw error;
  }
}
