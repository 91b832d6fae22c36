import { html } from "hono/html";
import { button, field, form, heading, notice, type View } from "../layout.ts";
import type { Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Visit } from "../visit.ts";
import { afterSignIn } from "./after-sign-in.ts";

/** Shows once more, by the password, that it is the owner of the session. */
export const reauthenticatePage: Page = {
  path: "/reauthenticate",
  isPrivate: true,
  show: (visit) => showForm(visit),
  async submit(visit, typed) {
    await visit.call.me.reauthenticate({ password: typed.get("password") });
    return afterSignIn(visit);
  },
  refuse: (visit, _, refusal) => showForm(visit, refusal),
};

async function showForm(visit: Visit, refusal?: Refusal): Promise<View> {
  const { texts, call } = visit;
  const user = await call.me.get();
  const fault = refusal?.reason === "invalid_credentials" ? texts.issues.incorrect : refusal?.faults.password;
  const message = fault === undefined ? refusal?.message : undefined;
  const name = user.username ?? user.phoneNumber ?? user.email ?? "";
  const fields = html`<div class="stack">${notice("bad", message)}<input type="text" name="username" value="${name}" autocomplete="username" hidden>
${field(visit, {
  ...{ name: "password", label: texts.password, type: "password", fault },
  ...{ autocomplete: "current-password", isRequired: true, isFirst: true },
})}
${button(texts.goOn)}</div>`;
  return {
    title: texts.confirm,
    ...answerOf(refusal),
    main: html`${heading(texts.confirm, texts.confirmLead)}${form(visit, "/reauthenticate", fields)}`,
  };
}
