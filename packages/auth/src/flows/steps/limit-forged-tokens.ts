import { isStorageUnavailable } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { LimitName } from "../../throttling/limits.ts";
import type { Core, RequestInfo } from "./core.ts";

/**
 * Counts a token that was never issued. Good ones are not counted, so that an address that makes tokens up does no harm to them. While
 * the database is away nothing can be counted, and what is made up is refused all the same: that takes no database.
 *
 * @throws AuthError `rate_limited`, `overloaded`
 */
export async function limitForgedTokens(core: Core, limit: LimitName, { address }: RequestInfo): Promise<void> {
  const network = toNetwork(address);
  try {
    await core.throttle.consume(network === null ? [] : [{ limit, of: [network] }]);
  } catch (error) {
    if (!isStorageUnavailable(error)) throw error;
  }
}
