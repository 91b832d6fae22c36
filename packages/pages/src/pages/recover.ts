import { html } from "hono/html";
import {
  button,
  checkbox,
  field,
  form,
  heading,
  linkAnew,
  newPasswordField,
  queryOf,
  refused,
  type View,
} from "../layout.ts";
import type { Page, Redirect } from "../page.ts";
import { answerOf, missing, type Refusal } from "../refusal.ts";
import { beginStep, endStep, readTicketStep, type Step } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn, toSignInAnew } from "./after-sign-in.ts";
import { beginAgain } from "./code-form.ts";

/** The way back for somebody who has nothing but their recovery codes. */
export const recoverPage: Page = {
  path: "/recover",
  show: (visit) => showForm(visit),
  async submit(visit, typed) {
    const code = typed.get("code").trim();
    if (code === "") return showForm(visit, missing(visit.texts, "code"));
    const { ticket, methods } = await visit.callWithCookies.recovery.start({ code });
    const hasFactors = methods.length > 0;
    const step: Step = { way: "recovery", name: "", kind: "username", from: "/recover", ticket, hasFactors };
    return { to: `${visit.base}/recover/password${queryOf(visit, { step: beginStep(visit, step) })}` };
  },
  refuse: (visit, _, refusal) => showForm(visit, refusal),
};

export function showForm(visit: Visit, refusal?: Refusal): View {
  const { texts, url } = visit;
  const fault = refusal?.reason === "code_invalid" ? texts.issues.incorrect : refusal?.faults.code;
  const over = !refusal && url.searchParams.get("done") === "over" ? texts.over : undefined;
  const fields = html`<div class="stack">${refused(refusal?.message ?? over, fault)}
${field(visit, {
  ...{ name: "code", label: texts.recoveryCode, fault, autocomplete: "off" },
  ...{ isRequired: true, isFirst: true, isLatin: true },
})}
${button(texts.recoverGo)}</div>`;
  return {
    title: texts.recoverTitle,
    ...answerOf(refusal),
    main: html`${heading(texts.recoverTitle, texts.recoverLead)}${form(visit, "/recover", fields)}<hr class="line"><p>${linkAnew(visit, "/sign-in", texts.signIn)}</p>`,
  };
}

/** Chooses the new password, which ends every other session. */
export const recoverPasswordPage: Page = {
  path: "/recover/password",
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readTicketStep(visit, "recovery");
    if (!step) return beginAgain(visit, "/recover");
    const removeSecondFactors = typed.has("removeSecondFactors");
    const input = { ticket: step.ticket, newPassword: typed.get("newPassword"), removeSecondFactors };
    const answer = await visit.callWithCookies.recovery.setPassword(input);
    if (!("next" in answer)) return finishSignIn(visit, answer);
    endStep(visit);
    return toSignInAnew(visit);
  },
  refuse: (visit, _, refusal) => showStep(visit, refusal),
};

function showStep(visit: Visit, refusal?: Refusal): View | Redirect {
  const step = readTicketStep(visit, "recovery");
  if (step === null || refusal?.reason === "code_invalid") return beginAgain(visit, "/recover");
  return showPasswordForm(visit, refusal, step.hasFactors);
}

/** @param hasFactors whether more than the password is asked for, which may be lost as well */
export function showPasswordForm(visit: Visit, refusal?: Refusal, hasFactors = false): View {
  const { texts } = visit;
  const fault = refusal?.faults.newPassword;
  const fields = html`<div class="stack">${refused(refusal?.message, fault)}
${newPasswordField(visit, { name: "newPassword", fault, isFirst: true })}
${hasFactors ? checkbox("removeSecondFactors", texts.factorsLost, false) : ""}
${button(texts.savePassword)}</div>`;
  return {
    title: texts.recoverPassword,
    ...answerOf(refusal),
    main: html`${heading(texts.recoverPassword, texts.recoverPasswordLead)}${form(visit, "/recover/password", fields)}`,
  };
}
