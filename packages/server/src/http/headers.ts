import { findChallenge } from "@latchkey/auth/internal";
import type { TRPCError } from "@trpc/server";
import { findAuthError } from "../trpc/error-map.ts";

/** What keeps a browser from taking an answer for a page, or for anything but JSON, whatever is in it. */
export const safeHeaders = {
  "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
} as const;

/**
 * The headers of an answer with these errors. Answers are about one person at one moment, so nothing keeps them; refusals say how to go
 * on, by `WWW-Authenticate` (RFC 6750 §3) and `Retry-After`.
 */
export function toAnswerHeaders(errors: readonly TRPCError[]): Headers {
  const headers = new Headers({ "Cache-Control": "no-store", ...safeHeaders });
  for (const error of errors) {
    const refusal = findAuthError(error);
    const challenge = refusal && findChallenge(refusal.code, refusal);
    if (challenge) headers.set("WWW-Authenticate", challenge);
    if (refusal?.retryAfter)
      headers.set("Retry-After", String(Math.max(refusal.retryAfter, Number(headers.get("Retry-After")))));
  }
  return headers;
}

/** What of tRPC's word on an answer is read. */
export interface ResponseMetaInput {
  readonly errors: readonly TRPCError[];
  /** The calls of the request; undefined where it is refused before. */
  readonly info?: unknown;
}

/**
 * For the option `responseMeta` of tRPC's adapters: sets the same headers on the answers of a router of your own.
 *
 * @example
 * createHTTPServer({ router: appRouter, createContext, responseMeta: latchkey.responseMeta });
 */
export function responseMeta({ errors, info }: ResponseMetaInput): { headers: Headers } {
  const headers = toAnswerHeaders(errors);
  // tRPC leaves the type open where it refuses a request before it knows the calls.
  if (!info && errors.length > 0) headers.set("Content-Type", "application/json");
  return { headers };
}
