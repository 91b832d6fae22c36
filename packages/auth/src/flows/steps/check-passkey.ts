import type { PasskeyRefusal } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  type ChallengeBinding,
  consumePasskeyChallenge,
  createPasskeyChallenge,
  type PasskeyChallenge,
  readPasskeyChallenge,
} from "../../passkeys/passkey-challenge.ts";
import {
  type PasskeyAssertion,
  type PasskeyRequestOptions,
  type StartedPasskey,
  toRequestOptions,
  toUserHandle,
} from "../../passkeys/passkey-json.ts";
import { findPasskey, listPasskeys, notePasskeyUse, type StoredPasskey } from "../../passkeys/passkey-store.ts";
import type { RelyingParty } from "../../passkeys/relying-party.ts";
import { type CheckedAssertion, readClientData, verifyAssertion } from "../../passkeys/verify-passkey.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import { countAtAddress } from "./count-at-address.ts";
import { keepNotice } from "./keep-notice.ts";

/**
 * Whom passkeys are made for here.
 *
 * @throws AuthError `permission_denied` where there are none
 */
export function requireRelyingParty({ options }: Pick<Core, "options">): RelyingParty {
  if (options.passkeys) return options.passkeys;
  throw new AuthError("permission_denied", "Passkeys are not used here");
}

export function createChallenge(core: Core, binding: ChallengeBinding): PasskeyChallenge {
  return createPasskeyChallenge(core.passkeyKeys()[0], binding, core.clock.now());
}

interface WantedPasskey extends ChallengeBinding {
  /** Whose passkey it is to be; null where the device shows which it has. */
  readonly userId: string | null;
}

/** Asks a browser for a passkey. A sign-in without a name is asked for alike by everybody, and reads nothing of anybody. */
export async function askForPasskey(
  core: Core,
  { userId, ...binding }: WantedPasskey,
): Promise<StartedPasskey<PasskeyRequestOptions>> {
  const { rpId } = requireRelyingParty(core);
  const { challenge, expiresAt } = createChallenge(core, binding);
  const own = userId === null ? [] : await listPasskeys(core.db, userId);
  const isSecondFactor = binding.purpose === "second_factor";
  return { expiresAt, options: toRequestOptions({ rpId, challenge, own, isSecondFactor }) };
}

/** Thrown in the transaction that it undoes. */
export class PasskeyRefused extends Error {
  override readonly name = "PasskeyRefused";
  readonly because: PasskeyRefusal;
  /** Whose passkey it is, where it is one. */
  readonly ownerId: string | null;

  constructor(because: PasskeyRefusal, ownerId: string | null) {
    super(`a passkey was refused: ${because}`);
    this.because = because;
    this.ownerId = ownerId;
  }
}

/** A passkey that was shown as it should be. Nothing is used up yet. */
export interface RightPasskey extends PasskeyChallenge {
  readonly passkey: StoredPasskey;
  readonly checked: CheckedAssertion;
}

/**
 * Checks what a device answered, in the order in which it costs: the challenge, whose passkey it is, and then what it signed.
 *
 * @throws PasskeyRefused
 */
export async function checkPasskey(
  core: Core,
  shown: PasskeyAssertion,
  { userId, ...binding }: WantedPasskey,
): Promise<RightPasskey> {
  const relyingParty = requireRelyingParty(core);
  const answered = await judgeChallenge(core, shown.response.clientDataJSON, binding);
  const passkey = await findPasskey(core.db, Buffer.from(shown.id, "base64url"));
  if (!passkey) throw new PasskeyRefused("unknown_passkey", null);
  const { userId: ownerId } = passkey;
  if (!isOwners(shown, ownerId, userId)) throw new PasskeyRefused("other_account", ownerId);
  const checked = await verifyAssertion(shown, {
    ...{ relyingParty, passkey, challenge: answered.challenge },
    requiresUserVerification: binding.purpose !== "second_factor",
  });
  if (typeof checked === "string") throw new PasskeyRefused(checked, ownerId);
  return { ...answered, passkey, checked };
}

