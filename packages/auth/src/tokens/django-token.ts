import { type Clock, toNumericDate } from "../clock.ts";
import { AuthError } from "../errors.ts";
import { clockLeeway, readTokenHeader, tokenExpired, verifySignature } from "./access-token.ts";

/** What the old backend's tokens say: a name that finds the user, and until when. */
export interface DjangoToken {
  /** The username or the phone number of the time at which the token was issued, as the old backend looks it up. */
  readonly userIdentifier: string;
  /** What it says of its user beside that, as the old backend had it at that time. */
  readonly username: string;
  readonly phoneNumber: string | null;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** The claims that the old backend reads and writes, for the token profile `django`: its own texts for the person whom they name there. */
export function djangoClaims({ username, phoneNumber }: { username: string; phoneNumber: string | null }) {
  return { user_identifier: username, username, phone_number: phoneNumber };
}

/** Seconds by which `iat` is set back in the profile `django`: PyJWT refuses a token from the future, and allows no leeway. */
export const djangoLead = 30;

/**
 * Whether a text has the shape of the old backend's tokens: HS256, no key id, no type but `JWT`. Throws `token_invalid` for a
 * text that is no JWT at all.
 */
export function looksLikeDjangoToken(token: string): boolean {
  const { alg, typ, ...others } = readTokenHeader(token);
  return alg === "HS256" && (typ === undefined || typ === "JWT") && Object.keys(others).length === 0;
}

/**
 * Verifies a token that the old backend issued. One with a `sub` is not of its making and is refused, so that a token bound
 * to an id can never be read as one bound to a name. The old backend wrote `iat` with a fraction, so times need not be whole.
 *
 * @throws AuthError `token_invalid`, `token_expired`
 */
export async function verifyDjangoToken(token: string, secretKey: Uint8Array, clock: Clock): Promise<DjangoToken> {
  if (!looksLikeDjangoToken(token)) throw invalid();
  const { sub, sid, user_identifier, username, phone_number, iat, exp } = await verifySignature(
    token,
    secretKey,
    "HS256",
  );
  if (sub !== undefined || sid !== undefined || typeof user_identifier !== "string") throw invalid();
  if (typeof username !== "string" || (phone_number !== null && typeof phone_number !== "string")) throw invalid();
  if (!isNumericDate(iat) || !isNumericDate(exp)) throw invalid();
  const now = toNumericDate(clock.now());
  if (exp <= iat || iat > now + clockLeeway) throw invalid();
  if (exp + clockLeeway <= now) throw tokenExpired();
  return {
    userIdentifier: user_identifier,
    username,
    phoneNumber: phone_number,
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
  };
}

function isNumericDate(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value < 1e11;
}

function invalid(): AuthError {
  return new AuthError("token_invalid", "The token is not valid");
}
