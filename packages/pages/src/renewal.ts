import type { ConnectionInfo } from "@latchkey/server";
import { html } from "hono/html";
import { isAuthorization } from "./authorization.ts";
import type { View } from "./layout.ts";
import type { Answer, Redirect } from "./page.ts";
import { showFault } from "./pages/faults.ts";
import { type Refusal, toRefusal } from "./refusal.ts";
import { readReturnTo } from "./return-to.ts";
import { type Visit, withToken } from "./visit.ts";

/** Where an access token is renewed: the refresh token's cookie goes to paths below `/cookie` alone. */
export const renewPath = "/cookie/renew";

/** Characters of the address of a page that says where to go on from it. */
const longestPage = 8_000;

/** Whether a call was refused for its access token, which the refresh token may still help with. */
export const isOfToken = ({ reason }: Refusal): boolean =>
  ["token_missing", "token_expired", "token_invalid", "session_ended", "account_disabled"].includes(reason ?? "");

/** Sends somebody round by {@link renewPath}, and back to the page that they asked for. */
export function toRenewal({ base, url }: Visit): Redirect {
  const path = url.pathname.replace(/^\/cookie(?=\/)/, "");
  return { to: `${base}${renewPath}?${new URLSearchParams({ to: base + path + url.search })}` };
}

/** Renews the access token, or lets somebody sign in who has no session any more. */
export async function renewSession(visit: Visit): Promise<Answer> {
  const { url, request, sessionCookies, callWithCookies, pageCookies, base } = visit;
  const wanted = readReturnTo(url.searchParams.get("to"), visit.ownUrl, longestPage) ?? `${base}/account`;
  const isFromElsewhere = request.headers.get("sec-fetch-site") === "cross-site";
  if (sessionCookies.refreshToken === undefined) {
    return isFromElsewhere && !url.searchParams.has("again") ? askAgain(visit, wanted) : toSignIn(visit, wanted);
  }
  try {
    const { token, refreshExpiresAt } = await callWithCookies.token.refresh({ refreshToken: "none" });
    pageCookies.keepAccess(token, refreshExpiresAt);
    return { to: wanted };
  } catch (error) {
    const refusal = toRefusal(error, visit.texts, visit.language);
    if (refusal.status === 401) return toSignIn(visit, wanted);
    return { ...showFault(visit, refusal.status, refusal.message), retryAfter: refusal.retryAfter };
  }
}

/** The same for a form that came with an old token; null when there is no session any more. */
export async function refreshInPlace(visit: Visit, info: ConnectionInfo): Promise<Visit | null> {
  const { sessionCookies, callWithCookies, pageCookies } = visit;
  if (sessionCookies.refreshToken === undefined) return null;
  try {
    const { token, refreshExpiresAt } = await callWithCookies.token.refresh({ refreshToken: "none" });
    pageCookies.keepAccess(token, refreshExpiresAt);
    return withToken(visit, info, token);
  } catch (error) {
    toRefusal(error, visit.texts, visit.language);
    return null;
  }
}

function toSignIn(visit: Visit, page: string): Redirect {
  const { base, pageCookies } = visit;
  const wanted = beyondReauthentication(visit, page);
  if (pageCookies.accessToken !== undefined) pageCookies.forgetAccess();
  // What an app asks for says itself what becomes of somebody who is not signed in.
  if (pageCookies.accessToken !== undefined && isAuthorization(wanted, base)) return { to: wanted };
  return { to: `${base}/sign-in?${new URLSearchParams({ return_to: wanted })}` };
}

/** Whoever signs in anew shows who they are by that, and goes on to where that was asked for. */
function beyondReauthentication({ base, ownUrl }: Visit, page: string): string {
  const { pathname, searchParams } = new URL(page, ownUrl);
  const isAsked = pathname === `${base}/reauthenticate` || pathname === `${base}/reauthenticate/code`;
  return (isAsked && readReturnTo(searchParams.get("return_to"), ownUrl)) || page;
}

/** A strict cookie does not come along with a link from another site: a page of our own asks again, and then it does. */
function askAgain({ base, texts }: Visit, wanted: string): View {
  const query = new URLSearchParams({ to: wanted, again: "yes" });
  const to = `${base}${renewPath}?${query}`;
  return {
    title: texts.account,
    head: html`<meta http-equiv="refresh" content="0;url=${to}">`,
    main: html`<p><a class="button wide" href="${to}">${texts.goOn}</a></p>`,
  };
}
