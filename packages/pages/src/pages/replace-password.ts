import { html } from "hono/html";
import { button, form, heading, linkAnew, newPasswordField, refused, type View } from "../layout.ts";
import type { Page, Redirect } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { leadTo, readTicketStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn } from "./after-sign-in.ts";
import { beginAgain } from "./code-form.ts";

/** Replaces a password that somebody else chose, or that others may know, before there is a session. */
export const replacePasswordPage: Page = {
  path: "/sign-in/new-password",
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readTicketStep(visit, "new_password");
    if (!step) return beginAgain(visit, "/sign-in");
    const input = { ticket: step.ticket, newPassword: typed.get("newPassword") };
    return finishSignIn(visit, await visit.callWithCookies.token.obtainByNewPassword(input));
  },
  refuse: (visit, _, refusal) => showStep(visit, refusal),
};

/** Leads to that page from whichever form was refused for the want of it; null for every other refusal. */
export function goToNewPassword(visit: Visit, { newPasswordTicket: ticket }: Refusal): Redirect | null {
  if (ticket === undefined) return null;
  return leadTo(visit, "/sign-in/new-password", { way: "new_password", ticket });
}

function showStep(visit: Visit, refusal?: Refusal): View | Redirect {
  // The ticket was used, is too old or had its tries.
  const isOver = readTicketStep(visit, "new_password") === null || refusal?.reason === "code_invalid";
  return isOver ? beginAgain(visit, "/sign-in") : layOutNewPassword(visit, refusal);
}

export function layOutNewPassword(visit: Visit, refusal?: Refusal): View {
  const { texts } = visit;
  const fault = refusal?.faults.newPassword;
  const fields = html`<div class="stack">${refused(refusal?.message, fault)}
${newPasswordField(visit, { name: "newPassword", fault, isFirst: true })}
${button(texts.savePassword)}</div>`;
  return {
    title: texts.replacePassword,
    ...answerOf(refusal),
    main: html`${heading(texts.replacePassword, texts.replacePasswordLead)}${form(visit, "/sign-in/new-password", fields)}<hr class="line"><p>${linkAnew(visit, "/sign-in", texts.beginAgain)}</p>`,
  };
}
