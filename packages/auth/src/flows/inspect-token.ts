import { AuthError } from "../errors.ts";
import { findCaller } from "./authenticate.ts";
import type { Core } from "./core.ts";

/** What a token is worth now (RFC 7662 §2.2). */
export type TokenInspection =
  | { readonly active: false }
  | {
      readonly active: true;
      /** The user's id. */
      readonly sub: string;
      /** The session's id. */
      readonly sid: string;
      /** NumericDate. */
      readonly iat: number;
      readonly exp: number;
      readonly iss?: string;
      readonly aud?: string;
      readonly jti?: string;
    };

/** Tells whether a call with this token would be let in at this moment, and what the token claims. Never throws for a bad one. */
export async function inspectToken(core: Core, token: string): Promise<TokenInspection> {
  try {
    const verified = await core.verifyToken(token);
    const { user, session } = await findCaller(core, verified);
    if (verified.kind === "own") return { active: true, ...verified.claims };
    const { issuedAt, expiresAt } = verified.django;
    return { active: true, sub: user.id, sid: session.id, iat: toSeconds(issuedAt), exp: toSeconds(expiresAt) };
  } catch (error) {
    if (error instanceof AuthError && error.code !== "unavailable") return { active: false };
    throw error;
  }
}

const toSeconds = (date: Date) => date.getTime() / 1000;
