import { AuthError } from "../../errors.ts";
import type { ResolvedOptions } from "../../options.ts";
import type { Lanes } from "../../throttling/lanes.ts";
import { type CheckInTurn, type FindVerificationKey, verifyAccessToken } from "../../tokens/access-token.ts";
import { adoptedSessionId, looksLikeDjangoToken, verifyDjangoToken } from "../../tokens/django-token.ts";
import { sharedKeyId } from "../../tokens/signing-key.ts";
import { readRotation } from "../../tokens/token-id.ts";
import type { VerifiedToken } from "../../tokens/verified-tokens.ts";
import { requireOldTokensAccepted } from "../steps/adopt-old-token.ts";

export interface TokenVerification {
  readonly options: ResolvedOptions;
  /** Finds a key of the database. */
  readonly findRingKey: FindVerificationKey;
  /** Where the signatures of tokens from one network wait for each other to be checked. */
  readonly lanes: Lanes;
}

/** Verifies the text of a bearer token: one of ours, or one of the old backend where the options still allow that. */
export function createTokenVerification({ options, findRingKey, lanes }: TokenVerification) {
  const { issuer, audiences, profile } = options.tokens;
  const sharedSecret = options.django && Buffer.from(options.django.secretKey);
  const sharedKid = sharedSecret && profile !== "standard" ? sharedKeyId(sharedSecret) : null;
  const expectations = { issuer, audience: profile !== "standard" ? null : audiences, clock: options.clock };

  const findKey: FindVerificationKey = async (header) =>
    sharedSecret && header.kid === sharedKid && header.alg === "HS256" ? sharedSecret : findRingKey(header);

  async function verifyOwnToken(token: string, network: string | null): Promise<VerifiedToken> {
    const inTurn: CheckInTurn = (check) => lanes.run(network, check);
    const { kid, claims } = await verifyAccessToken(token, findKey, { ...expectations, inTurn });
    const ringKid = kid === sharedKid ? null : kid;
    const { sid: sessionId, sub: userId, exp: expiresAt, jti } = claims;
    return { kind: "own", sessionId, userId, kid: ringKid, expiresAt, rotation: readRotation(jti), claims };
  }

  async function verifyOldToken(token: string, secret: Uint8Array): Promise<VerifiedToken> {
    const django = await verifyDjangoToken(token, secret, options.clock);
    return {
      kind: "django",
      sessionId: adoptedSessionId(token),
      userId: null,
      kid: null,
      expiresAt: django.expiresAt.getTime() / 1000,
      django,
    };
  }

  return async function verifyToken(token: string, network: string | null): Promise<VerifiedToken> {
    if (!sharedSecret || !looksLikeDjangoToken(token)) return verifyOwnToken(token, network);
    return lanes.run(network, () => verifyOldToken(token, sharedSecret));
  };
}

/**
 * A token opens what it was made for: the service's own procedures, unless an API of another audience asks. One that names no audience, as
 * those of an old backend, is for the service itself.
 *
 * @throws AuthError `token_invalid`
 */
export function requireAudience(
  token: VerifiedToken,
  audience: string,
  { tokens }: Pick<ResolvedOptions, "tokens">,
): void {
  const named = token.kind === "own" ? token.claims.aud : undefined;
  if ((named ?? tokens.audience) !== audience) throw new AuthError("token_invalid", "The token is for another API");
}

/** Old tokens end on a date, even those that were verified before it. */
export function requireAcceptedKind(token: VerifiedToken, options: ResolvedOptions): void {
  if (token.kind !== "own") requireOldTokensAccepted(options);
}
