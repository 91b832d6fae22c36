import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { prolongWaitingCodes } from "../../one-time-codes/recovery-code-store.ts";
import { type FormerPassword, findFormerPassword, setHold } from "../../passwords/former-password-store.ts";
import { prolongChanges } from "../../pending-changes/pending-change-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import { lockUser, prolongOpening } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { readName } from "../steps/find-named.ts";
import { nobody } from "../steps/gate.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { recordExhausted } from "../steps/record-exhausted.ts";
import { refundOnFailure } from "../steps/refund-on-failure.ts";
import { countSignIn, type PassingDevices, type SignInAdmission } from "./count-sign-in.ts";

export interface HoldResetInput {
  /** A name of the account. */
  readonly username: string;
  /** The password from before the reset. */
  readonly password: string;
  /** What a sign-in with this device answered before the reset. */
  readonly deviceMark?: string | undefined;
  /** Lets go on what was held. */
  readonly release?: boolean | undefined;
}

export interface HeldReset {
  /** When it goes on at the latest; null once it goes on. */
  readonly heldUntil: Date | null;
}

/**
 * Holds a reset that a code has made, with the password from before it and on a device that was known before it: until 14 days after the
 * reset no name, recovery code or second factor changes by it. It opens nothing and ends nothing, so that an owner who made the reset
 * themselves goes on in their account; a recovery code or an administrator's code ends it at once. Whatever does not fit (no such account,
 * no reset, another password or device) is refused alike, after the same work.
 *
 * @throws AuthError `invalid_credentials`, `rate_limited`, `overloaded`, `invalid_input` for digits that are two phone numbers
 */
export async function holdReset(core: Core, input: HoldResetInput, facts: RequestInfo): Promise<HeldReset> {
  const { username, password, deviceMark, release = false } = input;
  const network = toNetwork(facts.address);
  core.passwords.assertCapacity(network);
  const identifier = readName(core, username, "username");
  const attempt = { typed: username, identifier, deviceMark, facts };
  const admission = await countSignIn(core, attempt, devicesOfBefore(core, deviceMark));
  const former = await findFormerPassword(core.db, admission.account?.id ?? nobody);
  const fitting = findFitting(admission, former);
  const verify = () => core.passwords.verify(password, fitting?.password ?? null, network);
  const { matches } = await refundOnFailure(core, admission, verify);
  const set = (transaction: Queries) =>
    hold(core, transaction, { former: fitting, isHeld: !release, admission, facts });
  const until = matches ? await core.db.transaction().execute(set) : null;
  if (!until) return refuse(core, admission, facts);
  return { heldUntil: release ? null : until };
}

function devicesOfBefore(core: Core, deviceMark: string | undefined): PassingDevices {
  return {
    async find(account) {
      const former = await findFormerPassword(core.db, account?.id ?? nobody);
      return findKnownDevice(core, former && { ...former, id: former.userId }, deviceMark);
    },
    limits: ["hold_reset_device", "hold_reset_account"],
  };
}

/** The password from before, where its account is in use, the device is of before as well, and there are guesses left. */
function findFitting(
  { account, deviceId, isLocked }: SignInAdmission,
  former: FormerPassword | null,
): FormerPassword | null {
  return account?.isActive && deviceId !== null && !isLocked ? former : null;
}

interface ToHold {
  readonly former: FormerPassword | null;
  readonly isHeld: boolean;
  readonly admission: SignInAdmission;
  readonly facts: RequestInfo;
}

/** Null where there is nothing to hold any more. */
async function hold(core: Core, transaction: Queries, toHold: ToHold): Promise<Date | null> {
  const { former, isHeld, admission, facts } = toHold;
  if (!former || !(await lockUser(transaction, former.userId))) return null;
  const { userId } = former;
  const until = await setHold(transaction, former, isHeld);
  if (!until) return null;
  const about = { ...facts, actorId: null, subjectId: userId };
  if (isHeld) {
    await prolongChanges(transaction, userId, until);
    await prolongWaitingCodes(transaction, userId, until);
    await prolongOpening(transaction, userId, until);
    await keepNotice(core, transaction, { userId, kind: "password_reset_held", facts });
    await recordEvent(transaction, { event: "password_reset_held", until: until.toISOString() }, about);
  } else await recordEvent(transaction, { event: "password_reset_released" }, about);
  await core.throttle.settle(transaction, admission.counted);
  return until;
}

async function refuse(core: Core, admission: SignInAdmission, facts: RequestInfo): Promise<never> {
  const about = { ...facts, actorId: null, subjectId: admission.account?.id ?? null };
  await core.db.transaction().execute(async (transaction) => {
    await recordEvent(transaction, { event: "password_reset_hold_refused" }, about);
    await recordExhausted(transaction, admission, about);
  });
  throw new AuthError("invalid_credentials", "Invalid credentials");
}
