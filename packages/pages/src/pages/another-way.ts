import { html } from "hono/html";
import { button, field, form, heading, linkAnew, notice, queryOf, type View } from "../layout.ts";
import type { Page, Redirect } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { keepStep, readStep, type Step } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn } from "./after-sign-in.ts";
import { beginAgain, withName } from "./code-form.ts";
import { fixedName } from "./sign-in-password.ts";

/** For somebody who has proved a number whose account asks for its password as well; or whose account it is not. */
export const anotherWayPage: Page = {
  path: "/sign-in/another-way",
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readTicketStep(visit);
    if (!step) return beginAgain(visit, "/sign-in");
    if (typed.has("notMine")) {
      keepStep(visit, { ...step, isNotMine: true });
      return { to: `${visit.base}/register/finish${queryOf(visit)}` };
    }
    const input = { username: step.name, password: typed.get("password"), ticket: step.ticket };
    return finishSignIn(visit, await visit.callWithCookies.token.obtain(input));
  },
  refuse: (visit, _, refusal) => showStep(visit, refusal),
};

function readTicketStep(visit: Visit): Step | null {
  const step = readStep(visit);
  return step?.ticket !== undefined && step.next === "another_way" ? step : null;
}

function showStep(visit: Visit, refusal?: Refusal): View | Redirect {
  const step = readTicketStep(visit);
  return step ? showForm(visit, step, refusal) : beginAgain(visit, "/sign-in");
}

export function showForm(visit: Visit, { name }: Step, refusal?: Refusal): View {
  const { texts, serving } = visit;
  const fields = html`<div class="stack">${notice("bad", refusal?.message)}
${fixedName(visit, name)}
${field(visit, {
  ...{ name: "password", label: texts.password, type: "password", fault: refusal?.faults.password },
  ...{ autocomplete: "current-password", isRequired: true, isFirst: true },
})}
${button(texts.signIn)}</div>`;
  const notMine = html`<input type="hidden" name="notMine" value="yes">${button(texts.notMine, "second wide")}`;
  const other = serving.registration === "open" ? form(visit, "/sign-in/another-way", notMine) : "";
  return {
    title: texts.anotherWay,
    ...answerOf(refusal),
    main: html`${heading(texts.anotherWay, withName(texts.anotherWayLead, name))}${form(visit, "/sign-in/another-way", fields)}${other}<hr class="line"><p>${linkAnew(visit, "/reset", texts.forgotten)}</p>`,
  };
}
