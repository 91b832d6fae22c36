import { html } from "hono/html";
import { button, field, form, heading, link, newPasswordField, notice, type View } from "../layout.ts";
import type { Page, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Visit } from "../visit.ts";
import { afterSignIn, keepSession } from "./after-sign-in.ts";

/** Opens an account with a username and a password. */
export const registerPage: Page = {
  path: "/register",
  show: (visit) => (visit.serving.registration === "open" ? showForm(visit) : showClosed(visit)),
  async submit(visit, typed) {
    const input = { username: typed.get("username"), password: typed.get("password") };
    keepSession(visit, await visit.callWithCookies.account.register(input));
    return afterSignIn(visit);
  },
  refuse: (visit, typed, refusal) => showForm(visit, typed, refusal),
};

function showForm(visit: Visit, typed?: Typed, refusal?: Refusal): View {
  const { texts } = visit;
  const { username, password } = refusal?.faults ?? {};
  const isTaken = refusal?.reason === "identifier_taken";
  const fields = html`<div class="stack">${notice("bad", refusal?.message)}
${field(visit, {
  name: "username",
  label: texts.username,
  hint: texts.usernameHint,
  value: typed?.get("username"),
  fault: username ?? (isTaken ? texts.issues.taken : undefined),
  autocomplete: "username",
  isRequired: true,
  isFirst: !typed || Boolean(username) || isTaken,
  isLatin: true,
})}
${newPasswordField(visit, { name: "password", label: texts.password, fault: password })}
${button(texts.register)}</div>`;
  return {
    title: texts.register,
    ...answerOf(refusal),
    main: html`${heading(texts.register, texts.registerLead)}${form(visit, "/register", fields)}<hr class="line"><p>${link(visit, "/sign-in", texts.haveAccount)}</p>`,
  };
}

function showClosed(visit: Visit): View {
  const { texts } = visit;
  return {
    title: texts.register,
    main: html`${heading(texts.register, texts.refusals.registration_closed)}<p>${link(visit, "/sign-in", texts.haveAccount)}</p>`,
  };
}
