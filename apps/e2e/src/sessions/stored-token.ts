import { createHash } from "node:crypto";

/** The parts of a refresh token: the session's id, and the hash that is stored. */
export function readRefreshToken(text: string): { readonly sessionId: string; readonly hash: Buffer } {
  const bytes = Buffer.from(text, "base64url");
  const sessionId = bytes.subarray(0, 16).toString("hex");
  return { sessionId, hash: createHash("sha256").update(bytes.subarray(16, 48)).digest() };
}
