import { html } from "hono/html";
import { button, field, form, heading, linkAnew, newPasswordField, queryOf, refused, type View } from "../layout.ts";
import type { Page, Redirect, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { sendsCodes } from "../sent-codes.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn } from "./after-sign-in.ts";

/** Opens an account with a username and a password. */
export const registerByNamePage: Page = {
  path: "/register/name",
  show: (visit) => (visit.serving.registration === "open" ? showNameForm(visit) : showClosed(visit)),
  submit: (visit, typed) => registerByName(visit, typed),
  refuse: (visit, typed, refusal) => showNameForm(visit, typed, refusal),
};

export async function registerByName(visit: Visit, typed: Typed): Promise<Redirect> {
  const input = { username: typed.get("username"), password: typed.get("password") };
  return finishSignIn(visit, await visit.callWithCookies.account.register(input));
}

export function showNameForm(visit: Visit, typed?: Typed, refusal?: Refusal): View {
  const { texts } = visit;
  const { username, password } = refusal?.faults ?? {};
  const fields = html`<div class="stack">${refused(refusal?.message, username, password)}
${usernameField(visit, { typed, refusal, isRequired: true })}
${newPasswordField(visit, { name: "password", label: texts.password, fault: password, isFirst: Boolean(password && !username) })}
${button(texts.register)}</div>`;
  const byNumber = sendsCodes(visit) ? linkAnew(visit, "/register", texts.useNumber) : "";
  return {
    title: texts.register,
    ...answerOf(refusal),
    main: html`${heading(texts.register, texts.registerLead)}${form(visit, "/register/name", fields)}<hr class="line"><p class="aside">${linkAnew(visit, "/sign-in", texts.haveAccount)}${byNumber}</p>`,
  };
}

export function showClosed(visit: Visit): View {
  const { texts } = visit;
  return {
    title: texts.register,
    main: html`${heading(texts.register, texts.refusals.registration_closed)}<p><a class="button second wide" href="${visit.base}/sign-in${queryOf(visit, { step: "" })}">${texts.signIn}</a></p>`,
  };
}

interface UsernameField {
  readonly typed?: Typed | undefined;
  readonly refusal?: Refusal | undefined;
  readonly isRequired: boolean;
}

/** Where somebody chooses the name that they sign in with. */
export function usernameField(visit: Visit, { typed, refusal, isRequired }: UsernameField) {
  const { texts } = visit;
  const fault = refusal?.faults.username;
  return field(visit, {
    ...{ name: "username", hint: texts.usernameHint, value: typed?.get("username"), fault },
    label: isRequired ? texts.username : `${texts.username} (${texts.optional})`,
    ...{ autocomplete: "username", isRequired, isFirst: !typed || Boolean(fault), isLatin: true },
  });
}