/** Whose it is must be said by the device where nothing else says it, and must fit where it is. */
function isOwners({ response }: PasskeyAssertion, ownerId: string, wantedId: string | null): boolean {
  if (wantedId !== null && wantedId !== ownerId) return false;
  const { userHandle } = response;
  return userHandle ? userHandle === toUserHandle(ownerId) : wantedId !== null;
}

/**
 * The challenge that a browser says it was asked with, if it is one of ours for this and good still.
 *
 * @throws PasskeyRefused
 */
export async function judgeChallenge(
  core: Core,
  clientDataJSON: string,
  binding: ChallengeBinding,
): Promise<PasskeyChallenge> {
  const challenge = readClientData(clientDataJSON)?.challenge ?? "";
  let expiresAt = readPasskeyChallenge(core.passkeyKeys(), binding, challenge);
  if (expiresAt === null) {
    // Another process may have made it with a key that this one has not heard of.
    await core.secretKeys.reread();
    expiresAt = readPasskeyChallenge(core.passkeyKeys(), binding, challenge);
  }
  if (expiresAt === null || expiresAt <= core.clock.now()) throw new PasskeyRefused("old_challenge", null);
  return { challenge, expiresAt };
}

/**
 * Uses a right passkey up, in the transaction of what it opens, which holds the row of its owner.
 *
 * @throws PasskeyRefused where somebody was faster, or the passkey was removed meanwhile, or has a copy
 */
export async function usePasskey(transaction: Queries, { passkey, checked, ...answered }: RightPasskey): Promise<void> {
  const { id, userId } = passkey;
  if (!(await consumePasskeyChallenge(transaction, answered))) throw new PasskeyRefused("used_challenge", userId);
  const noted = await notePasskeyUse(transaction, { id, ...checked });
  if (noted !== "noted") throw new PasskeyRefused(noted === "gone" ? "unknown_passkey" : "counter", userId);
}

/** Counts a passkey that is shown, by where it comes from alone: nobody can guess one. */
export const countPasskey = (core: Core, facts: RequestInfo) => countAtAddress(core, "passkey_address", facts);

interface Refused {
  readonly purpose: string;
  readonly actorId: string | null;
  readonly facts: RequestInfo;
}

/**
 * Answers a call in which a passkey was refused, and writes down why, after what the refusal undid. A passkey of which there is a copy is told
 * to its owner. Whatever else went wrong is thrown as it is.
 */
export async function refusePasskey(core: Core, error: unknown, { purpose, actorId, facts }: Refused): Promise<never> {
  if (!(error instanceof PasskeyRefused)) throw error;
  const { because, ownerId } = error;
  await core.db.transaction().execute(async (transaction) => {
    const about = { ...facts, actorId, subjectId: ownerId };
    await recordEvent(transaction, { event: "passkey_refused", purpose, because }, about);
    if (because === "counter" && ownerId !== null)
      await keepNotice(core, transaction, { userId: ownerId, kind: "passkey_copied", facts });
  });
  throw passkeyRefused(error);
}

/**
 * The refusal of a passkey: the same whatever was wrong, but for a challenge that has run out, and for a passkey that is not known any more,
 * which the browser should stop to offer. Whoever shows one of those has its id, which nobody can guess.
 */
function passkeyRefused({ because }: PasskeyRefused): AuthError {
  if (because === "old_challenge" || because === "used_challenge") {
    return new AuthError("code_expired", "That took too long, or was sent already: begin again", {
      issues: [{ path: ["passkey"], code: "invalid_value", message: "is good no more" }],
    });
  }
  const isUnknown = because === "unknown_passkey";
  return new AuthError("invalid_credentials", isUnknown ? "The passkey is not known here" : "Invalid credentials", {
    issues: [
      isUnknown
        ? { path: ["passkey"], code: "not_found", message: "is not known here" }
        : { path: ["passkey"], code: "incorrect", message: "is not right" },
    ],
  });
}
