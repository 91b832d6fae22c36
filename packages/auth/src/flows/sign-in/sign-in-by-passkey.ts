import type { PasskeyAssertion, PasskeyRequestOptions, StartedPasskey } from "../../passkeys/passkey-json.ts";
import type { Queries } from "../../storage/database.ts";
import { recordSignInByCode } from "../../users/user-store.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import {
  askForPasskey,
  checkPasskey,
  countPasskey,
  PasskeyRefused,
  type RightPasskey,
  refusePasskey,
  usePasskey,
} from "../steps/check-passkey.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { askGate, readGateAccount } from "../steps/gate.ts";
import {
  type AnsweredSession,
  answerSignIn,
  type SignedInDevice,
  type SignInAnswer,
} from "../steps/issue-session-tokens.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { openSession } from "../steps/open-session.ts";
import { proveByTicket } from "../steps/proved-name.ts";
import { unlessUndone } from "../steps/refund-on-failure.ts";
import { tellHook } from "../steps/tell-hooks.ts";

/**
 * What a browser is to be asked so that somebody can sign in by a passkey without typing a name. It is the same for everybody, and stores
 * nothing.
 *
 * @throws AuthError `permission_denied` where there are no passkeys
 */
export function startPasskeySignIn(core: Core): Promise<StartedPasskey<PasskeyRequestOptions>> {
  return askForPasskey(core, { ...ofSignIn, userId: null });
}

const ofSignIn = { purpose: "sign_in", boundTo: "" } as const;

export interface SignInByPasskeyInput {
  /** What the browser answered. */
  readonly passkey: PasskeyAssertion;
  readonly deviceMark?: string | undefined;
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string | undefined;
  /** Of `token.obtainByCode` with `next: "another_way"`: with it the passkey proves the number. One that is good no more proves nothing. */
  readonly ticket?: string | undefined;
}

/**
 * Signs in whoever has a passkey, and whose device has made sure that it is them: that is two factors. Whatever is wrong, the refusal is the
 * same, but for what the browser should know: see `passkeyRefused`.
 *
 * @throws AuthError `invalid_credentials`, `code_expired`, `rate_limited`, `permission_denied`, `refused_by_hook`, `hook_failed`
 */
export async function signInByPasskey(
  core: Core,
  { passkey, ...input }: SignInByPasskeyInput,
  facts: RequestInfo,
): Promise<SignInAnswer> {
  const admission = await countPasskey(core, facts);
  try {
    const right = await checkPasskey(core, passkey, { ...ofSignIn, userId: null });
    const { opened, ...device } = await unlessUndone(core, admission, () =>
      core.db.transaction().execute(async (transaction) => {
        const done = await open(core, transaction, { right, ...input, facts });
        await core.throttle.settle(transaction, admission.counted);
        return done;
      }),
    );
    return await answerSignIn(core, opened, device);
  } catch (error) {
    return refusePasskey(core, error, { purpose: "sign_in", actorId: null, facts });
  }
}

interface Opening extends Omit<SignInByPasskeyInput, "passkey"> {
  readonly right: RightPasskey;
  readonly facts: RequestInfo;
}

type Opened = { readonly opened: AnsweredSession } & SignedInDevice;

async function open(core: Core, transaction: Queries, shown: Opening): Promise<Opened> {
  const { right, deviceMark, deviceName, ticket, facts } = shown;
  const { userId } = right.passkey;
  const account = await readGateAccount(core, transaction, userId, { isLocked: true });
  if (!account?.state.isActive) throw new PasskeyRefused("inactive_account", userId);
  if (askGate(core, account, ["passkey"], "sign_in").opens !== "session") {
    throw new PasskeyRefused(account.state.hasPasskey ? "no_way_in" : "unknown_passkey", userId);
  }
  await usePasskey(transaction, right);
  const deviceId = findKnownDevice(core, account, deviceMark);
  const user = await recordSignInByCode(transaction, core.profile, { id: userId, proved: {} });
  if (!user) throw new PasskeyRefused("inactive_account", userId);
  if (ticket !== undefined) await proveByTicket(core, transaction, { ticket, userId, by: "passkey", facts });
  if (deviceId === null && account.lastLogin !== null)
    await keepNotice(core, transaction, { userId, kind: "new_device", facts });
  const authentication = toAuthentication(["passkey"]);
  const signIn = { identifier: "none", by: "passkey" } as const;
  const opening = { user, facts, deviceName, by: "passkey", authentication, signIn } as const;
  const opened = await openSession(core, transaction, opening);
  await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
  return { opened, deviceId, deviceEpoch: account.deviceEpoch };
}
