import { html } from "hono/html";
import { button, field, form, type Html, heading, linkAnew, refused, type View } from "../layout.ts";
import type { Page, Redirect } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { faultOfName, kindOf, sendCode, signsInByCode } from "../sent-codes.ts";
import { readStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn } from "./after-sign-in.ts";
import { beginAgain } from "./code-form.ts";

/** Signs in by the password of the name that was typed before. */
export const signInPasswordPage: Page = {
  path: "/sign-in/password",
  show(visit) {
    const step = readStep(visit);
    return step ? showForm(visit, step.name) : beginAgain(visit, "/sign-in");
  },
  async submit(visit, typed) {
    const username = typed.get("username");
    if (typed.has("sendCode")) return sendCodeTo(visit, username);
    const answer = await visit.callWithCookies.token.obtain({ username, password: typed.get("password") });
    return finishSignIn(visit, answer);
  },
  refuse: (visit, typed, refusal) => showForm(visit, typed.get("username"), refusal),
};

function sendCodeTo(visit: Visit, name: string): Promise<Redirect> {
  const kind = kindOf(name);
  const way = kind === "username" ? "sign_in" : "enter";
  return sendCode(visit, { way, from: "/sign-in", name: name.slice(0, 320), kind });
}

export function showForm(visit: Visit, name: string, refusal?: Refusal): View {
  const { texts } = visit;
  const fault = faultOfName(visit, name, refusal);
  const fields = html`<div class="stack">${refused(refusal?.message, fault)}
${fixedName(visit, name, fault)}
${field(visit, {
  ...{ name: "password", label: texts.password, type: "password", fault: refusal?.faults.password },
  ...{ autocomplete: "current-password", isRequired: true, isFirst: true },
})}
${button(texts.signIn)}</div>`;
  const byCode = html`<input type="hidden" name="username" value="${name}"><input type="hidden" name="sendCode" value="yes">${button(texts.sendCode, "second wide")}`;
  const other = signsInByCode(visit, kindOf(name)) ? form(visit, "/sign-in/password", byCode) : "";
  return {
    title: texts.passwordTitle,
    ...answerOf(refusal),
    main: html`${heading(texts.passwordTitle)}${form(visit, "/sign-in/password", fields)}${other}<hr class="line"><p class="aside">${linkAnew(visit, "/reset", texts.forgotten)}${linkAnew(visit, "/sign-in", texts.beginAgain)}</p>`,
  };
}

/** The name that was typed before, so that it can be read and password managers know whose password it is. */
export const fixedName = (visit: Visit, name: string, fault?: string): Html =>
  field(visit, {
    ...{ name: "username", label: visit.texts.nameTyped, value: name, fault, autocomplete: "username" },
    ...{ isFixed: true, isLatin: true },
  });
