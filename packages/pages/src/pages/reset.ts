import { html } from "hono/html";
import { button, field, form, heading, linkAnew, refused, type View } from "../layout.ts";
import type { Page, Typed } from "../page.ts";
import { answerOf, missing, type Refusal } from "../refusal.ts";
import { faultOfName, kindOf, sendCode, sendsCodes } from "../sent-codes.ts";
import type { Visit } from "../visit.ts";
import { resetWithGivenCode, showGivenForm } from "./reset-given.ts";

/** Sends a code with which a new password is chosen; where none can be sent, one that somebody handed over is typed here. */
export const resetPage: Page = {
  path: "/reset",
  show: (visit) => (sendsCodes(visit) ? showForm(visit) : showGivenForm(visit)),
  submit(visit, typed) {
    if (typed.has("code") || !sendsCodes(visit)) return resetWithGivenCode(visit, typed);
    const name = typed.get("username").trim().slice(0, 320);
    if (name === "") return showForm(visit, typed, missing(visit.texts, "username"));
    return sendCode(visit, { way: "reset_password", from: "/reset", name, kind: kindOf(name) });
  },
  refuse: (visit, typed, refusal) =>
    typed.has("code") ? showGivenForm(visit, typed, refusal) : showForm(visit, typed, refusal),
};

export function showForm(visit: Visit, typed?: Typed, refusal?: Refusal): View {
  const { texts, url } = visit;
  const over = !refusal && url.searchParams.get("done") === "over" ? texts.over : undefined;
  const fault = faultOfName(visit, typed?.get("username") ?? "", refusal);
  const fields = html`<div class="stack">${refused(refusal?.message ?? over, fault)}
${field(visit, {
  ...{ name: "username", label: texts.nameLabel, value: typed?.get("username"), fault },
  ...{ autocomplete: "username", isRequired: true, isFirst: true, isLatin: true },
})}
${button(texts.sendMeCode)}</div>`;
  return {
    title: texts.reset,
    ...answerOf(refusal),
    main: html`${heading(texts.reset, texts.resetByCodeLead)}${form(visit, "/reset", fields)}<hr class="line"><p class="aside">${linkAnew(visit, "/sign-in", texts.signIn)}${linkAnew(visit, "/reset/given", texts.haveCode)}${linkAnew(visit, "/recover", texts.recoverTitle)}${linkAnew(visit, "/not-me", texts.notMe)}</p>`,
  };
}
