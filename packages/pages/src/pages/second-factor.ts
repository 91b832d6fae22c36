import { html } from "hono/html";
import { fill } from "../languages/language.ts";
import { spellSeconds } from "../languages/spell-seconds.ts";
import { button, checkbox, form, type Html, heading, linkAnew, refused, type View } from "../layout.ts";
import type { Answer, Page, Redirect, Typed } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import { leadTo, readTicketStep, type Step, type TicketStep } from "../step.ts";
import type { Visit } from "../visit.ts";
import { finishSignIn } from "./after-sign-in.ts";
import { beginAgain } from "./code-form.ts";
import {
  notAPasskey,
  ofPasskey,
  type PasskeyToAsk,
  type PasskeyToMake,
  passkeyForm,
  readNewPasskey,
  readPasskey,
  showWithoutPasskeys,
} from "./passkey-form.ts";
import { layOutCodes } from "./recovery.ts";
import { showSecret, totpField } from "./totp-form.ts";

/** Asks for the digits of the authenticator app or a passkey, after all else was right; or sets one up where the account has to have one. */
export const secondFactorPage: Page = {
  path: "/sign-in/second-factor",
  show: (visit) => showStep(visit),
  async submit(visit, typed) {
    const step = readTicketStep(visit, "second_factor");
    if (!step) return beginAgain(visit, "/sign-in");
    const shown = readShown(typed, step);
    if (!shown) return showStep(visit, notAPasskey(visit), typed);
    const remember = typed.has("remember");
    const answer = await visit.callWithCookies.token.obtainBySecondFactor({ ticket: step.ticket, remember, ...shown });
    const next = finishSignIn(visit, answer);
    return answer.recoveryCodes ? layOutCodes(visit, answer.recoveryCodes, next.to) : next;
  },
  refuse: (visit, typed, refusal) =>
    showStep(visit, typed.has("passkey") ? ofPasskeyShown(visit, refusal) : refusal, typed),
};

function readShown(typed: Typed, { isToEnroll }: Step) {
  if (!typed.has("passkey")) return { totp: typed.get("totp") };
  const newPasskey = isToEnroll ? readNewPasskey(typed) : undefined;
  const passkey = isToEnroll ? undefined : readPasskey(typed);
  return newPasskey ? { newPasskey } : passkey ? { passkey } : null;
}

/** The fault at the ticket says that the sign-in begins again. */
const ofPasskeyShown = (visit: Visit, refusal: Refusal): Refusal => ({
  ...ofPasskey(visit, refusal),
  faults: refusal.faults.ticket === undefined ? {} : { ticket: refusal.faults.ticket },
});

/** Leads to that page from whichever form was refused for the want of it; null for every other refusal. */
export function goToSecondFactor(visit: Visit, { secondFactor }: Refusal): Redirect | null {
  if (secondFactor?.ticket === undefined) return null;
  const { ticket, methods = [], enroll = [], rememberSeconds } = secondFactor;
  return leadTo(visit, "/sign-in/second-factor", {
    ...{ way: "second_factor", ticket, isToEnroll: enroll.length > 0 },
    ...{ hasApp: methods.includes("totp"), hasPasskey: methods.includes("passkey"), rememberSeconds },
  });
}

async function showStep(visit: Visit, refusal?: Refusal, typed?: Typed): Promise<Answer> {
  const step = readTicketStep(visit, "second_factor");
  // The ticket was used, is too old or had its tries.
  if (!step || refusal?.faults.ticket !== undefined) return beginAgain(visit, "/sign-in");
  const { ticket, isToEnroll, hasApp = !step.hasPasskey, rememberSeconds } = step;
  const key = isToEnroll ? await visit.call.token.enrollTotp({ ticket }) : null;
  const isRemembered = typed?.has("remember") ?? false;
  const passkey = await findPasskey(visit, step);
  return layOutSecondFactor(visit, { key, hasApp, passkey, rememberSeconds, isRemembered }, refusal);
}

async function findPasskey({ call, serving }: Visit, { ticket, isToEnroll, hasPasskey }: TicketStep) {
  if (isToEnroll && serving.hasPasskeys) return (await call.passkeys.startEnrolling({ ticket })).options;
  return hasPasskey ? (await call.passkeys.startSecondFactor({ ticket })).options : undefined;
}

interface Factors {
  /** What the app is set up with, where there is none yet. */
  readonly key: { readonly secret: string; readonly uri: string } | null;
  readonly hasApp?: boolean;
  /** What the browser is to be asked, for a passkey that there is or a new one. */
  readonly passkey?: PasskeyToAsk | PasskeyToMake | undefined;
  /** For how long this browser can be remembered; absent where it cannot be. */
  readonly rememberSeconds?: number | undefined;
  /** Whether that was ticked. */
  readonly isRemembered?: boolean;
}

/** The tick is never set by the page: on a shared device it would be somebody else's gain. */
function rememberBox(visit: Visit, { rememberSeconds, isRemembered = false }: Factors, id: string): Html | string {
  if (rememberSeconds === undefined) return "";
  const time = spellSeconds(rememberSeconds, visit.language.tag);
  return checkbox("remember", fill(visit.texts.rememberDevice, { time }), isRemembered, id);
}

export function layOutSecondFactor(visit: Visit, factors: Factors, refusal?: Refusal): View {
  const { key, hasApp = true, passkey } = factors;
  const { texts } = visit;
  const path = "/sign-in/second-factor";
  const takesDigits = key !== null || hasApp;
  const digits = html`<div class="stack">${refused(refusal?.message, refusal?.faults.totp)}
${totpField(visit, refusal)}
${rememberBox(visit, factors, "remember")}
${button(texts.signIn)}</div>`;
  const byApp = takesDigits ? html`${key ? showSecret(visit, key) : ""}${form(visit, path, digits)}` : "";
  const words = { text: key ? texts.passkeyAdd : texts.passkeyUse, kind: takesDigits ? "second wide" : "wide" };
  const fields = html`${rememberBox(visit, factors, "remember-with-passkey")}`;
  const byPasskey = passkey
    ? html`${takesDigits ? "" : refused(refusal?.message)}${passkeyForm(visit, { path, options: passkey, fields, ...words })}${takesDigits ? "" : showWithoutPasskeys(visit)}`
    : "";
  const lead = key
    ? texts.enrollLead
    : !takesDigits
      ? texts.passkeysLead
      : passkey
        ? texts.passkeyOrApp
        : texts.secondFactorLead;
  return {
    title: texts.secondFactor,
    ...answerOf(refusal),
    main: html`${heading(texts.secondFactor, lead)}${byApp}${byPasskey}<hr class="line">${key ? "" : html`<p class="quiet small">${texts.noApp}</p>`}<p>${linkAnew(visit, "/sign-in", texts.beginAgain)}</p>`,
  };
}
