import { recordEvent } from "../../audit/audit-log.ts";
import { jwksMaxAge } from "../../tokens/key-ring.ts";
import { isNewestKeyOlder } from "../../tokens/signing-key-store.ts";
import type { Administrator } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";

export interface RotateKeysInput {
  /** The old keys are known to somebody else: remove them now, and with them every access token that they signed. */
  readonly compromised: boolean;
}

const nobody = { actorId: null, subjectId: null, address: null, requestId: null };

/** Seconds for which a key is published before it signs: twice as long as anybody keeps a copy of the JWKS. */
export const publishSeconds = 2 * jwksMaxAge;

/**
 * Makes a new signing key and answers its id. It is published at once and signs as soon as everybody who keeps a copy of the
 * JWKS has fetched it; the old keys are accepted until their last token has run out.
 *
 * @param admin who does it; the operator where there is nobody
 */
export async function rotateKeys(core: Core, { compromised }: RotateKeysInput, admin?: Administrator): Promise<string> {
  return core.db.transaction().execute(async (transaction) => {
    const kid = await core.keyRing.rotate(transaction, {
      publishSeconds: compromised ? 0 : publishSeconds,
      dangerouslyRemoveOldKeys: compromised,
    });
    if (kid === null) throw new Error("No key was made");
    const by = admin ? { ...admin.facts, actorId: admin.user.id, subjectId: null } : nobody;
    await recordEvent(transaction, { event: "keys_rotated", oldKeysRemoved: compromised }, by);
    return kid;
  });
}

/**
 * Makes a new signing key where the newest is older than keys are to get, and answers its id; null otherwise. Of several processes that do
 * it at once one makes the key. Nothing is done where the old backend's secret signs.
 */
export async function rotateDueKeys(core: Core): Promise<string | null> {
  const { keyLifetime, profile } = core.options.tokens;
  if (keyLifetime === "off" || profile !== "standard") return null;
  if (!(await isNewestKeyOlder(core.db, keyLifetime))) return null;
  return core.db.transaction().execute(async (transaction) => {
    const rotation = { publishSeconds, onlyIfOlderThan: keyLifetime, dangerouslyRemoveOldKeys: false };
    const kid = await core.keyRing.rotate(transaction, rotation);
    if (kid === null) return null;
    await recordEvent(transaction, { event: "keys_rotated", oldKeysRemoved: false, because: "age" }, nobody);
    return kid;
  });
}
