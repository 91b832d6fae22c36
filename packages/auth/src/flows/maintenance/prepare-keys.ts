import { recordEvent } from "../../audit/audit-log.ts";
import type { Core } from "../steps/core.ts";
import { publishSeconds } from "./rotate-keys.ts";

/**
 * What a start may do to the keys and permissions in the database: all that its settings ask for, as the service does; only make what is
 * missing altogether, since a command may have other settings; or nothing.
 */
export type StartMode = "all" | "missing" | "nothing";

const nobody = { actorId: null, subjectId: null, address: null, requestId: null };

/**
 * Sees to it that there are keys and that this process can open them. Where the settings name another algorithm than the newest key has, the
 * service makes a new key, which signs once everybody who keeps a copy of the JWKS has it.
 *
 * @returns what somebody should know, a line each
 * @throws StartError when there is a key that none of the secrets opens
 */
export async function prepareKeys(core: Core, mode: StartMode): Promise<string[]> {
  const { keyRing, secretKeys, options } = core;
  if (mode === "nothing") {
    await keyRing.check();
    await secretKeys.check();
    return [];
  }
  const before = await core.db.transaction().execute(async (transaction) => {
    const replaced = await keyRing.prepare(transaction, { follows: mode === "all", publishSeconds });
    if (replaced !== null)
      await recordEvent(transaction, { event: "keys_rotated", oldKeysRemoved: false, because: "algorithm" }, nobody);
    return replaced;
  });
  await keyRing.signingKey();
  await secretKeys.prepare();
  if (before === null) return [];
  return [
    `Tokens were signed with ${before}, and the setting names ${options.tokens.algorithm}: its key is published, and signs in ten minutes`,
  ];
}
