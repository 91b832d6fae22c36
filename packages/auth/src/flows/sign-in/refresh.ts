import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { judgeRefreshToken, type Verdict } from "../../sessions/refresh-chain.ts";
import { deriveSuccessor, type RefreshToken } from "../../sessions/refresh-token.ts";
import { tellSessions } from "../../sessions/session-listener.ts";
import { endSession, type LockedChain, lockChain } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import { lockUser } from "../../users/user-store.ts";
import { adoptRefreshToken } from "../steps/adopt-refresh-token.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { findRefreshToken } from "../steps/find-refresh-token.ts";
import { type AnsweredSession, issueSessionTokens, type TokenResponse } from "../steps/issue-session-tokens.ts";
import { limitForgedTokens } from "../steps/limit-forged-tokens.ts";
import { forgetDeviceOfSession } from "../steps/remembered-device.ts";
import { type RotatedSession, replaceRefreshToken, rotateSession } from "../steps/rotate-session.ts";
import { sessionEnded } from "../steps/session-ended.ts";

/**
 * Exchanges a refresh token for its successor and a new access token. The same token within the grace time gets the same
 * successor, so that an answer that was lost is had by asking again and several tabs never part ways. After it, a token that was
 * used before is answered while nobody has used what it was answered, and then with another successor in the lost one's place.
 * Any other that was used before is in two hands: the session ends.
 *
 * @throws AuthError `refresh_token_invalid`, `refresh_token_reused`, `session_ended`, `account_disabled`, `rate_limited`, and
 * `unavailable` for a token of before a password change a moment ago: the tab that asks has not heard of it
 */
export async function refresh(core: Core, refreshToken: string, facts: RequestInfo): Promise<TokenResponse> {
  const presented = await readRefreshToken(core, refreshToken, facts);
  const answered = await core.rotationLanes.run(presented.sessionId, () => exchange(core, presented, facts));
  return issueSessionTokens(core, answered);
}

async function exchange(core: Core, presented: RefreshToken, facts: RequestInfo): Promise<AnsweredSession> {
  const successor = deriveSuccessor(core.refreshKeys()[0], presented);
  const rotated = await rotateSession(core, core.db, { presented: presented.hash, successor, facts });
  if (rotated) return { ...rotated, refreshToken: successor };
  // It holds a connection for several statements, and whoever has such a token may send it as often as they like.
  return core.refreshLanes.run(toNetwork(facts.address), () => answerAgain(core, presented, facts));
}

async function readRefreshToken(core: Core, text: string, facts: RequestInfo): Promise<RefreshToken> {
  try {
    const token = (await adoptRefreshToken(core, text, facts)) ?? (await findRefreshToken(core, text));
    if (token) return token;
    throw new AuthError("refresh_token_invalid", "The refresh token is not valid");
  } catch (error) {
    if (isRefused(error)) await limitForgedTokens(core, "refresh_address", facts);
    throw error;
  }
}

const isRefused = (error: unknown) => error instanceof AuthError && error.code === "refresh_token_invalid";

/** Looks at the whole chain of a genuine token that is not simply the present one: answers it after all, or says why not. */
async function answerAgain(core: Core, presented: RefreshToken, facts: RequestInfo): Promise<AnsweredSession> {
  const caller = await core.readCaller({ sessionId: presented.sessionId, kid: null });
  if (caller?.isLive && !caller.user.isActive) throw new AuthError("account_disabled", "The account is disabled");
  let outcome = await judge(core, { presented, facts, isLast: false });
  if (outcome === "unknown") {
    // Another process may have gone on with a key that this one has not heard of.
    await core.secretKeys.reread();
    outcome = await judge(core, { presented, facts, isLast: !core.secretKeys.isBlind("refresh-tokens") });
  }
  if (outcome === "session_ended") throw sessionEnded();
  if (outcome === "wait" || outcome === "unknown")
    throw new AuthError("unavailable", "The session has just got another token", { retryAfter: 1 });
  if (outcome === "reused") {
    if (caller) await forgetDevice(core, { userId: caller.user.id, sessionId: presented.sessionId, facts });
    throw new AuthError("refresh_token_reused", "The refresh token was used before: the session has been ended");
  }
  return outcome;
}

