import { recordEvent } from "../../audit/audit-log.ts";
import type { Challenge } from "../../challenges/challenges.ts";
import { AuthError } from "../../errors.ts";
import type { AuthenticationClass } from "../../sessions/authentication.ts";
import { noteReauthentication } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Admission } from "../../throttling/throttle.ts";
import { findAccountById, lockUnchanged, recordProof } from "../../users/user-store.ts";
import { withFactor } from "../steps/authentication-methods.ts";
import { codeRefused, type RightCode, toEvidence, withRightCode } from "../steps/check-code.ts";
import { checkOwnPassword, describeWrong } from "../steps/check-own-password.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { countAtAddress } from "../steps/count-at-address.ts";
import { askGate, readGateAccount } from "../steps/gate.ts";
import { issueSessionTokens, type TokenResponse } from "../steps/issue-session-tokens.ts";
import { requireMoreThanCode } from "../steps/more-than-code.ts";
import { noticeFailures } from "../steps/notice-failures.ts";
import { countOwnTotp, recordOwnRefusal, requireOwnFactor, requireOwnTotp } from "../steps/own-totp.ts";
import { reauthenticationRequired, requireRecently } from "../steps/recent-authentication.ts";
import { recordExhausted } from "../steps/record-exhausted.ts";
import { refundOnFailure } from "../steps/refund-on-failure.ts";
import { reissueRefreshToken } from "../steps/reissue-refresh-token.ts";
import { sessionEnded } from "../steps/session-ended.ts";
import { startChallenge } from "../steps/start-challenge.ts";
import { isTotpRefusal } from "../steps/use-totp.ts";
import { openingOf } from "../steps/way-in.ts";

export interface ReauthenticateInput {
  readonly password: string;
  /** What the authenticator app shows, where there is one. */
  readonly totp?: string | undefined;
}

export interface StartReauthenticationInput {
  /** Where the code goes: to the account's own number or address. */
  readonly current: "phone" | "email";
  readonly locale?: string | undefined;
}

export interface ReauthenticateByCodeInput {
  readonly challenge: string;
  readonly code: string;
  readonly totp?: string | undefined;
}

/**
 * Sends a code to the caller's own number or address, with which they show that it is them. Only where the account has no password.
 *
 * @throws AuthError `invalid_input` where no code shows that, `rate_limited`, `unavailable` without a sender
 */
export async function startReauthentication(
  core: Core,
  { user, session }: Principal,
  { current, locale }: StartReauthenticationInput,
  facts: RequestInfo,
): Promise<Challenge> {
  await countAtAddress(core, "start_code_address", facts);
  const account = await readGateAccount(core, core.db, user.id);
  const address = current === "phone" ? account?.phoneNumber : account?.emailKey;
  const code = current === "phone" ? "phone_code" : "email_code";
  const opens = account && askGate(core, account, [code], "reauthenticate").opens;
  if (!account || !address || (opens !== "session" && opens !== "second_factor")) throw notByCode(current);
  return startChallenge(core, {
    purpose: "reauthenticate",
    target: { kind: current, address },
    typed: address,
    identifier: current,
    userId: user.id,
    sessionId: session.id,
    actorId: user.id,
    isSent: true,
    isKnownDevice: true,
    tellsChannel: true,
    locale,
    facts,
  });
}

/**
 * Notes that the owner of a session has just shown, by the code of their number or address, that it is them. What it authorises has to
 * wait where it touches names, passwords or rights: see `findRecentAuthentication`. Answers new tokens of the session, as {@link reauthenticate}.
 *
 * @throws AuthError `code_invalid`, `code_expired`, `rate_limited`, `session_ended`
 */
export async function reauthenticateByCode(
  core: Core,
  { user, session }: Principal,
  { challenge, code, totp }: ReauthenticateByCodeInput,
  facts: RequestInfo,
): Promise<TokenResponse> {
  const attempt = await countOwnTotp(core, { user, session }, totp);
  const wanted = { challenge, code, purpose: "reauthenticate", sessionId: session.id, actorId: user.id } as const;
  const show = async (transaction: Queries, right: RightCode) => {
    const { holder, target } = right;
    const isOwn = holder?.id === user.id;
    if (!isOwn) throw codeRefused();
    const { opens } = askGate(core, holder, toEvidence(right, null), "reauthenticate");
    if (opens !== "session" && opens !== "second_factor") throw codeRefused();
    const hasFactor = opens === "second_factor";
    if (hasFactor) await requireOwnTotp(core, transaction, holder, attempt);
    await right.consume();
    await noteShown(transaction, session, { by: "code", hasFactor });
    if (!core.challenges.isFixed(target.address)) await recordProof(transaction, user.id, target.kind);
    const about = { ...facts, actorId: user.id, subjectId: user.id };
    await recordEvent(transaction, { event: "reauthenticated", sessionId: session.id, by: "code" }, about);
    return reissueRefreshToken(core, transaction, { sessionId: session.id, facts, isRepaired: true });
  };
  // A one-time password beside a wrong code was not compared, and whoever holds the session could use all of its owner's up by such.
  const movedOn = await refundOnFailure(
    core,
    { counted: attempt?.admission.counted ?? [] },
    () => withRightCode(core, wanted, facts, show),
    (error) => !isTotpRefusal(error),
  );
  return issueSessionTokens(core, movedOn);
}

