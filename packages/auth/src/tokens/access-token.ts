import { type CryptoKey, compactVerify, errors, type JWTPayload, SignJWT } from "jose";
import { type Clock, toNumericDate } from "../clock.ts";
import { AuthError } from "../errors.ts";
import { isUuid } from "../uuid.ts";

/** The algorithms a token can be signed with (RFC 7518 §3.1, RFC 8037 §3.1). */
export const tokenAlgorithms = ["EdDSA", "ES256", "HS256"] as const;
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** The claims of an access token: modelled on RFC 9068 §2.2, without `client_id`, with `sid` for the session. Nothing in it is personal data. */
export interface AccessTokenClaims {
  readonly iss: string;
  /** Absent in the `django` profile, whose readers refuse a token with an audience. */
  readonly aud?: string;
  /** The user's id. */
  readonly sub: string;
  /** The session's id. */
  readonly sid: string;
  readonly jti: string;
  /** NumericDate, seconds. */
  readonly iat: number;
  readonly exp: number;
  /** The id that the user had in the system they were imported from, where tokens are told to say it. */
  readonly external_id?: string;
  /** When the owner of the session last showed who they are; NumericDate. Absent where that is not known, and in other profiles. */
  readonly auth_time?: number;
  /** `2` where they showed two factors, else `1`. */
  readonly acr?: "1" | "2";
  /** How, in the words of RFC 8176 §2. */
  readonly amr?: readonly string[];
}

export type VerificationKey = CryptoKey | Uint8Array;

/** Finds the key that a token's header names; throws {@link AuthError} `token_invalid` when there is none of that algorithm. */
export type FindVerificationKey = (header: { alg: TokenAlgorithm; kid: string }) => Promise<VerificationKey>;

/** Checks a signature when it is its turn. */
export type CheckInTurn = <T>(check: () => Promise<T>) => Promise<T>;

export interface TokenExpectations {
  readonly issuer: string;
  /** One, or one of several. Null: the token must carry no audience (profile `django`). */
  readonly audience: string | readonly string[] | null;
  readonly clock: Clock;
  /** At once unless told otherwise. */
  readonly inTurn?: CheckInTurn;
}

/** Seconds by which two machines' clocks may differ before a token is refused (RFC 7519 §4.1.4). */
export const clockLeeway = 60;
/** Seconds; no access token is accepted, or issued, with a longer life than this. */
export const maximumTokenLifetime = 86_400;
/** Characters; a longer text is refused before it is read. */
export const maximumTokenLength = 8_192;

const invalid = (cause?: unknown) => new AuthError("token_invalid", "The token is not valid", { cause });

/** Signs an access token. Claims beyond the standard ones are for the `django` profile only. */
export async function signAccessToken(
  claims: AccessTokenClaims & JWTPayload,
  key: { kid: string; algorithm: TokenAlgorithm; privateKey: VerificationKey },
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: "at+jwt" })
    .sign(key.privateKey);
}

/**
 * Verifies that a text is an access token of our own making and still good: its format, algorithm, type, signature, issuer,
 * audience, required claims and lifetime (RFC 8725 §3, RFC 9068 §4). Says nothing of the session behind it.
 *
 * @throws AuthError `token_invalid`, or `token_expired` when everything but its time is good
 */
export async function verifyAccessToken(
  token: string,
  findKey: FindVerificationKey,
  expectations: TokenExpectations,
): Promise<{ kid: string; claims: AccessTokenClaims }> {
  const header = requireOwnHeader(readTokenHeader(token));
  const key = await findKey(header);
  const { inTurn = (check) => check() } = expectations;
  const payload = await inTurn(() => verifySignature(token, key, header.alg));
  return { kid: header.kid, claims: requireOwnClaims(payload, expectations) };
}

/** The header of a text that has the exact form of a compact JWS; anything else is refused before any library sees it. */
export function readTokenHeader(token: string): Record<string, unknown> {
  if (typeof token !== "string" || token.length > maximumTokenLength) throw invalid();
  const segments = token.split(".");
  if (segments.length !== 3 || !segments.every(isCanonicalBase64Url)) throw invalid();
  try {
    return parseObject(decodeBase64Url(segments[0] ?? ""));
  } catch (cause) {
    throw invalid(cause);
  }
}

