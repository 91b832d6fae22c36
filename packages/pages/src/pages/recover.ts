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
import type { Answer, Page, Redirect } from "../page.ts";
import { answerOf, missing, type Refusal } from "../refusal.ts";
import { beginStep, endStep, readTicketStep, type Step, type TicketStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn, toSignInAnew } from "./after-sign-in.ts";
import { beginAgain } from "./code-form.ts";
import { notAPasskey, ofPasskey, type PasskeyToMake, passkeyForm, readNewPasskey } from "./passkey-form.ts";
import { layOutCodes } from "./recovery.ts";

/** The way back for somebody who has nothing but their recovery codes. */
export const recoverPage: Page = {
  path: "/recover",
  show: (visit) => showForm(visit),
  async submit(visit, typed) {
    const code = typed.get("code").trim();
    if (code === "") return showForm(visit, missing(visit.texts, "code"));
    const { ticket, methods, mayRemoveSecondFactors } = await visit.callWithCookies.recovery.start({ code });
    const hasFactors = methods.length > 0 && mayRemoveSecondFactors;
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
    if (typed.has("passkey")) return setPasskey(visit, step, { passkey: readNewPasskey(typed), removeSecondFactors });
    const input = { ticket: step.ticket, newPassword: typed.get("newPassword"), removeSecondFactors };
    const answer = await visit.callWithCookies.recovery.setPassword(input);
    if (!("next" in answer)) return finishSignIn(visit, answer);
    endStep(visit);
    return toSignInAnew(visit);
  },
  refuse: (visit, typed, refusal) =>
    showStep(visit, typed.has("passkey") ? ofPasskey(visit, refusal, visit.texts.passkeyNotAdded) : refusal),
};

interface ShownPasskey {
  readonly passkey: ReturnType<typeof readNewPasskey>;
  readonly removeSecondFactors: boolean;
}

/** In the place of a password, with which the one of before is gone. */
async function setPasskey(
  visit: Visit,
  { ticket }: TicketStep,
  { passkey, removeSecondFactors }: ShownPasskey,
): Promise<Answer> {
  if (!passkey) return showStep(visit, notAPasskey(visit, visit.texts.passkeyNotAdded));
  const answer = await visit.callWithCookies.recovery.setPasskey({ ticket, passkey, removeSecondFactors });
  if ("next" in answer) {
    endStep(visit);
    return { to: `${visit.base}/sign-in${queryOf(visit, { step: "" })}` };
  }
  const next = finishSignIn(visit, answer);
  return answer.recoveryCodes ? layOutCodes(visit, answer.recoveryCodes, next.to) : next;
}

async function showStep(visit: Visit, refusal?: Refusal): Promise<View | Redirect> {
  const step = readTicketStep(visit, "recovery");
  if (step === null || refusal?.reason === "code_invalid") return beginAgain(visit, "/recover");
  const { ticket, hasFactors } = step;
  return showPasswordForm(visit, refusal, { hasFactors, passkey: await askForNewPasskey(visit, ticket) });
}

/** Without one a password is set all the same: what is wrong with the ticket is told then. */
async function askForNewPasskey({ call, serving }: Visit, ticket: string): Promise<PasskeyToMake | undefined> {
  if (!serving.hasPasskeys) return undefined;
  return call.recovery.startPasskey({ ticket }).then(
    ({ options }) => options,
    () => undefined,
  );
}

interface WaysBack {
  /** Whether more than the password is asked for, which may be lost as well, and which a code takes away. */
  readonly hasFactors?: boolean | undefined;
  /** What the browser is to be asked for a passkey in the place of a password. */
  readonly passkey?: PasskeyToMake | undefined;
}

export function showPasswordForm(visit: Visit, refusal?: Refusal, ways: WaysBack = {}): View {
  const { texts } = visit;
  const { hasFactors = false, passkey } = ways;
  const lost = (id: string) => (hasFactors ? checkbox("removeSecondFactors", texts.factorsLost, false, id) : "");
  const path = "/recover/password";
  const words = { text: texts.passkeyAdd, kind: "second wide", fields: html`${lost("factors-lost-with-passkey")}` };
  const byPasskey = passkey ? passkeyForm(visit, { path, options: passkey, ...words }) : "";
  const fault = refusal?.faults.newPassword;
  const fields = html`<div class="stack">${refused(refusal?.message, fault)}
${newPasswordField(visit, { name: "newPassword", fault, isFirst: true })}
${lost("removeSecondFactors")}
${button(texts.savePassword)}</div>`;
  return {
    title: texts.recoverPassword,
    ...answerOf(refusal),
    main: html`${heading(texts.recoverPassword, texts.recoverPasswordLead)}${form(visit, path, fields)}${byPasskey}`,
  };
}
