import type { AuthorizationCodeRefusal } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  type AuthorizationCode,
  insertAuthorizationCode,
  noteOpenedSession,
  type UsedAuthorizationCode,
  useAuthorizationCode,
} from "../../one-time-codes/authorization-code-store.ts";
import { equalInConstantTime, sha256 } from "../../secrets.ts";
import { endSession, readAuthenticationAge } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { findUser } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { countAtAddress } from "../steps/count-at-address.ts";
import { type GateAccount, readGateAccount } from "../steps/gate.ts";
import {
  type AnsweredSession,
  answerSignIn,
  type SignedInDevice,
  type SignInAnswer,
} from "../steps/issue-session-tokens.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { lockOwner } from "../steps/lock-owner.ts";
import { openSession } from "../steps/open-session.ts";
import { reauthenticationRequired } from "../steps/recent-authentication.ts";
import { unlessUndone } from "../steps/refund-on-failure.ts";
import { readSourceSession, type SourceSession } from "../steps/source-session.ts";
import { tellHook } from "../steps/tell-hooks.ts";

export interface StartRedirectInput {
  /** The app, by its id in the configuration. */
  readonly clientId: string;
  /** One of the app's own, checked by whoever calls this; the exchange has to name the same. */
  readonly redirectUri: string;
  /** The base64url of the SHA-256 of the verifier (RFC 7636 §4.2, `S256`). */
  readonly codeChallenge: string;
  /** What the tokens of the app are for, one of `tokens.audience`; the service itself unless said. */
  readonly audience?: string | undefined;
  /** Seconds ago at most that the caller must have shown who they are. */
  readonly maxAge?: number | undefined;
}

/**
 * Makes the code with which an app opens a session of its own for somebody who is signed in on the service's pages. It is good for a minute,
 * once, and with its verifier only.
 *
 * @throws AuthError `invalid_input` for a challenge that is none, and for an audience that is none of the list; `reauthentication_required` where
 * the caller has shown it too long ago, or never here; `session_ended`
 */
export async function startRedirect(
  core: Core,
  caller: Principal,
  { clientId, redirectUri, codeChallenge, audience, maxAge }: StartRedirectInput,
): Promise<AuthorizationCode> {
  if (!/^[\w-]{43}$/.test(codeChallenge)) throw invalidInput("codeChallenge", "is not the SHA-256 of a verifier");
  const { audience: own, audiences } = core.options.tokens;
  if (audience !== undefined && !audiences.includes(audience))
    throw invalidInput("audience", "is none that this service issues tokens for");
  const { user, session } = caller;
  const age = await readAuthenticationAge(core.db, session.id);
  if (age === null || (maxAge !== undefined && age > maxAge)) throw reauthenticationRequired(maxAge);
  return core.db.transaction().execute(async (transaction) => {
    await lockOwner(transaction, caller);
    return insertAuthorizationCode(transaction, {
      ...{ userId: user.id, sessionId: session.id, clientId, redirectUri, codeChallenge },
      audience: audience === own ? null : (audience ?? null),
    });
  });
}

export interface SignInByRedirectInput {
  /** What the redirect brought. */
  readonly code: string;
  /** What the challenge was made of. */
  readonly codeVerifier: string;
  readonly clientId: string;
  /** The same as before, to the letter. */
  readonly redirectUri: string;
  readonly deviceMark?: string | undefined;
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string | undefined;
}

/**
 * Opens a session of its own for an app, with the code that a redirect brought. It says of its owner what the session of the pages says, and
 * ends no later. Whatever is wrong, the refusal is the same; a code that is used twice ends the session that it has opened. For an app with an
 * audience of its own the mark of the device is empty.
 *
 * @throws AuthError `code_invalid`, `rate_limited`, `refused_by_hook`, `hook_failed`
 */
