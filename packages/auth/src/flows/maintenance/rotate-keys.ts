import { recordEvent } from "../../audit/audit-log.ts";
import { jwksMaxAge } from "../../tokens/key-ring.ts";
import type { Core } from "../steps/core.ts";

export interface RotateKeysInput {
  /** The old keys are known to somebody else: remove them now, and with them every access token that they signed. */
  readonly compromised: boolean;
}

/**
 * Makes a new signing key and answers its id. It is published at once and signs as soon as everybody who keeps a copy of the
 * JWKS has fetched it; the old keys are accepted until their last token has run out.
 */
export async function rotateKeys(core: Core, { compromised }: RotateKeysInput): Promise<string> {
  const publishSeconds = compromised ? 0 : 2 * jwksMaxAge;
  return core.db.transaction().execute(async (transaction) => {
    const kid = await core.keyRing.rotate(transaction, { publishSeconds, dangerouslyRemoveOldKeys: compromised });
    const nobody = { actorId: null, subjectId: null, address: null, requestId: null };
    await recordEvent(transaction, { event: "keys_rotated", oldKeysRemoved: compromised }, nobody);
    return kid;
  });
}
