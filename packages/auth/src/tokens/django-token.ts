import { type Clock, toNumericDate } from "../clock.ts";
import { AuthError } from "../errors.ts";
import { sha256 } from "../secrets.ts";
import { clockLeeway, readTokenHeader, tokenExpired, verifySignature } from "./access-token.ts";

/** What the old backend's own tokens say: a name that finds the user, and until when. */
export interface NamingToken extends TokenTimes {
  readonly kind: "name";
  /** The username or the phone number of the time at which the token was issued, as the old backend looks it up. */
  readonly userIdentifier: string;
  /** What it says of its user beside that, as the old backend had it at that time. */
  readonly username: string;
  readonly phoneNumber: string | null;
}

/** What an access token of djangorestframework-simplejwt says: the old id of its user. */
export interface NumberedToken extends TokenTimes {
  readonly kind: "id";
  readonly oldId: string;
}

/** What a refresh token of djangorestframework-simplejwt says. */
export interface RefreshingToken extends NumberedToken {
  /** Its `jti`, under which it can be on the blacklist over there. */
  readonly id: string;
}

interface TokenTimes {
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export type DjangoToken = NamingToken | NumberedToken;

/** The claims that the old backend reads and writes, for the token profile `django`: its own texts for the person whom they name there. */
export function djangoClaims({ username, phoneNumber }: { username: string; phoneNumber: string | null }) {
  return { user_identifier: username, username, phone_number: phoneNumber };
}

/** The claims by which djangorestframework-simplejwt finds a user, for the token profile `simplejwt`. */
export function simplejwtClaims(oldId: string) {
  return { token_type: "access", user_id: /^[1-9]\d{0,14}$/.test(oldId) ? Number(oldId) : oldId };
}

/** Seconds by which `iat` is set back in the profiles `django` and `simplejwt`: PyJWT refuses a token from the future, and allows no leeway. */
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
  const { claims, times } = await readOldToken(token, secretKey, clock);
  return "token_type" in claims ? readNumbered(claims, times, "access") : readNaming(claims, times);
}

/**
 * Verifies a refresh token of djangorestframework-simplejwt. An access token is none, nor is any other kind of theirs.
 *
 * @throws AuthError `token_invalid`, `token_expired`
 */
export async function verifySimplejwtRefresh(
  token: string,
  secretKey: Uint8Array,
  clock: Clock,
): Promise<RefreshingToken> {
  const { claims, times } = await readOldToken(token, secretKey, clock);
  return readNumbered(claims, times, "refresh");
}

async function readOldToken(token: string, secretKey: Uint8Array, clock: Clock) {
  if (!looksLikeDjangoToken(token)) throw invalid();
  const claims: Claims = await verifySignature(token, secretKey, "HS256");
  const { sub, sid, iat, exp } = claims;
  if (sub !== undefined || sid !== undefined) throw invalid();
  if (!isNumericDate(iat) || !isNumericDate(exp)) throw invalid();
  const now = toNumericDate(clock.now());
  if (exp <= iat || iat > now + clockLeeway) throw invalid();
  if (exp + clockLeeway <= now) throw tokenExpired();
  const times = { issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) };
  return { claims: isRounded(claims.user_id) ? { ...claims, user_id: readDigits(token) } : claims, times };
}

/** Whether it is a number of more digits than JavaScript keeps, so that it may be another one's. */
const isRounded = (id: unknown) => Number.isInteger(id) && !Number.isSafeInteger(id);

/** The id as it is written; null for one that is not written as digits. */
function readDigits(token: string): string | null {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  const written = (name: string, value: unknown, ...[context]: { readonly source?: string }[]): unknown =>
    name === "user_id" ? context?.source : value;
  const { user_id: digits } = JSON.parse(payload, written) as { user_id?: string };
  return digits !== undefined && /^\d{1,20}$/.test(digits) ? digits : null;
}

type Claims = Readonly<Record<string, unknown>>;

function readNaming({ user_identifier, username, phone_number }: Claims, times: TokenTimes): NamingToken {
  if (typeof user_identifier !== "string" || typeof username !== "string") throw invalid();
  if (phone_number !== null && typeof phone_number !== "string") throw invalid();
  return { kind: "name", userIdentifier: user_identifier, username, phoneNumber: phone_number, ...times };
}

/** A refresh token has the same shape and the same secret, and lives for days: it is never taken for an access token. */
function readNumbered(
  { token_type, user_id, jti }: Claims,
  times: TokenTimes,
  type: "access" | "refresh",
): RefreshingToken {
  const isId = (typeof user_id === "string" && user_id !== "") || Number.isSafeInteger(user_id);
  if (token_type !== type || typeof jti !== "string" || !isId) throw invalid();
  return { kind: "id", oldId: String(user_id), id: jti, ...times };
}

function isNumericDate(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value < 1e11;
}

function invalid(): AuthError {
  return new AuthError("token_invalid", "The token is not valid");
}

/** The session that an old token can have. From its text alone, so that it stays its own, and ended, when the service's secret is another one. */
export function adoptedSessionId(token: string): string {
  return toUuid(sha256(Buffer.from(`latchkey/adopted-sessions/${token}`)));
}

/** The first 128 bits as a UUIDv8 (RFC 9562 §5.8), which never meets the UUIDv7 of other sessions. */
function toUuid(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0b11) | 0b1000).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