export async function signInByRedirect(
  core: Core,
  input: SignInByRedirectInput,
  facts: RequestInfo,
): Promise<SignInAnswer> {
  const admission = await countAtAddress(core, "redirect_address", facts);
  // A hook that undoes it leaves the code as it was, so that the same can be tried once more.
  const done = await unlessUndone(core, admission, () =>
    core.db.transaction().execute(async (transaction) => {
      const used = await useAuthorizationCode(transaction, input.code);
      const outcome = used && (await exchange(core, transaction, { used, input, facts }));
      if (outcome?.opened) await core.throttle.settle(transaction, admission.counted);
      return outcome;
    }),
  );
  if (!done?.opened) throw new AuthError("code_invalid", "The code is not valid: sign in anew");
  const answer = await answerSignIn(core, done.opened, done);
  // A device that is known counts for the account, of which an app with an audience of its own is given nothing.
  return done.opened.audience ? { ...answer, deviceMark: "" } : answer;
}

interface Exchange {
  readonly used: UsedAuthorizationCode;
  readonly input: SignInByRedirectInput;
  readonly facts: RequestInfo;
}

type Outcome = ({ readonly opened: AnsweredSession } & SignedInDevice) | { readonly opened: null };

/** A refusal is an outcome: what it says and ends is kept, and the code stays used. */
async function exchange(core: Core, transaction: Queries, call: Exchange): Promise<Outcome> {
  const { used, input } = call;
  const fault = findFault(used, input);
  if (fault) return refuse(transaction, call, fault);
  const account = await readGateAccount(core, transaction, used.userId, { isLocked: true });
  if (!account?.state.isActive) return refuse(transaction, call, "inactive_account");
  const source = await readSourceSession(core, transaction, used.sessionId);
  if (!source) return refuse(transaction, call, "session_ended");
  return open(core, transaction, { ...call, account, source });
}

function findFault(used: UsedAuthorizationCode, input: SignInByRedirectInput): AuthorizationCodeRefusal | null {
  if (used.uses > 1) return "used_before";
  if (!used.isInTime) return "expired";
  if (used.clientId !== input.clientId) return "wrong_client";
  if (used.redirectUri !== input.redirectUri) return "wrong_redirect";
  return isVerifier(input.codeVerifier, used.codeChallenge) ? null : "wrong_verifier";
}

function isVerifier(verifier: string, challenge: string): boolean {
  const shown = Buffer.from(sha256(Buffer.from(verifier)).toString("base64url"));
  const wanted = Buffer.from(challenge);
  return shown.length === wanted.length && equalInConstantTime(shown, wanted);
}

async function refuse(
  transaction: Queries,
  { used, facts }: Exchange,
  because: AuthorizationCodeRefusal,
): Promise<Outcome> {
  const sessionId = used.openedSessionId;
  // Two have the code, and one of them is not the app.
  const ended = sessionId && (await endSession(transaction, { id: sessionId, reason: "authorization_code_reused" }));
  const { clientId: client, userId: subjectId } = used;
  const happened = { event: "authorization_code_refused", client, because, ...(ended && { sessionId }) } as const;
  await recordEvent(transaction, happened, { ...facts, actorId: null, subjectId });
  return { opened: null };
}

interface Opening extends Exchange {
  readonly account: GateAccount;
  readonly source: SourceSession;
}

async function open(core: Core, transaction: Queries, opening: Opening): Promise<Outcome> {
  const { used, input, facts, account, source } = opening;
  const user = await findUser(transaction, core.profile, account.id);
  if (!user) return refuse(transaction, opening, "inactive_account");
  const { acr, amr, secondsLeft: atMost, remembered, ...shown } = source;
  const { clientId, audience } = used;
  const opened = await openSession(core, transaction, {
    ...{ user, facts, atMost, remembered, by: "redirect", deviceName: input.deviceName },
    authentication: { acr, amr },
    redirect: { clientId, audience, ...shown },
    signIn: { identifier: "none", by: "redirect", client: clientId },
  });
  await noteOpenedSession(transaction, used, opened.session.id);
  await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
  const deviceId = findKnownDevice(core, account, input.deviceMark);
  return { opened, deviceId, deviceEpoch: account.deviceEpoch };
}

function invalidInput(field: string, message: string): AuthError {
  return new AuthError("invalid_input", "The input is not valid", {
    issues: [{ path: [field], code: "invalid_value", message }],
  });
}
