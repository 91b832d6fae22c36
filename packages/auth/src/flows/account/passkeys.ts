import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { passkeyChallengeLifetime } from "../../passkeys/passkey-challenge.ts";
import type { PasskeyCreationOptions, PasskeyRegistration, StartedPasskey } from "../../passkeys/passkey-json.ts";
import { deletePasskey, listPasskeys, renamePasskey, type StoredPasskey } from "../../passkeys/passkey-store.ts";
import { raiseAuthentication } from "../../sessions/session-store.ts";
import { markSecondFactor } from "../../users/user-store.ts";
import { withFactor } from "../steps/authentication-methods.ts";
import { requireWayInWithoutPasskeys } from "../steps/change-factors.ts";
import { countPasskey, refusePasskey } from "../steps/check-passkey.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { askForNewPasskey, checkRegistration, enrollPasskey } from "../steps/enroll-passkey.ts";
import { endOtherSessions } from "../steps/enroll-totp.ts";
import { forbidTestAccount } from "../steps/forbid-test-account.ts";
import { forbidWhileHeld } from "../steps/forbid-while-held.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { lockOwnAccount, lockOwner } from "../steps/lock-owner.ts";
import { type FactorEnrolled, makeMissingCodes } from "../steps/make-recovery-codes.ts";
import { requireMoreThanCode } from "../steps/more-than-code.ts";
import { ownerMaxAge } from "../steps/recent-authentication.ts";
import { sessionEnded } from "../steps/session-ended.ts";

/** One of the caller's passkeys; never its key. */
export interface OwnPasskey {
  readonly id: string;
  /** Its owner's name for it. */
  readonly name: string;
  readonly createdAt: Date;
  /** Null for one that was never used since. */
  readonly lastUsedAt: Date | null;
  /** Whether its maker keeps a copy, so that it outlives the device. */
  readonly isBackedUp: boolean;
}

const toOwn = ({ id, name, createdAt, lastUsedAt, isBackedUp }: StoredPasskey): OwnPasskey => ({
  ...{ id, name, createdAt, lastUsedAt, isBackedUp },
});

/** The caller's passkeys, the oldest first. */
export async function listOwnPasskeys(core: Core, { user }: Principal): Promise<OwnPasskey[]> {
  return (await listPasskeys(core.db, user.id)).map(toOwn);
}

const bindingOf = ({ session }: Principal) => ({ purpose: "add", boundTo: session.id }) as const;

/**
 * What the caller's browser is to be asked so that it makes a passkey. Nothing is kept before `addPasskey`.
 *
 * @throws AuthError `reauthentication_required`; `permission_denied` where there are no passkeys, for somebody who has too many, for the account
 * of a test number, and for a session of less than three days whose owner has shown nothing but a code that was sent
 */
export async function startPasskey(core: Core, caller: Principal): Promise<StartedPasskey<PasskeyCreationOptions>> {
  await requireMoreThanCode(core, caller);
  await forbidTestAccount(core.db, caller.user.id);
  return askForNewPasskey(core, { ...bindingOf(caller), userId: caller.user.id });
}

export interface AddPasskeyInput {
  /** What the browser answered. */
  readonly passkey: PasskeyRegistration;
  /** What to call it; after the browser if not said. */
  readonly name?: string | undefined;
}

export interface PasskeyAdded extends FactorEnrolled {
  readonly passkey: OwnPasskey;
}

/**
 * Gives the caller's account the passkey that their browser has made, by which they sign in from now on without a name or a password. Where it
 * is the first factor beside a password or a code, their other sessions end. Who has no recovery codes gets them with the answer.
 *
 * @throws AuthError `invalid_credentials` for an answer that is not right, `code_expired`, `reauthentication_required`, `permission_denied`,
 * `rate_limited`, `session_ended`
 */
export async function addPasskey(
  core: Core,
  caller: Principal,
  { passkey: shown, name }: AddPasskeyInput,
  facts: RequestInfo,
): Promise<PasskeyAdded> {
  const { user, session } = caller;
  // From its start on somebody may take as long as the challenge is good.
  const { isByCodeAlone } = await requireMoreThanCode(core, caller, ownerMaxAge + passkeyChallengeLifetime);
  const admission = await countPasskey(core, facts);
  try {
    const right = await checkRegistration(core, shown, { ...bindingOf(caller), userId: user.id });
    return await core.db.transaction().execute(async (transaction) => {
      const account = await lockOwnAccount(core, transaction, caller);
      forbidWhileHeld(account);
      const passkey = await enrollPasskey(core, transaction, { account, right, name, keep: session.id, facts });
      if (!(await raiseAuthentication(transaction, session.id, withFactor(session, "passkey")))) throw sessionEnded();
      const missing = { account, sessionId: session.id, isByCodeAlone, facts };
      const recoveryCodes = await makeMissingCodes(core, transaction, missing);
      await core.throttle.settle(transaction, admission.counted);
      return { passkey: toOwn(passkey), recoveryCodes };
    });
  } catch (error) {
    return refusePasskey(core, error, { purpose: "add", actorId: user.id, facts });
  }
}

/** Gives one of the caller's passkeys another name. Throws AuthError `not_found`, `session_ended`. */
export async function renameOwnPasskey(
  core: Core,
  caller: Principal,
  { id, name }: { readonly id: string; readonly name: string },
  facts: RequestInfo,
): Promise<void> {
  const { user } = caller;
  await core.db.transaction().execute(async (transaction) => {
    await lockOwner(transaction, caller);
    if (!(await renamePasskey(transaction, { userId: user.id, id, name }))) throw noSuchPasskey();
    await recordEvent(transaction, { event: "passkey_renamed" }, { ...facts, actorId: user.id, subjectId: user.id });
  });
}

/**
 * Takes one of the caller's passkeys away, and ends their other sessions: one that it opened may be on the device that was lost. The last way
 * into an account stays, and so does the last factor of one that needs one.
 *
 * @throws AuthError `reauthentication_required`, `session_ended`, `not_found`, `permission_denied`
 */
export async function removePasskey(core: Core, caller: Principal, id: string, facts: RequestInfo): Promise<void> {
  const { user, session } = caller;
  await requireMoreThanCode(core, caller);
  await core.db.transaction().execute(async (transaction) => {
    const account = await lockOwnAccount(core, transaction, caller);
    forbidWhileHeld(account);
    if (!(await deletePasskey(transaction, { userId: user.id, id }))) throw noSuchPasskey();
    const isLast = (await listPasskeys(transaction, user.id)).length === 0;
    if (isLast) requireWayInWithoutPasskeys(account);
    if (isLast && !account.factors.hasTotp) await markSecondFactor(transaction, user.id, false);
    const sessionsEnded = await endOtherSessions(core, transaction, { userId: user.id, keep: session.id, facts });
    const about = { ...facts, actorId: user.id, subjectId: user.id };
    await recordEvent(transaction, { event: "passkey_removed", sessionsEnded }, about);
    await keepNotice(core, transaction, { userId: user.id, kind: "passkey_removed", facts });
  });
}

function noSuchPasskey(): AuthError {
  return new AuthError("not_found", "There is no such passkey");
}
