import { html } from "hono/html";
import { heading, queryOf, type View } from "../layout.ts";
import type { Page } from "../page.ts";
import { endEveryStep } from "../step.ts";
import type { Visit } from "../visit.ts";

/** Ends the session of this browser, whatever is left of it. */
export const signOutPage: Page = {
  path: "/sign-out",
  show: (visit) => ({ to: `${visit.base}/sign-in${queryOf(visit)}` }),
  async submit(visit, typed) {
    const { callWithCookies, pageCookies, base, url } = visit;
    await callWithCookies.token.revoke({ refreshToken: "none" });
    pageCookies.forgetAccess();
    endEveryStep(visit);
    return { to: typed.has("again") ? `${base}/sign-in${url.search}` : `${base}/signed-out` };
  },
};

export const signedOutPage: Page = { path: "/signed-out", show: showSignedOut };

export function showSignedOut(visit: Visit): View {
  const { texts } = visit;
  return {
    title: texts.signedOut,
    main: html`${heading(texts.signedOut, texts.signedOutLead)}<p><a class="button second wide" href="${visit.base}/sign-in">${texts.signIn}</a></p>`,
  };
}
