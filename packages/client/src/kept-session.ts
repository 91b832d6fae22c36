import type { TokenResponse, User } from "./api-types.ts";
import { decodeBase64url } from "./base64url.ts";
import type { Codec } from "./endpoint.ts";

/** What is kept of a session. */
export interface KeptSession {
  /** Empty where it is not stored: in cookie mode, and where the profile leaves it no room. */
  readonly token: string;
  /** Empty in cookie mode. */
  readonly refreshToken: string;
  /** The session's id, the same for all its tokens; empty when the token does not tell. */
  readonly sid: string;
  readonly user: User;
  /** Milliseconds since the epoch by the service's clock. */
  readonly expiresAt: number;
  /** Milliseconds for which the token was made. */
  readonly lifetime: number;
  /** Milliseconds by which the service's clock was ahead of this device's. */
  readonly clockOffset: number;
}

/** Bytes of UTF-8 that a stored session takes at most: what iOS and Android keep in an entry of their secure storages. */
const mostBytes = 2_048;

/** @throws when it is not the answer of this service */
export function toKeptSession({ token, refreshToken, user, expiresAt }: TokenResponse): KeptSession {
  const { iat } = readClaims(token);
  const [expires, issued] = [new Date(expiresAt).getTime(), Number(iat) * 1000];
  if (Number.isNaN(issued + expires) || typeof refreshToken !== "string" || typeof user?.id !== "string")
    throw new Error("The service answered no session");
  return {
    token,
    refreshToken,
    sid: toSid(token),
    user,
    expiresAt: expires,
    lifetime: expires - issued,
    clockOffset: issued - Date.now(),
  };
}

/** The id of the session of an access token; empty when it does not tell. */
export const toSid = (token: unknown): string => toText(readClaims(toText(token)).sid);

/** What is stored in place of what only the tab that was answered may know, or what is true for its own token alone. */
const hidden = { token: "", refreshToken: "", expiresAt: 0, lifetime: 0, clockOffset: 0 };

/**
 * The text to store. Where others can read it, nothing of the person but the id is in it; a profile that does not fit into the limit is left
 * out with the access token. The next start fetches what is missing.
 */
export function formatSession(
  session: KeptSession,
  { marks, cookieMode, isShared, codec }: { marks: DeviceMarks; cookieMode: boolean; isShared: boolean; codec: Codec },
): string {
  const { id } = session.user;
  const user = codec.serialize(isShared ? { id } : session.user);
  const stored = { ...session, user, ...(cookieMode && hidden), ...marks };
  const text = JSON.stringify(stored);
  // Every byte of UTF-8 beyond ASCII is written as three characters.
  if (encodeURIComponent(text).replace(/%../g, ".").length <= mostBytes) return text;
  return JSON.stringify({ ...stored, token: "", expiresAt: 0, user: codec.serialize({ id }) });
}

/** A session, as {@link formatSession} wrote it; null when it is none. */
export function parseSession(text: string | null, codec: Codec): KeptSession | null {
  const stored = parseObject(text, (value) => ({ ...value, user: codec.deserialize(value.user) }));
  const { token: access, refreshToken, user, sid, expiresAt, lifetime, clockOffset } = stored as Partial<KeptSession>;
  if (!isToken(refreshToken) || typeof user?.id !== "string") return null;
  const token = isToken(access) ? access : "";
  return {
    token,
    refreshToken,
    user,
    sid: toText(sid) || toSid(token),
    // Without a token, whatever else is stored, it is time for one.
    expiresAt: token ? toNumber(expiresAt) : 0,
    lifetime: toNumber(lifetime),
    clockOffset: toNumber(clockOffset),
  };
}

/** What shows at a sign-in that this device is known, and that it is remembered at the second factor. */
export interface DeviceMarks {
  readonly deviceMark?: string;
  readonly rememberMark?: string;
}

/** The marks of this device in an answer, or beside a session; only those that the service could have made. */
export function parseMarks(answer: object | null | undefined): DeviceMarks {
  const { deviceMark, rememberMark } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  return { ...(isMark(deviceMark, 43) && { deviceMark }), ...(isMark(rememberMark, 22) && { rememberMark }) };
}

const isMark = (value: unknown, length: number): value is string =>
  typeof value === "string" && value.length === length && /^[\w-]+$/.test(value);

export const readMarks = (text: string | null): DeviceMarks => parseMarks(parseObject(text));

/** Whether nothing more of the person was stored than the id. */
export const isPartial = ({ user }: KeptSession): boolean => Object.keys(user).length === 1;

/** @param read what is made of it; nothing is there when this throws */
function parseObject(text: string | null, read = (value: { user?: unknown }): unknown => value): object {
  try {
    const value = read(JSON.parse(text ?? "null"));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** What the service could have made, and what can be sent. */
const isToken = (value: unknown): value is string => typeof value === "string" && /^[\w.-]{0,8192}$/.test(value);

const toNumber = (value: unknown): number => (typeof value === "number" ? value : 0);

const toText = (value: unknown): string => (typeof value === "string" ? value : "");

/** The claims of a JWT, of which only those in ASCII are right; none when it is no JWT. */
export const readClaims = (token: string): { readonly iat?: unknown; readonly sid?: unknown; readonly sub?: string } =>
  parseObject(decodeBase64url(token.split(".")[1] ?? ""));
