import type { Challenge } from "../../challenges/challenges.ts";
import { AuthError } from "../../errors.ts";
import { toNetwork } from "../../throttling/address.ts";
import { findDeviceOwner } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { countAtAddress } from "../steps/count-at-address.ts";
import { nobody } from "../steps/gate.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { admitMessage, goesToEverybody, type Target, tellFirstChannel } from "../steps/start-challenge.ts";

export interface ResendCodeInput {
  /** What the start answered. */
  readonly challenge: string;
  readonly deviceMark?: string | undefined;
}

/**
 * Sends the same code once more, where it is time for that; before it, and for challenges that never had a message, the answer is the same.
 * A resend resets nothing. Whoever holds the handle may ask, whatever the challenge is for.
 *
 * @throws AuthError `code_invalid` for a challenge that there is not, or that was used; `rate_limited`
 */
export async function resendCode(
  core: Core,
  { challenge, deviceMark }: ResendCodeInput,
  facts: RequestInfo,
): Promise<Challenge> {
  await countAtAddress(core, "start_code_address", facts);
  const found = await core.challenges.find(challenge);
  if (!found) throw new AuthError("code_invalid", "There is no such challenge");
  const { address, userId, purpose } = found;
  if (!found.isResendDue) return tellFirstChannel(core, await core.challenges.resend(challenge, purpose));
  const target: Target | null =
    address === null ? null : { kind: address.startsWith("+") ? "phone" : "email", address };
  const owner = deviceMark === undefined ? null : await findDeviceOwner(core.db, userId ?? nobody);
  const ask = {
    target,
    typed: found.id,
    network: toNetwork(facts.address),
    isKnownDevice: findKnownDevice(core, owner, deviceMark) !== null,
    isSent: found.state !== "suppressed" && !(address !== null && core.challenges.isFixed(address)),
    tellsChannel: found.tellsChannel,
    isSentToAll: goesToEverybody(core, purpose),
  };
  const isAdmitted = await admitMessage(core, ask, { ...facts, actorId: null, subjectId: userId });
  return tellFirstChannel(core, await core.challenges.resend(challenge, purpose, isAdmitted && ask.isSent));
}
