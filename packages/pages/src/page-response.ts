import { findCallback, toFormSource } from "./authorization.ts";
import type { Asset } from "./brand.ts";
import { layOut } from "./layout.ts";
import type { KeptAnswer } from "./once.ts";
import { type Answer, isDownload, isRedirect } from "./page.ts";
import { reportingTo } from "./violations.ts";
import type { Visit } from "./visit.ts";

/**
 * Nothing but the pages' own style, script and pictures is loaded; no other page frames them or holds their window, and their forms lead nowhere else, but to the app
 * that people are sent back to in the end. The address of a page is told to nobody else; a form says where it comes from, for which browsers want
 * `same-origin`, and whoever leaves says nothing.
 */
function listPageHeaders(visit: Visit, isLeaving: boolean): readonly (readonly [name: string, value: string])[] {
  const callback = findCallback(visit);
  const forms = ["form-action 'self'", callback && toFormSource(callback)].filter(Boolean).join(" ");
  return [
    [
      "Content-Security-Policy",
      `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; ${forms}; frame-ancestors 'none'; base-uri 'none'; ${reportingTo(visit.base)}`,
    ],
    ["Referrer-Policy", isLeaving ? "no-referrer" : "same-origin"],
    ["Cross-Origin-Opener-Policy", "same-origin"],
    ["X-Frame-Options", "DENY"],
    ["X-Content-Type-Options", "nosniff"],
    ["Cache-Control", "no-store"],
    ["Vary", "Accept-Language, Cookie"],
  ];
}

/** An answer as it is sent, with the cookies that it sets. */
export async function keep(visit: Visit, answered: Answer): Promise<KeptAnswer> {
  const { pageCookies, sessionCookies } = visit;
  const cookies = [...pageCookies.lines, ...sessionCookies.lines].map((line) => ["Set-Cookie", line] as const);
  const isLeaving = isRedirect(answered) && answered.isAway === true;
  const shared = [...listPageHeaders(visit, isLeaving), ...cookies];
  if (isRedirect(answered)) return { status: 303, headers: [...shared, ["Location", answered.to]], body: "" };
  if (isDownload(answered)) {
    const disposition = ["Content-Disposition", `attachment; filename="${answered.name}"`] as const;
    const body = JSON.stringify(answered.json, null, 2);
    return { status: 200, headers: [...shared, ["Content-Type", "application/json"], disposition], body };
  }
  const type = ["Content-Type", "text/html; charset=utf-8"] as const;
  const wait = answered.retryAfter ? [["Retry-After", String(answered.retryAfter)] as const] : [];
  const body = String(await layOut(visit, answered));
  return { status: answered.status ?? 200, headers: [...shared, type, ...wait], body };
}

/** What the browser gets. */
export function respond({ request }: Visit, { status, headers, body }: KeptAnswer): Response {
  const isEmpty = request.method === "HEAD" || status === 303;
  return new Response(isEmpty ? null : body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}

/** The name of a file changes with what is in it, so that it is never asked for again. */
export function give({ type, body }: Asset): Response {
  const headers = {
    "Content-Type": type,
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
  };
  return new Response(body, { headers });
}
