import { html } from "hono/html";
import { button, form, heading, linkAnew, queryOf, refused, type View } from "../layout.ts";
import type { Answer, Page, Redirect } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { beginStep, endStep, keepStep, readStep, type Step } from "../step.ts";
import type { Visit } from "../visit.ts";
import { afterSignIn, keepSession } from "./after-sign-in.ts";
import { beginAgain } from "./code-form.ts";
import { showSecret, totpField } from "./totp-form.ts";

/** Asks for the digits of the authenticator app, after all else was right; or sets one up where the account has to have one. */
export const secondFactorPage: Page = {
  path: "/sign-in/second-factor",
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readTicketStep(visit);
    if (!step) return beginAgain(visit, "/sign-in");
    const input = { ticket: step.ticket, totp: typed.get("totp") };
    const answer = await visit.callWithCookies.token.obtainBySecondFactor(input);
    keepSession(visit, answer);
    endStep(visit);
    return afterSignIn(visit, answer);
  },
  refuse: (visit, _, refusal) => showStep(visit, refusal),
};

/** Leads to that page from whichever form was refused for the want of it; null for every other refusal. */
export function goToSecondFactor(visit: Visit, { secondFactor }: Refusal): Redirect | null {
  if (secondFactor?.ticket === undefined) return null;
  const before = readStep(visit);
  const { ticket, enroll = [] } = secondFactor;
  const step: Step = {
    ...{ way: "second_factor", name: before?.name ?? "", kind: before?.kind ?? "username", from: "/sign-in", ticket },
    isToEnroll: enroll.includes("totp"),
  };
  if (before) keepStep(visit, step);
  const query = before ? queryOf(visit) : queryOf(visit, { step: beginStep(visit, step) });
  return { to: `${visit.base}/sign-in/second-factor${query}` };
}

interface TicketStep extends Step {
  readonly ticket: string;
}

function readTicketStep(visit: Visit): TicketStep | null {
  const step = readStep(visit);
  return step?.way === "second_factor" && step.ticket !== undefined ? { ...step, ticket: step.ticket } : null;
}

async function showStep(visit: Visit, refusal?: Refusal): Promise<Answer> {
  const step = readTicketStep(visit);
  // The ticket was used, is too old or had its tries.
  if (!step || refusal?.faults.ticket !== undefined) return beginAgain(visit, "/sign-in");
  const key = step.isToEnroll ? await visit.call.token.enrollTotp({ ticket: step.ticket }) : null;
  return layOutSecondFactor(visit, key, refusal);
}

/** @param key what the app is set up with, where there is none yet */
export function layOutSecondFactor(
  visit: Visit,
  key: { readonly secret: string; readonly uri: string } | null,
  refusal?: Refusal,
): View {
  const { texts } = visit;
  const fields = html`<div class="stack">${refused(refusal?.message, refusal?.faults.totp)}
${totpField(visit, refusal)}
${button(texts.signIn)}</div>`;
  return {
    title: texts.secondFactor,
    ...answerOf(refusal),
    main: html`${heading(texts.secondFactor, key ? texts.enrollLead : texts.secondFactorLead)}${key ? showSecret(visit, key) : ""}${form(visit, "/sign-in/second-factor", fields)}<hr class="line">${key ? "" : html`<p class="quiet small">${texts.noApp}</p>`}<p>${linkAnew(visit, "/sign-in", texts.beginAgain)}</p>`,
  };
}