function notByCode(current: "phone" | "email"): AuthError {
  const message = `no code of the ${current === "phone" ? "number" : "address"} shows that it is you: use the password`;
  return new AuthError("invalid_input", "The input is not valid", {
    issues: [{ path: ["current"], code: "invalid_value", message }],
  });
}

/**
 * Notes that the owner of a session has just shown, in it, that it is them: what needs that goes on for a while. Who has a second factor
 * shows it too. Answers new tokens of the session: its refresh token is drawn anew, and once it or the access token is used, none of before
 * leads to the session any more.
 *
 * @throws AuthError `invalid_credentials`, `second_factor_required`, `code_invalid` for a wrong one-time password, `rate_limited`, `overloaded`, `session_ended`
 */
export async function reauthenticate(
  core: Core,
  { user, session }: Principal,
  { password, totp }: ReauthenticateInput,
  facts: RequestInfo,
): Promise<TokenResponse> {
  core.passwords.assertCapacity(toNetwork(facts.address));
  const account = await findAccountById(core.db, user.id);
  if (!account) throw wrongPassword();
  const { matches, isUsable, admission } = await checkOwnPassword(core, { account, session, password, facts });
  const evidence = matches ? (["password"] as const) : [];
  if (openingOf({ account, hasPassword: isUsable }, evidence, "reauthenticate") !== "session") {
    return refuse(core, { userId: account.id, admission, facts });
  }
  const attempt = await countOwnTotp(core, { user, session }, totp);
  const note = async (transaction: Queries) => {
    // What was checked no longer counts once another password is stored, or the account is disabled.
    const isUnchanged = await lockUnchanged(transaction, { id: account.id, verifiedHash: account.password });
    if (!isUnchanged) throw wrongPassword();
    const hasFactor = await requireOwnFactor(core, transaction, account.id, attempt);
    await noteShown(transaction, session, { by: "password", hasFactor });
    const about = { ...facts, actorId: account.id, subjectId: account.id };
    await recordEvent(transaction, { event: "reauthenticated", sessionId: session.id }, about);
    await core.throttle.settle(transaction, admission.counted);
    return reissueRefreshToken(core, transaction, { sessionId: session.id, facts, isRepaired: true });
  };
  // Whoever is asked for the one-time password besides has shown the right password, which is no guess.
  const isAskedForMore = (error: unknown) => error instanceof AuthError && error.code === "second_factor_required";
  const movedOn = await refundOnFailure(
    core,
    admission,
    () => core.db.transaction().execute(note),
    isAskedForMore,
  ).catch((error: unknown) => recordOwnRefusal(core, { userId: account.id, attempt, error, facts }));
  return issueSessionTokens(core, movedOn);
}

interface ShownNow {
  readonly by: "password" | "code";
  /** Whether what the app shows was right as well: a session of one factor is one of two from then on. */
  readonly hasFactor: boolean;
}

/** @throws AuthError `session_ended` */
async function noteShown(
  transaction: Queries,
  session: Principal["session"],
  { by, hasFactor }: ShownNow,
): Promise<void> {
  const raised = hasFactor ? withFactor(session, "totp") : undefined;
  if (!(await noteReauthentication(transaction, session.id, { by, raised }))) throw sessionEnded();
}

/**
 * Lets a call go on if the owner of its session showed in it that it is them, `maxAge` seconds ago at most: by signing in, or since then. A
 * refresh does not count, and neither does a session that a token of another system opened, or a code of whoever has a password. Read fresh,
 * by the database's clock.
 *
 * @param acr `2`: in a session whose owner has shown two factors
 * @throws AuthError `reauthentication_required`, with `maxAge`, and `acr` where that is asked for
 */
export async function requireRecentAuthentication(
  core: Core,
  caller: Principal,
  maxAge: number,
  acr: AuthenticationClass = "1",
): Promise<void> {
  if (acr === "2" && caller.session.acr !== "2") throw reauthenticationRequired(maxAge, "2");
  await requireRecently(core, caller, maxAge);
}

/**
 * Lets an act of administration go on: on accounts, rights and keys. What a code alone has authorised waits there, as it does for one's own
 * names and factors: whoever borrows an administrator's number must not make others of their own with it.
 *
 * @throws AuthError `reauthentication_required`, with `maxAge`, and `permission_denied`, which says how long to wait
 */
export async function requireToAdminister(core: Core, caller: Principal): Promise<void> {
  await requireMoreThanCode(core, caller);
}

interface Refusal {
  readonly userId: string;
  readonly admission: Admission;
  readonly facts: RequestInfo;
}

async function refuse(core: Core, { userId, admission, facts }: Refusal): Promise<never> {
  const about = { ...facts, actorId: userId, subjectId: userId };
  await core.db.transaction().execute(async (transaction) => {
    await recordEvent(transaction, { event: "reauthentication_refused" }, about);
    await recordExhausted(transaction, admission, about);
    await noticeFailures(core, transaction, { id: userId });
  });
  throw wrongPassword(describeWrong(admission, isWrong));
}

const isWrong = "The password is not right";

function wrongPassword(message = isWrong): AuthError {
  const issues = [{ path: ["password"], code: "incorrect", message: "is not right" }] as const;
  return new AuthError("invalid_credentials", message, { issues });
}
