import { findTokenBefore } from "../../sessions/refresh-chain.ts";
import { createRefreshToken } from "../../sessions/refresh-token.ts";
import { lockChain } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import type { AnsweredSession } from "./issue-session-tokens.ts";
import { replaceRefreshToken } from "./rotate-session.ts";
import { sessionEnded } from "./session-ended.ts";

interface Beginning {
  readonly sessionId: string;
  readonly facts: RequestInfo;
  /**
   * Whether the token of before is answered while nobody has used the new one, as where any answer was lost; otherwise it is good for nothing
   * at once.
   */
  readonly isRepaired: boolean;
}

/**
 * Gives the present session a refresh token that is drawn anew, so that none of before leads to it: one may have been stolen.
 *
 * @throws AuthError `session_ended`
 */
export async function reissueRefreshToken(
  core: Core,
  transaction: Queries,
  { sessionId, facts, isRepaired }: Beginning,
): Promise<AnsweredSession> {
  const { sessions } = core.options;
  const chain = await lockChain(transaction, { id: sessionId, userAgent: facts.userAgent, ...sessions });
  const next = createRefreshToken(core.refreshKeys()[0], sessionId);
  const use = isRepaired ? ("awaited" as const) : ("not asked" as const);
  if (!chain) throw sessionEnded();
  const previous = isRepaired ? findTokenBefore(core.refreshKeys(), chain) : chain.refreshHash;
  const moved = await replaceRefreshToken(core, transaction, { previous, next, facts, use });
  if (!moved) throw sessionEnded();
  return { ...moved, refreshToken: next };
}
