import { randomUUIDv7 } from "node:crypto";
import { toNumericDate } from "../clock.ts";
import { createRefreshToken } from "../sessions/refresh-token.ts";
import { insertSession } from "../sessions/session-store.ts";
import type { Queries } from "../storage/database.ts";
import type { User } from "../users/user.ts";
import type { Core, RequestFacts } from "./core.ts";
import { issueToken } from "./issue-token.ts";

/** What a person gets at sign-in: the token for every call, and the one that renews it. */
export interface SessionAnswer {
  /** The access token, for `Authorization: Bearer`. */
  readonly token: string;
  readonly tokenType: "Bearer";
  readonly expiresAt: Date;
  /** Good until used once; keep it as safe as a password. */
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
  readonly user: User;
}

/** Opens a session for a user inside the caller's transaction, and issues its tokens. */
export async function openSession(
  core: Core,
  transaction: Queries,
  { user, facts }: { user: User; facts: RequestFacts },
): Promise<SessionAnswer> {
  const id = randomUUIDv7();
  const refreshToken = createRefreshToken(core.refreshKey, id);
  const { idleExpiresAt, expiresAt } = await insertSession(transaction, {
    id,
    userId: user.id,
    refreshHash: refreshToken.hash,
    lifetimes: { absolute: core.options.sessions.lifetime, idle: core.options.sessions.idleLifetime },
    address: facts.address,
    userAgent: facts.userAgent,
  });
  const issued = await issueToken(core, { user, sessionId: id, notAfter: toNumericDate(expiresAt) });
  return {
    token: issued.token,
    tokenType: "Bearer",
    expiresAt: issued.expiresAt,
    refreshToken: refreshToken.text,
    refreshExpiresAt: idleExpiresAt,
    user,
  };
}
