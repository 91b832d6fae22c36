import { randomBytes } from "node:crypto";
import { AuthError } from "../errors.ts";
import { equalInConstantTime, hmacSha256, sha256 } from "../secrets.ts";

/** A refresh token, taken apart. Only {@link RefreshToken.hash} is ever stored. */
export interface RefreshToken {
  readonly sessionId: string;
  /** What the client keeps: 86 characters of base64url. */
  readonly text: string;
  /** SHA-256 of the token's 256 secret bits. */
  readonly hash: Buffer;
}

const sessionIdBytes = 16;
const secretBytes = 32;
const sealBytes = 16;

/**
 * The layout of a refresh token: the session's id, 256 secret bits, and a seal over both. The seal lets a token of an earlier
 * generation be told from one that somebody made up, without keeping the hashes of all generations.
 */
function assemble(key: Uint8Array, sessionId: Uint8Array, secret: Uint8Array): RefreshToken {
  const seal = hmacSha256(key, "seal", sessionId, secret).subarray(0, sealBytes);
  const text = Buffer.concat([sessionId, secret, seal]).toString("base64url");
  return { sessionId: formatUuid(sessionId), text, hash: sha256(secret) };
}

/** The first refresh token of a new session: 256 random bits. */
export function createRefreshToken(key: Uint8Array, sessionId: string): RefreshToken {
  return assemble(key, parseUuid(sessionId), randomBytes(secretBytes));
}

/** What stands in an adopted session for the refresh token of another system: whoever has that one's text has this, and nobody else. */
export function deriveAdopted(key: Uint8Array, sessionId: string, text: string): RefreshToken {
  const id = parseUuid(sessionId);
  return assemble(key, id, hmacSha256(key, "adopted", id, text));
}

/**
 * The successor of a refresh token. It is derived and not drawn, so that a client that asks twice, because an answer was lost or
 * because it has several tabs, gets the same one twice. Without the key, which is not in the database, the stored hash says
 * nothing of it.
 *
 * @param reissues how many successors of the same token were given up before, because nobody had used them
 */
export function deriveSuccessor(
  key: Uint8Array,
  { sessionId, hash }: Pick<RefreshToken, "sessionId" | "hash">,
  reissues = 0,
): RefreshToken {
  const id = parseUuid(sessionId);
  const secret =
    reissues === 0
      ? hmacSha256(key, "successor", id, hash)
      : hmacSha256(key, "reissued successor", id, hash, String(reissues));
  return assemble(key, id, secret);
}

/**
 * Takes apart a text that a client presents.
 *
 * @throws AuthError `refresh_token_invalid` when it was not issued here
 */
export function parseRefreshToken(key: Uint8Array, text: string): RefreshToken {
  const token = readRefreshToken([key], text);
  if (!token) throw new AuthError("refresh_token_invalid", "The refresh token is not valid");
  return token;
}

/** The same with whichever of several keys sealed it; null when none of them did. */
export function readRefreshToken(keys: readonly Uint8Array[], text: string): RefreshToken | null {
  const bytes = Buffer.from(text, "base64url");
  const [sessionId, secret] = [bytes.subarray(0, sessionIdBytes), bytes.subarray(sessionIdBytes, -sealBytes)];
  if (secret.length !== secretBytes) return null;
  const given = Buffer.from(text);
  for (const key of keys) {
    const token = assemble(key, sessionId, secret);
    const expected = Buffer.from(token.text);
    if (expected.length === given.length && equalInConstantTime(expected, given)) return token;
  }
  return null;
}

function parseUuid(text: string): Buffer {
  return Buffer.from(text.replaceAll("-", ""), "hex");
}

function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
