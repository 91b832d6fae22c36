import { toNetwork } from "../../throttling/address.ts";
import type { LimitName } from "../../throttling/limits.ts";
import type { Admission } from "../../throttling/throttle.ts";
import type { Core, RequestInfo } from "./core.ts";

/**
 * Counts a call by where it comes from alone. One of which nothing is known is not counted: all of those would be one.
 *
 * @throws AuthError `rate_limited`
 */
export function countAtAddress(core: Core, limit: LimitName, { address }: RequestInfo): Promise<Admission> {
  const network = toNetwork(address);
  return core.throttle.consume(network === null ? [] : [{ limit, of: [network] }]);
}