interface Judging {
  readonly presented: RefreshToken;
  readonly facts: RequestInfo;
  /** Whether all keys are known with which the chain may have gone on. */
  readonly isLast: boolean;
}

type Outcome = AnsweredSession | "session_ended" | "wait" | "reused" | "unknown";

async function judge(core: Core, { presented, facts, isLast }: Judging): Promise<Outcome> {
  const { sessions } = core.options;
  return core.db.transaction().execute(async (transaction) => {
    const chain = await lockChain(transaction, { id: presented.sessionId, userAgent: facts.userAgent, ...sessions });
    if (!chain) return "session_ended";
    const verdict = judgeRefreshToken(core.refreshKeys(), chain, presented);
    if (!isLast && (verdict.kind === "wait" || verdict.kind === "reuse")) return "unknown";
    if (verdict.kind === "wait") return "wait";
    if (verdict.kind === "reuse") return endReused(transaction, chain, facts);
    return carryOut(core, transaction, { verdict, chain, presented, facts });
  });
}

async function endReused(transaction: Queries, chain: LockedChain, facts: RequestInfo): Promise<"reused"> {
  const { sessionId, userId } = chain;
  await endSession(transaction, { id: sessionId, reason: "refresh_token_reused" });
  const happened = { event: "refresh_token_reused", sessionId } as const;
  await recordEvent(transaction, happened, { ...facts, actorId: null, subjectId: userId });
  return "reused";
}

/** Whoever has a copy of a session's token may have one of the mark that stands for the second factor on its device. */
async function forgetDevice(
  core: Core,
  { userId, sessionId, facts }: { userId: string; sessionId: string; facts: RequestInfo },
): Promise<void> {
  await core.db.transaction().execute(async (transaction) => {
    await lockUser(transaction, userId);
    if (!(await forgetDeviceOfSession(transaction, userId, sessionId))) return;
    const about = { ...facts, actorId: null, subjectId: userId };
    await recordEvent(transaction, { event: "remembered_device_ended" }, about);
  });
}

interface Answering {
  readonly verdict: Exclude<Verdict, { readonly kind: "wait" | "reuse" }>;
  readonly chain: LockedChain;
  readonly presented: RefreshToken;
  readonly facts: RequestInfo;
}

async function carryOut(
  core: Core,
  transaction: Queries,
  { verdict, chain, presented, facts }: Answering,
): Promise<AnsweredSession | "session_ended"> {
  const { successor, kind } = verdict;
  if (kind === "reissue" || (kind === "rotate" && verdict.isLate)) await recordLateAnswer(transaction, chain, facts);
  const rotated =
    kind === "repeat"
      ? await rotateSession(core, transaction, { presented: presented.hash, successor, facts })
      : await replace(core, transaction, { kind, previous: presented.hash, next: successor, facts });
  return rotated ? { ...rotated, refreshToken: successor } : "session_ended";
}

interface Replacing {
  readonly kind: "rotate" | "reissue";
  readonly previous: Buffer;
  readonly next: RefreshToken;
  readonly facts: RequestInfo;
}

async function replace(
  core: Core,
  transaction: Queries,
  { kind, ...replacement }: Replacing,
): Promise<RotatedSession | null> {
  const isAgain = kind === "reissue";
  const use = isAgain ? "still awaited" : "awaited";
  const rotated = await replaceRefreshToken(core, transaction, { ...replacement, use });
  if (rotated) tellSessions(transaction, { change: "refreshed", how: isAgain ? "answered_again" : "rotated" });
  return rotated;
}

/** Somebody may have two people's tokens in hand: an administrator can see where both answers went. */
async function recordLateAnswer(transaction: Queries, chain: LockedChain, facts: RequestInfo): Promise<void> {
  const { sessionId, userId, address: previousAddress } = chain;
  const happened = { event: "refresh_answered_again", sessionId, previousAddress } as const;
  await recordEvent(transaction, happened, { ...facts, actorId: null, subjectId: userId });
}
