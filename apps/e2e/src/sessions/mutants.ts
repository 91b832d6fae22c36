import type { Auth } from "@latchkey/auth";
import { type TestDatabase, testSecret } from "@latchkey/auth/testing";
import { deriveKey } from "../../../../packages/auth/src/secrets.ts";
import {
  createRefreshToken,
  deriveSuccessor,
  parseRefreshToken,
} from "../../../../packages/auth/src/sessions/refresh-token.ts";

const key = deriveKey(testSecret, "refresh-tokens");

/** A core that draws successors at random: a repeat within the grace time gets another one, and the first is worth nothing. */
export function drawSuccessors(core: Auth, database: TestDatabase): Auth {
  const setHash = (sessionId: string, hash: Buffer) =>
    database.query("update latchkey.sessions set refresh_hash = $2 where id = $1", [sessionId, hash]);
  return {
    ...core,
    async refresh(text, facts) {
      const presented = parseRefreshToken(key, text);
      // For the real core to see a repeat of its own kind.
      await database.query(
        "update latchkey.sessions set refresh_hash = $3 where id = $1 and previous_refresh_hash = $2",
        [presented.sessionId, presented.hash, deriveSuccessor(key, presented).hash],
      );
      const answer = await core.refresh(text, facts);
      const drawn = createRefreshToken(key, presented.sessionId);
      await setHash(presented.sessionId, drawn.hash);
      return { ...answer, refreshToken: drawn.text };
    },
  };
}

/** A core that takes any token that it ever issued for the newest one. */
export function takeOldTokens(core: Auth, database: TestDatabase): Auth {
  return {
    ...core,
    async refresh(text, facts) {
      const { sessionId, hash } = parseRefreshToken(key, text);
      await database.query(
        "update latchkey.sessions set refresh_hash = $2 where id = $1 and rotated_at < latchkey.now() - interval '30 s'",
        [sessionId, hash],
      );
      return core.refresh(text, facts);
    },
  };
}

/** A core that lets whoever is signed out go on for the rest of their access token. */
export function letEndedSessionsIn(core: Auth, database: TestDatabase): Auth {
  return {
    ...core,
    async authenticate(authorization) {
      await database.query("update latchkey.sessions set ended_at = null, end_reason = null");
      return core.authenticate(authorization);
    },
  };
}

/** A core that takes a refresh's answer for lost as long as nobody has presented the refresh token in it. */
export function overlookUse(core: Auth, database: TestDatabase): Auth {
  return {
    ...core,
    async refresh(text, facts) {
      const { sessionId } = parseRefreshToken(key, text);
      await database.query(
        "update latchkey.sessions set unused_since = rotated_at where id = $1 and unused_since is null and rotated_at is not null",
        [sessionId],
      );
      return core.refresh(text, facts);
    },
  };
}

/** A core that takes any access token of a session for a sign that its last refresh was answered. */
export function takeOldTokensForUse(core: Auth, database: TestDatabase): Auth {
  return {
    ...core,
    async authenticate(authorization, facts) {
      const caller = await core.authenticate(authorization, facts);
      await database.query("update latchkey.sessions set unused_since = null where id = $1", [caller.session.id]);
      return caller;
    },
  };
}
