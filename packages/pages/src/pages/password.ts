import { html } from "hono/html";
import { button, field, form, heading, linkAnew, newPasswordField, notice, type View } from "../layout.ts";
import type { Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { sendsCodes } from "../sent-codes.ts";
import type { Visit } from "../visit.ts";
import { keepSession } from "./after-sign-in.ts";

/** Changes the password, which ends every other session. */
export const passwordPage: Page = {
  path: "/account/password",
  isPrivate: true,
  show: (visit) => showForm(visit),
  async submit(visit, typed) {
    const input = { currentPassword: typed.get("currentPassword"), newPassword: typed.get("newPassword") };
    keepSession(visit, await visit.callWithCookies.me.changePassword(input));
    return { to: `${visit.base}/account/password?done=changed` };
  },
  refuse: (visit, _, refusal) => showForm(visit, refusal),
};

export function showForm(visit: Visit, refusal?: Refusal): View {
  const { texts, url } = visit;
  const { currentPassword, newPassword } = refusal?.faults ?? {};
  const done = url.searchParams.get("done") === "changed" && !refusal ? texts.passwordChanged : undefined;
  const fields = html`<div class="stack">
${field(visit, {
  ...{ name: "currentPassword", label: texts.currentPassword, type: "password", fault: currentPassword },
  ...{ autocomplete: "current-password", isRequired: true, isFirst: Boolean(currentPassword) },
})}
${newPasswordField(visit, { name: "newPassword", fault: newPassword, isFirst: Boolean(newPassword) })}
<div>${button(texts.savePassword, "")}</div></div>`;
  const message = refusal?.reason === "invalid_credentials" ? texts.refusals.invalid_input : refusal?.message;
  return {
    ...{ title: texts.password, place: "password" },
    ...answerOf(refusal),
    main: html`${heading(texts.password, texts.passwordLead)}${notice("bad", message)}${notice("good", done)}<section class="panel">${form(visit, "/account/password", fields)}</section>${sendsCodes(visit) ? html`<p>${linkAnew(visit, "/reset", texts.passwordMissing)}</p>` : ""}`,
  };
}
