import { AuthError } from "../../errors.ts";
import { askBlacklist, blacklist } from "../../imported-users/blacklist-store.ts";
import { lockSource } from "../../imported-users/round-store.ts";
import { deriveAdopted, type RefreshToken } from "../../sessions/refresh-token.ts";
import type { Queries } from "../../storage/database.ts";
import { adoptedSessionId, type RefreshingToken, verifySimplejwtRefresh } from "../../tokens/django-token.ts";
import { adopt, endOf, refused, requireOldTokensAccepted, sourceOf } from "./adopt-old-token.ts";
import type { Core, RequestInfo } from "./core.ts";

/**
 * Gives a refresh token of djangorestframework-simplejwt a session at its first use here, and answers what stands for it from then on. Used
 * again it is judged as every refresh token: it has one session, which ends with its own `exp` at the latest. Null for any other text.
 *
 * @throws AuthError `refresh_token_invalid`, `session_ended`, `account_disabled`
 */
export async function adoptRefreshToken(core: Core, text: string, facts: RequestInfo): Promise<RefreshToken | null> {
  const { django } = core.options;
  if (!django || !text.includes(".")) return null;
  try {
    requireOldTokensAccepted(core.options);
    const token = await verifySimplejwtRefresh(text, Buffer.from(django.secretKey), core.options.clock);
    const sessionId = adoptedSessionId(text);
    const standIn = deriveAdopted(core.adoptedKey(), sessionId, text);
    // A session that is there already is judged by the chain of its tokens alone.
    if (!(await core.readCaller({ sessionId, kid: null })))
      await open(core, { token, sessionId, refreshHash: standIn.hash, facts });
    return standIn;
  } catch (error) {
    throw toRefusal(error);
  }
}

interface Opening {
  readonly token: RefreshingToken;
  readonly sessionId: string;
  readonly refreshHash: Buffer;
  readonly facts: RequestInfo;
}

async function open(core: Core, { token, sessionId, refreshHash, facts }: Opening): Promise<void> {
  const longest = token.issuedAt.getTime() + core.options.sessions.lifetime * 1000;
  const expiresAt = new Date(Math.min(endOf(token).getTime(), longest));
  await adopt(core, { sessionId, django: token, refreshHash, expiresAt, facts }, async (transaction) => {
    // Under the lock of the source that opening took: no round ends meanwhile.
    const verdict = await askBlacklist(transaction, sourceOf(core), token.id);
    if (verdict !== "good") throw refused(verdict);
  });
}

/** An old refresh token whose holder has signed out. */
export interface OldRefreshToken {
  /** The session that it has, or would have had. */
  readonly sessionId: string;
  /** Has it open no session any more. It belongs into the transaction that ends the one that it may have. */
  withdraw(transaction: Queries): Promise<void>;
}

/** Reads a refresh token of djangorestframework-simplejwt, be it good here or not; null for any other text, and when it has expired. */
export async function findOldRefreshToken(core: Core, text: string): Promise<OldRefreshToken | null> {
  const { django, clock } = core.options;
  if (!django || !text.includes(".")) return null;
  const token = await verifySimplejwtRefresh(text, Buffer.from(django.secretKey), clock).catch(unlessRefused);
  if (!token) return null;
  return {
    sessionId: adoptedSessionId(text),
    async withdraw(transaction) {
      // Whoever is just being given the session has it before, to be ended, or is refused after.
      await lockSource(transaction, sourceOf(core));
      await blacklist(transaction, sourceOf(core), { id: token.id, expiresAt: endOf(token) });
    },
  };
}

function unlessRefused(error: unknown): null {
  if (isOfToken(error)) return null;
  throw error;
}

/** As of any other refresh token that is none: why stays in the cause. */
function toRefusal(error: unknown): unknown {
  if (!isOfToken(error)) return error;
  return new AuthError("refresh_token_invalid", "The refresh token is not valid", { cause: error.cause });
}

const isOfToken = (error: unknown): error is AuthError =>
  error instanceof AuthError && ["token_invalid", "token_expired"].includes(error.code);
