import { AuthError } from "../../errors.ts";
import { toNetwork } from "../../throttling/address.ts";
import { readBearerToken } from "../../tokens/bearer.ts";
import type { OwnToken, VerifiedToken } from "../../tokens/verified-tokens.ts";
import type { Core, Principal, RequestInfo, StoredCaller } from "../steps/core.ts";
import { sessionEnded } from "../steps/session-ended.ts";
import { adoptDjangoToken, requireGoodAdoption } from "./adopt-django-token.ts";
import { requireAcceptedKind, requireAudience } from "./verify-token.ts";

/**
 * Finds out who makes a call from its `Authorization` headers. The signature may be remembered; the session, the user and the
 * key are read from the database every time, so that whatever ends them is in force on the next call.
 *
 * @throws AuthError `token_missing`, `token_invalid`, `token_expired`, `session_ended`, `account_disabled`
 */
export async function authenticate(
  core: Core,
  authorization: readonly string[],
  facts: RequestInfo = fromNowhere,
): Promise<Principal> {
  const token = readBearerToken(authorization);
  if (token === null) throw new AuthError("token_missing", "This call needs a bearer token: sign in first");
  const verified = await core.verifyToken(token, toNetwork(facts.address));
  requireAudience(verified, core.options.tokens.audience, core.options);
  return findCaller(core, verified, facts);
}

/** A call of which nobody knows where it comes from. */
export const fromNowhere: RequestInfo = { requestId: null, address: null, userAgent: null };

/** The caller whom a verified token stands for, if the session and the account are still good. */
export async function findCaller(core: Core, token: VerifiedToken, facts: RequestInfo): Promise<Principal> {
  requireAcceptedKind(token, core.options);
  const caller = (await core.readCaller(token)) ?? (await adoptDjangoToken(core, token, facts));
  const good = requireGoodCaller(token, caller);
  if (caller) await requireGoodAdoption(core, token, caller);
  if (caller?.isTouchDue) core.touchSession(good.session.id);
  if (isFirstUse(token, caller)) await core.noteUse({ sessionId: good.session.id, rotation: token.rotation });
  return good;
}

/** Whether the token shows for the first time that its refresh was answered. An older one says nothing of that, however new it is. */
function isFirstUse(token: VerifiedToken, caller: StoredCaller | null): token is OwnToken & { rotation: number } {
  return token.kind === "own" && token.rotation !== null && token.rotation === caller?.unusedRotation;
}

function requireGoodCaller(token: VerifiedToken, caller: StoredCaller | null): Principal {
  if (caller && !caller.isKeyAccepted) throw new AuthError("token_invalid", "The token is not valid");
  if (caller && token.userId !== null && token.userId !== caller.user.id) {
    throw new AuthError("token_invalid", "The token is not valid");
  }
  if (caller && !caller.user.isActive) throw new AuthError("account_disabled", "The account is disabled");
  if (!caller?.isLive) throw sessionEnded();
  return { user: caller.user, session: caller.session, isPhoneProofDue: caller.isPhoneProofDue };
}
