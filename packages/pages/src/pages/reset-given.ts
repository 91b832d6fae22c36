import { html } from "hono/html";
import { button, field, form, heading, linkAnew, newPasswordField, notice, type View } from "../layout.ts";
import type { Page, Redirect, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Visit } from "../visit.ts";
import { toSignInAnew } from "./after-sign-in.ts";

/** Sets a password with a code that somebody handed over. */
export const resetGivenPage: Page = {
  path: "/reset/given",
  show: (visit) => showGivenForm(visit),
  submit: (visit, typed) => resetWithGivenCode(visit, typed),
  refuse: (visit, typed, refusal) => showGivenForm(visit, typed, refusal),
};

export async function resetWithGivenCode(visit: Visit, typed: Typed): Promise<Redirect> {
  const [username, code] = [typed.get("username"), typed.get("code").trim()];
  await visit.callWithCookies.password.reset({ username, code, newPassword: typed.get("newPassword") });
  return toSignInAnew(visit);
}

export function showGivenForm(visit: Visit, typed?: Typed, refusal?: Refusal): View {
  const { texts } = visit;
  const { username, code, newPassword } = refusal?.faults ?? {};
  const fields = html`<div class="stack">${notice("bad", refusal?.message)}
${field(visit, {
  ...{ name: "username", label: texts.nameLabel, value: typed?.get("username"), fault: username },
  ...{ autocomplete: "username", isRequired: true, isFirst: !typed, isLatin: true },
})}
${field(visit, {
  ...{ name: "code", label: texts.code, value: typed?.get("code"), fault: code },
  ...{ autocomplete: "one-time-code", isRequired: true, isFirst: Boolean(typed), isLatin: true },
})}
${newPasswordField(visit, { name: "newPassword", fault: newPassword })}
${button(texts.savePassword)}</div>`;
  return {
    title: texts.reset,
    ...answerOf(refusal),
    main: html`${heading(texts.reset, texts.resetLead)}${form(visit, "/reset/given", fields)}<hr class="line"><p class="aside">${linkAnew(visit, "/sign-in", texts.signIn)}${linkAnew(visit, "/recover", texts.recoverTitle)}${linkAnew(visit, "/not-me", texts.notMe)}</p>`,
  };
}
