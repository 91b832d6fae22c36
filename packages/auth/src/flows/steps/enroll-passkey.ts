import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  type ChallengeBinding,
  consumePasskeyChallenge,
  type PasskeyChallenge,
} from "../../passkeys/passkey-challenge.ts";
import {
  type PasskeyCreationOptions,
  type PasskeyRegistration,
  type StartedPasskey,
  toCreationOptions,
} from "../../passkeys/passkey-json.ts";
import { insertPasskey, listPasskeys, type StoredPasskey } from "../../passkeys/passkey-store.ts";
import { type CheckedRegistration, verifyRegistration } from "../../passkeys/verify-passkey.ts";
import { describeDevice } from "../../sessions/device.ts";
import type { Queries } from "../../storage/database.ts";
import { findUser, markSecondFactor } from "../../users/user-store.ts";
import { createUuid } from "../../uuid.ts";
import { createChallenge, judgeChallenge, PasskeyRefused, requireRelyingParty } from "./check-passkey.ts";
import type { Core, RequestInfo } from "./core.ts";
import { endOtherSessions } from "./enroll-totp.ts";
import type { GateAccount } from "./gate.ts";
import { keepNotice } from "./keep-notice.ts";
import { forgetRememberedDevices } from "./remembered-device.ts";

/** Passkeys that one person may have: more devices than anybody keeps in mind. */
export const mostPasskeys = 20;

/**
 * Asks a browser to make a passkey for a user.
 *
 * @throws AuthError `permission_denied` where there are no passkeys, and for somebody who has too many
 */
export async function askForNewPasskey(
  core: Core,
  { userId, ...binding }: ChallengeBinding & { readonly userId: string },
): Promise<StartedPasskey<PasskeyCreationOptions>> {
  const { rpId } = requireRelyingParty(core);
  const own = await listPasskeys(core.db, userId);
  if (own.length >= mostPasskeys) throw tooMany();
  const user = await findUser(core.db, core.profile, userId);
  const name = user?.username ?? user?.email ?? user?.phoneNumber ?? userId;
  const { challenge, expiresAt } = createChallenge(core, binding);
  const rp = { id: rpId, name: core.options.messages.app };
  return { expiresAt, options: toCreationOptions({ rp, userId, name, challenge, own }) };
}

/** A passkey that was made as it should be. Nothing is used up yet. */
export interface RightRegistration extends PasskeyChallenge {
  readonly made: CheckedRegistration;
}

/** @throws PasskeyRefused */
export async function checkRegistration(
  core: Core,
  shown: PasskeyRegistration,
  { userId, ...binding }: ChallengeBinding & { readonly userId: string },
): Promise<RightRegistration> {
  const relyingParty = requireRelyingParty(core);
  const answered = await judgeChallenge(core, shown.response.clientDataJSON, binding);
  const made = await verifyRegistration(shown, { relyingParty, challenge: answered.challenge });
  if (typeof made === "string") throw new PasskeyRefused(made, userId);
  return { ...answered, made };
}

interface NewPasskey {
  /** With its row held. */
  readonly account: GateAccount;
  readonly right: RightRegistration;
  readonly name: string | undefined;
  /** The session that goes on. */
  readonly keep?: string;
  /** Whether it is asked for at every sign-in by a password or a code from now on. */
  readonly isSecondFactor?: boolean;
  readonly facts: RequestInfo;
}

/**
 * Gives a user a passkey in the caller's transaction. The first thing that they have beside a password or a code ends every other session:
 * whoever was in by less is out. A further one ends none.
 *
 * @throws PasskeyRefused, AuthError `permission_denied`
 */
export async function enrollPasskey(core: Core, transaction: Queries, wanted: NewPasskey): Promise<StoredPasskey> {
  const { account, right, name, keep, isSecondFactor = false, facts } = wanted;
  const { id: userId, factors } = account;
  const { made, ...answered } = right;
  if (!(await consumePasskeyChallenge(transaction, answered))) throw new PasskeyRefused("used_challenge", userId);
  if ((await listPasskeys(transaction, userId)).length >= mostPasskeys) throw tooMany();
  const called = name ?? describeDevice(facts.userAgent) ?? "Passkey";
  const passkey = await insertPasskey(transaction, { ...made, id: createUuid(), userId, name: called });
  // It is there already: an id that a device did not draw at random, or that somebody else's has.
  if (!passkey) throw new PasskeyRefused("other_account", userId);
  if (isSecondFactor) await markSecondFactor(transaction, userId, true);
  const isFirst = !factors.hasTotp && !factors.hasPasskey;
  const sessionsEnded = isFirst ? await endOtherSessions(core, transaction, { userId, keep, facts }) : 0;
  // With another factor the devices are ticked anew, as with every change of what is asked for.
  await forgetRememberedDevices(transaction, { userId });
  const about = { ...facts, actorId: userId, subjectId: userId };
  await recordEvent(transaction, { event: "passkey_added", sessionsEnded }, about);
  await keepNotice(core, transaction, { userId, kind: "passkey_added", facts });
  return passkey;
}

function tooMany(): AuthError {
  return new AuthError("permission_denied", `An account has ${mostPasskeys} passkeys at most: remove one first`);
}
