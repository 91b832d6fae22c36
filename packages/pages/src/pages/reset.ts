import { html } from "hono/html";
import { button, field, form, heading, link, newPasswordField, notice, type View } from "../layout.ts";
import type { Page, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Visit } from "../visit.ts";

/** Sets a password with a code that somebody handed over. */
export const resetPage: Page = {
  path: "/reset",
  show: (visit) => showForm(visit),
  async submit({ call, base }, typed) {
    const [username, code] = [typed.get("username"), typed.get("code").trim()];
    await call.password.reset({ username, code, newPassword: typed.get("newPassword") });
    return { to: `${base}/sign-in?done=reset` };
  },
  refuse: (visit, typed, refusal) => showForm(visit, typed, refusal),
};

function showForm(visit: Visit, typed?: Typed, refusal?: Refusal): View {
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
    main: html`${heading(texts.reset, texts.resetLead)}${form(visit, "/reset", fields)}<hr class="line"><p>${link(visit, "/sign-in", texts.signIn)}</p>`,
  };
}
