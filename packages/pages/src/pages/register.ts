import { html } from "hono/html";
import { button, field, form, heading, linkAnew, refused, type View } from "../layout.ts";
import type { Page, Typed } from "../page.ts";
import { answerOf, missing, type Refusal } from "../refusal.ts";
import { faultOfName, kindOf, sendCode, sendsCodes } from "../sent-codes.ts";
import type { Visit } from "../visit.ts";
import { registerByName, showClosed, showNameForm } from "./register-by-name.ts";

/** Opens an account: by a number or an address where codes can be sent there, and by a username and a password otherwise. */
export const registerPage: Page = {
  path: "/register",
  show: (visit) => showPage(visit),
  submit(visit, typed) {
    // A form that was opened before the service had a sender, or after it lost it.
    if (typed.has("username") || !sendsCodes(visit)) return registerByName(visit, typed);
    const name = typed.get("to").trim().slice(0, 320);
    if (name === "") return showPage(visit, typed, missing(visit.texts, "to"));
    return sendCode(visit, { way: "enter", from: "/register", name, kind: kindOf(name) });
  },
  refuse: (visit, typed, refusal) =>
    typed.has("username") ? showNameForm(visit, typed, refusal) : showPage(visit, typed, refusal),
};

function showPage(visit: Visit, typed?: Typed, refusal?: Refusal): View {
  if (visit.serving.registration === "closed") return showClosed(visit);
  return sendsCodes(visit) ? showNumberForm(visit, typed, refusal) : showNameForm(visit, typed, refusal);
}

export function showNumberForm(visit: Visit, typed?: Typed, refusal?: Refusal): View {
  const { texts, url } = visit;
  const takesEmail = sendsCodes(visit, "email");
  const takesPhone = sendsCodes(visit, "phone");
  const label = takesPhone ? (takesEmail ? texts.phoneOrEmail : texts.phoneNumber) : texts.email;
  const over = !refusal && url.searchParams.get("done") === "over" ? texts.over : undefined;
  const fault = faultOfName(visit, typed?.get("to") ?? "", refusal);
  const hint = takesPhone ? texts.numberHint : texts.emailHint;
  const fields = html`<div class="stack">${refused(refusal?.message ?? over, fault)}
${field(visit, {
  ...{ name: "to", label, value: typed?.get("to"), fault },
  ...{ type: takesEmail ? "text" : "tel", autocomplete: takesEmail ? "username" : "tel" },
  ...{ ...(fault === undefined && { hint }), isRequired: true, isFirst: true, isLatin: true },
})}
${button(texts.sendMeCode)}</div>`;
  return {
    title: texts.register,
    ...answerOf(refusal),
    main: html`${heading(texts.register, texts.registerByNumberLead)}${form(visit, "/register", fields)}<hr class="line"><p class="aside">${linkAnew(visit, "/sign-in", texts.haveAccount)}${linkAnew(visit, "/register/name", texts.useUsername)}</p>`,
  };
}
