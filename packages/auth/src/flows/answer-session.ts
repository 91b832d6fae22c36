import { toNumericDate } from "../clock.ts";
import type { RefreshToken } from "../sessions/refresh-token.ts";
import type { User } from "../users/user.ts";
import type { Core } from "./core.ts";
import { issueToken } from "./issue-token.ts";

/** What a person gets at sign-in and at every refresh: the token for every call, and the one that renews it. */
export interface SessionAnswer {
  /** The access token, for `Authorization: Bearer`. */
  readonly token: string;
  readonly tokenType: "Bearer";
  readonly expiresAt: Date;
  /** Good until it is used; keep it as safe as a password. */
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
  readonly user: User;
}

export interface AnsweredSession {
  readonly user: User;
  readonly session: { readonly id: string; readonly expiresAt: Date };
  readonly idleExpiresAt: Date;
  readonly refreshToken: RefreshToken;
}

/** Issues the tokens of a session. */
export async function answerSession(
  core: Core,
  { user, session, idleExpiresAt, refreshToken }: AnsweredSession,
): Promise<SessionAnswer> {
  const notAfter = toNumericDate(session.expiresAt);
  const { token, expiresAt } = await issueToken(core, { user, sessionId: session.id, notAfter });
  return {
    token,
    tokenType: "Bearer",
    expiresAt,
    refreshToken: refreshToken.text,
    refreshExpiresAt: idleExpiresAt,
    user,
  };
}
