import { html } from "hono/html";
import { heading, link } from "../layout.ts";
import type { Page } from "../page.ts";
import { endEveryStep } from "../step.ts";

/** Ends the session of this browser, whatever is left of it. */
export const signOutPage: Page = {
  path: "/sign-out",
  show: ({ base }) => ({ to: `${base}/sign-in` }),
  async submit(visit, typed) {
    const { callWithCookies, pageCookies, base, url } = visit;
    await callWithCookies.token.revoke({ refreshToken: "none" });
    pageCookies.forgetAccess();
    endEveryStep(visit);
    return { to: typed.has("again") ? `${base}/sign-in${url.search}` : `${base}/signed-out` };
  },
};

export const signedOutPage: Page = {
  path: "/signed-out",
  show: (visit) => ({
    title: visit.texts.signedOut,
    main: html`${heading(visit.texts.signedOut, visit.texts.signedOutLead)}<p>${link(visit, "/sign-in", visit.texts.signIn)}</p>`,
  }),
};
