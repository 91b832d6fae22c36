import { toNetwork } from "../throttling/address.ts";
import type { LimitName } from "../throttling/limits.ts";
import type { Core, RequestFacts } from "./core.ts";

/**
 * Counts a token that was never issued. Good ones are not counted, so that an address that makes tokens up does no harm to them. While
 * it cannot be counted, because the database is away, nothing is told of the token either.
 *
 * @throws AuthError `rate_limited`, `overloaded`
 */
export async function countForgery(core: Core, limit: LimitName, { address }: RequestFacts): Promise<void> {
  const network = toNetwork(address);
  await core.throttle.admit(network === null ? [] : [{ limit, of: [network] }]);
}
