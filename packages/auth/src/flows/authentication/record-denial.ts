import type { User } from "../../users/user.ts";
import type { Core, RequestInfo } from "../steps/core.ts";

/** What somebody was refused. */
export interface DeniedCall {
  /** The name of what they called, such as `users.list`. */
  readonly procedure: string;
  /** The id that they called it with. */
  readonly target?: string | null | undefined;
}

/**
 * Writes down that somebody who is signed in was refused what they have no right to. Whatever refuses by `authorize` tells it; the builders
 * of procedures do. Beyond so many of one person in some minutes they are counted, and written as one event.
 */
export async function recordDenial(
  core: Core,
  { id: actorId }: Pick<User, "id">,
  { procedure, target = null }: DeniedCall,
  { address, requestId }: RequestInfo,
): Promise<void> {
  await core.denials.record({ actorId, procedure, target, address, requestId });
}
