import { html } from "hono/html";
import { button, field, form, heading, linkAnew, notice, queryOf, type View } from "../layout.ts";
import type { Answer, Page, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { keepStep, readStep, type Step, type TicketStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn } from "./after-sign-in.ts";
import { beginAgain, withName } from "./code-form.ts";
import {
  askForPasskey,
  notAPasskey,
  ofPasskey,
  type PasskeyToAsk,
  passkeyForm,
  readPasskey,
  showPasskeyElsewhere,
} from "./passkey-form.ts";
import { fixedName } from "./sign-in-password.ts";

/** For somebody who has proved a number whose account asks for its password or a passkey as well; or whose account it is not. */
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
    if (typed.has("passkey")) return signInByPasskey(visit, typed, step.ticket);
    const input = { username: step.name, password: typed.get("password"), ticket: step.ticket };
    return finishSignIn(visit, await visit.callWithCookies.token.obtain(input));
  },
  refuse: (visit, typed, refusal) => showStep(visit, typed.has("passkey") ? ofPasskey(visit, refusal) : refusal),
};

async function signInByPasskey(visit: Visit, typed: Typed, ticket: string): Promise<Answer> {
  const passkey = readPasskey(typed);
  if (!passkey) return showStep(visit, notAPasskey(visit));
  return finishSignIn(visit, await visit.callWithCookies.token.obtainByPasskey({ passkey, ticket }));
}

function readTicketStep(visit: Visit): TicketStep | null {
  const step = readStep(visit);
  if (step?.ticket === undefined || step.next !== "another_way") return null;
  return { ...step, ticket: step.ticket };
}

async function showStep(visit: Visit, refusal?: Refusal): Promise<Answer> {
  const step = readTicketStep(visit);
  return step ? showForm(visit, step, refusal, await askForPasskey(visit)) : beginAgain(visit, "/sign-in");
}

/** A way in of every kind stands there, whichever the account has: nothing is told of it. */
export function showForm(visit: Visit, { name }: Step, refusal?: Refusal, passkey?: PasskeyToAsk): View {
  const { texts, serving } = visit;
  const fields = html`<div class="stack">${notice("bad", refusal?.message)}
${fixedName(visit, name)}
${field(visit, {
  ...{ name: "password", label: texts.password, type: "password", fault: refusal?.faults.password },
  ...{ autocomplete: "current-password", isRequired: true, isFirst: true },
})}
${button(texts.signIn)}</div>`;
  const path = "/sign-in/another-way";
  const byPasskey = passkey
    ? passkeyForm(visit, { path, options: passkey, text: texts.passkeyUse, kind: "second wide" })
    : showPasskeyElsewhere(visit);
  const notMine = html`<input type="hidden" name="notMine" value="yes">${button(texts.notMine, "second wide")}`;
  const other = serving.registration === "open" ? form(visit, path, notMine) : "";
  return {
    title: texts.anotherWay,
    ...answerOf(refusal),
    main: html`${heading(texts.anotherWay, withName(texts.anotherWayLead, name))}${form(visit, path, fields)}${byPasskey}${other}<hr class="line"><p class="aside">${linkAnew(visit, "/reset", texts.forgotten)}${linkAnew(visit, "/recover", texts.recoverTitle)}</p>`,
  };
}