const base64UrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Whether the text is the one base64url spelling of its bytes (RFC 4648 §3.5): decoders accept others, and a cache must not. */
function isCanonicalBase64Url(segment: string): boolean {
  if (!/^[\w-]+$/.test(segment)) return false;
  const unusedBits = { 0: 0, 2: 0b1111, 3: 0b11 }[segment.length % 4];
  if (unusedBits === undefined) return false;
  return (base64UrlAlphabet.indexOf(segment.at(-1) ?? "") & unusedBits) === 0;
}

function decodeBase64Url(segment: string): string {
  const bytes = Uint8Array.from(atob(segment.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function requireOwnHeader(header: Record<string, unknown>): { alg: TokenAlgorithm; kid: string } {
  const { alg, kid, typ, ...others } = header;
  const algorithm = tokenAlgorithms.find((known) => known === alg);
  if (!algorithm || typ !== "at+jwt" || typeof kid !== "string" || Object.keys(others).length > 0) throw invalid();
  return { alg: algorithm, kid };
}

/** The payload of a token whose signature is good; claims and times are the caller's to check. */
export async function verifySignature(
  token: string,
  key: VerificationKey,
  algorithm: TokenAlgorithm,
): Promise<JWTPayload> {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [algorithm] });
    return parseObject(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (cause) {
    throw invalid(cause);
  }
}

function parseObject(json: string): Record<string, unknown> {
  const value: unknown = JSON.parse(json);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError("not a JSON object");
}

function requireOwnClaims(payload: JWTPayload, { issuer, audience, clock }: TokenExpectations): AccessTokenClaims {
  const { iss, aud, sub, sid, jti, iat, exp } = payload;
  if (iss !== issuer || !isExpectedAudience(aud, audience)) throw invalid();
  if (!isUuid(sub) || !isUuid(sid) || typeof jti !== "string" || jti === "" || jti.length > 64) throw invalid();
  if (payload.nbf !== undefined || !Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) throw invalid();
  const [issuedAt, expiresAt] = [Number(iat), Number(exp)];
  const now = toNumericDate(clock.now());
  if (expiresAt <= issuedAt || expiresAt - issuedAt > maximumTokenLifetime || issuedAt > now + clockLeeway)
    throw invalid();
  if (expiresAt + clockLeeway <= now) throw tokenExpired();
  const identity = { iss, ...(aud === undefined ? {} : { aud: String(aud) }), sub, sid, jti };
  return { ...identity, iat: issuedAt, exp: expiresAt, ...readAuthenticationClaims(payload) };
}

/** A token is for one audience: several in one would each open what the others do. */
function isExpectedAudience(aud: unknown, audience: TokenExpectations["audience"]): boolean {
  if (audience === null) return aud === undefined;
  return typeof aud === "string" && [audience].flat().includes(aud);
}

/** Absent in tokens of the release before; what is there is ours, and has our form. */
function readAuthenticationClaims({ auth_time, acr, amr }: JWTPayload) {
  const isTime = auth_time === undefined || (Number.isSafeInteger(auth_time) && Number(auth_time) > 0);
  const isClass = acr === undefined || acr === "1" || acr === "2";
  const isList = amr === undefined || (Array.isArray(amr) && amr.length <= 8 && amr.every(isShortText));
  if (!isTime || !isClass || !isList) throw invalid();
  return {
    ...(auth_time !== undefined && { auth_time: Number(auth_time) }),
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
  } as Pick<AccessTokenClaims, "auth_time" | "acr" | "amr">;
}

const isShortText = (value: unknown) => typeof value === "string" && value.length <= 16;

export function tokenExpired(): AuthError {
  return new AuthError("token_expired", "The token has expired");
}

/** Turns what jose throws while it looks for a key into what our callers handle. */
export function toKeyError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  const isUnknownKey = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported;
  if (isUnknownKey) return invalid(error);
  return new AuthError("unavailable", "The signing keys cannot be read at the moment", { retryAfter: 5, cause: error });
}
