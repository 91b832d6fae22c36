import { LRUCache } from "lru-cache";
import { type Clock, toNumericDate } from "../clock.ts";
import { type AccessTokenClaims, clockLeeway, tokenExpired } from "./access-token.ts";
import type { DjangoToken } from "./django-token.ts";

/** A token that this service issued. */
export interface OwnToken {
  readonly kind: "own";
  readonly sessionId: string;
  readonly userId: string;
  /** The key of the database that vouches for it; null for a key from the settings. */
  readonly kid: string | null;
  /** NumericDate. */
  readonly expiresAt: number;
  /** The rotation of its session that it was issued with; null for one of a version before, which says nothing of that. */
  readonly rotation: number | null;
  readonly claims: AccessTokenClaims;
}

/** A token that the old backend issued; it names no id, and its session is derived from its text. */
export interface DjangoBearer {
  readonly kind: "django";
  readonly sessionId: string;
  readonly userId: null;
  readonly kid: null;
  readonly expiresAt: number;
  readonly django: DjangoToken;
}

export type VerifiedToken = OwnToken | DjangoBearer;

/**
 * Remembers tokens whose signature was found good, by their exact text, so that it is checked once per token and process. It
 * remembers facts about a text, never rights: sessions, users and keys are read fresh on every call.
 */
export function cacheVerifiedTokens(
  verify: (token: string, crowd: string | null) => Promise<VerifiedToken>,
  { clock, capacity = 10_000 }: { clock: Clock; capacity?: number },
): (token: string, crowd?: string | null) => Promise<VerifiedToken> {
  const remembered = new LRUCache<string, VerifiedToken>({ max: capacity });
  const verifying = new Map<string, Promise<VerifiedToken>>();

  /** Calls that bring the same new token at the same time wait for one check. */
  function verifyTogether(token: string, crowd: string | null): Promise<VerifiedToken> {
    const pending = verifying.get(token) ?? verify(token, crowd).finally(() => verifying.delete(token));
    verifying.set(token, pending);
    return pending;
  }

  return async function verifyOnce(token, crowd = null) {
    const known = remembered.get(token);
    if (known && known.expiresAt + clockLeeway > toNumericDate(clock.now())) return known;
    if (known) {
      remembered.delete(token);
      throw tokenExpired();
    }
    const verified = await verifyTogether(token, crowd);
    remembered.set(token, verified);
    return verified;
  };
}
