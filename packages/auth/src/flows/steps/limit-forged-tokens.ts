import { isStorageUnavailable } from "../../storage/database.ts";
import type { LimitName } from "../../throttling/limits.ts";
import type { Core, RequestInfo } from "./core.ts";
import { countAtAddress } from "./count-at-address.ts";

/**
 * Counts a token that was never issued. Good ones are not counted, so that an address that makes tokens up does no harm to them. While
 * the database is away nothing can be counted, and what is made up is refused all the same: that takes no database.
 *
 * @throws AuthError `rate_limited`, `overloaded`
 */
export async function limitForgedTokens(core: Core, limit: LimitName, facts: RequestInfo): Promise<void> {
  try {
    await countAtAddress(core, limit, facts);
  } catch (error) {
    if (!isStorageUnavailable(error)) throw error;
  }
}
