import { html } from "hono/html";
import { button, form, heading, newPasswordField, notice, refused, type View } from "../layout.ts";
import type { Page, Redirect, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { needsPassword } from "../sent-codes.ts";
import { readStep, type Step } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn } from "./after-sign-in.ts";
import { beginAgain, withName } from "./code-form.ts";
import { usernameField } from "./register-by-name.ts";

/** Opens the account of somebody who has proved a number or an address. */
export const finishRegistrationPage: Page = {
  path: "/register/finish",
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readTicketStep(visit);
    if (!step) return beginAgain(visit, "/register");
    const [username, password] = [typed.get("username").trim(), typed.get("password")];
    const input = {
      ticket: step.ticket,
      ...(username !== "" && { username }),
      ...(password !== "" && { password }),
      ...(step.isNotMine && { isNotMine: true }),
    };
    return finishSignIn(visit, await visit.callWithCookies.account.register(input));
  },
  refuse: (visit, typed, refusal) => showStep(visit, typed, refusal),
};

/** Of an account that has the number only with the word that it is another person's. */
function readTicketStep(visit: Visit): Step | null {
  const step = readStep(visit);
  if (step?.ticket === undefined) return null;
  return step.next === "register" || step.isNotMine ? step : null;
}

function showStep(visit: Visit, typed?: Typed, refusal?: Refusal): View | Redirect {
  const step = readTicketStep(visit);
  // The ticket was used or is too old: only a new code helps.
  if (refusal?.reason === "code_invalid" && step) return beginAgain(visit, "/register");
  return step ? showForm(visit, step, { typed, refusal }) : beginAgain(visit, "/register");
}

interface Tried {
  readonly typed?: Typed | undefined;
  readonly refusal?: Refusal | undefined;
}

export function showForm(visit: Visit, step: Step, { typed, refusal }: Tried): View {
  const { texts } = visit;
  const isRequired = needsPassword(visit, step);
  const { faults = {} } = refusal ?? {};
  const isNumberTaken = Boolean(faults.phoneNumber ?? faults.email);
  const fields = html`<div class="stack">${isNumberTaken ? notice("bad", texts.stillTaken) : refused(refusal?.message, faults.username, faults.password)}
${usernameField(visit, { typed, refusal, isRequired: false })}
${newPasswordField(visit, {
  ...{ name: "password", fault: faults.password, isFirst: Boolean(faults.password), isRequired },
  label: isRequired ? texts.password : `${texts.password} (${texts.optional})`,
})}
${button(texts.register)}</div>`;
  return {
    title: texts.finish,
    ...answerOf(refusal),
    main: html`${heading(texts.finish, withName(leadOf(visit, step, isRequired), step.name))}${form(visit, "/register/finish", fields)}`,
  };
}

function leadOf({ texts }: Visit, { isNotMine }: Step, isRequired: boolean): string {
  if (isNotMine) return texts.notMineLead;
  return isRequired ? texts.finishWithPassword : texts.finishLead;
}
