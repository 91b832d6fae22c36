import { html } from "hono/html";
import { spellSeconds } from "../languages/spell-seconds.ts";
import {
  button,
  field,
  form,
  type Html,
  heading,
  linkAnew,
  newPasswordField,
  notice,
  refused,
  type View,
} from "../layout.ts";
import type { Redirect, Typed } from "../page.ts";
import { answerOf, lookUp, type Refusal } from "../refusal.ts";
import { isNextNew, isUsedUp, pathOfStep, sendAgain } from "../sent-codes.ts";
import { readStep, type Step } from "../step.ts";
import type { Visit } from "../visit.ts";

/** Sends somebody back to begin again who is on no such way, such as with an address that somebody else sent them. */
export function beginAgain({ base, url }: Visit, from: Step["from"]): Redirect {
  const returnTo = url.searchParams.get("return_to");
  const query = new URLSearchParams({ done: "over", ...(returnTo !== null && { return_to: returnTo }) });
  return { to: `${base}${from}?${query}` };
}

/** The step whose code is awaited; undefined where this browser awaits none. */
export function readCodeStep(visit: Visit, ways: readonly Step["way"][]): Step | undefined {
  const step = readStep(visit);
  return step?.challenge !== undefined && ways.includes(step.way) ? step : undefined;
}

/** What the button does that sends the code once more; null where another was pressed. */
export async function resendWhereAsked(visit: Visit, typed: Typed, step: Step): Promise<Redirect | null> {
  if (!typed.has("resend")) return null;
  const done = await sendAgain(visit, step);
  const query = new URLSearchParams(visit.url.search);
  query.set("done", done);
  return { to: `${visit.base}${pathOfStep(step)}?${query}` };
}

export interface CodeForm {
  readonly refusal?: Refusal | undefined;
  readonly title: string;
  readonly button: string;
  /** Whether a new password is chosen beside the code. */
  readonly takesPassword?: boolean;
  /** What is asked for besides. */
  readonly more?: Html | string;
  /** Other ways to go on. */
  readonly others?: Html | string;
}

/** Where the code is typed: one field, which browsers fill in from the message. */
export function showCodeForm(visit: Visit, step: Step, options: CodeForm): View {
  const { texts } = visit;
  const { refusal, title, takesPassword = false, others = "", more = "" } = options;
  const fault = faultOf(visit, step, refusal);
  const fields = html`<div class="stack">${refused(refusal?.message, fault, refusal?.faults.newPassword)}${showDone(visit, step, refusal)}
${field(visit, {
  ...{ name: "code", label: texts.code, fault, autocomplete: "one-time-code", kind: "code" },
  ...{ hint: lookUp(texts.codeBy, step.channel ?? "other"), isRequired: true, isLatin: true },
  isFirst: !refusal?.faults.newPassword,
})}
${takesPassword ? choosePassword(visit, step, refusal) : ""}${more}
${button(options.button)}</div>`;
  const change = step.way === "reauthenticate" ? "" : linkAnew(visit, step.from, texts.beginAgain);
  return {
    title,
    ...answerOf(refusal),
    main: html`${showLead(visit, step, title)}${form(visit, pathOfStep(step), fields)}${showResend(visit, step)}<hr class="line"><p class="aside">${others}${change}</p>`,
  };
}

function choosePassword(visit: Visit, step: Step, refusal: Refusal | undefined): Html {
  const fault = refusal?.faults.newPassword;
  return html`<input type="text" name="username" value="${step.name}" autocomplete="username" hidden>${newPasswordField(visit, { name: "newPassword", fault, isFirst: Boolean(fault) })}`;
}

/** Nothing here tells whether there is such an account. */
function showLead(visit: Visit, step: Step, title: string): Html {
  const { texts, serving } = visit;
  const isSentToAll =
    ["reauthenticate", "own_name"].includes(step.way) || (step.way === "enter" && serving.registration === "open");
  return heading(title, withName(isSentToAll ? texts.codeOnItsWay : texts.codeIfKnown, step.name));
}

/** A text with somebody's name or number in it, which keeps its own direction. */
export function withName(text: string, name: string, place = "name"): Html {
  const [before = "", after = ""] = text.split(`{${place}}`);
  // A number is not torn apart at the end of a line; a long address is.
  const kept = name.length <= 24 ? name.replaceAll(" ", "\u00a0") : name;
  return html`${before}<bdi class="name">${kept}</bdi>${after}`;
}

function faultOf({ texts }: Visit, step: Step, refusal: Refusal | undefined): string | undefined {
  const isWrong = refusal?.reason === "code_invalid" && refusal.faults.totp === undefined;
  // What is kept with this answer is one wrong code more than what came with the request.
  if (isWrong && isUsedUp({ ...step, wrong: (step.wrong ?? 0) + 1 })) return texts.codeUsedUp;
  return isWrong || refusal?.reason === "code_expired" ? refusal.message : refusal?.faults.code;
}

function showDone(visit: Visit, step: Step, refusal: Refusal | undefined): Html | string {
  const { texts, url, language } = visit;
  const done = refusal ? null : url.searchParams.get("done");
  if (done === "again") return notice("good", texts.sentAgain);
  if (done === "new") return notice("good", texts.sentNew);
  const left = secondsLeft(step);
  if (done !== "early" || left === 0) return "";
  return notice("bad", texts.notSentYet.replace("{time}", spellSeconds(left, language.tag)));
}

/** By this machine's clock, which may not be the database's: the button itself is answered by that. */
const secondsLeft = ({ resendAt }: Step): number =>
  Math.min(longestWait, Math.max(0, Math.ceil(((resendAt ?? 0) - Date.now()) / 1000)));

/** Seconds between the last two messages of a challenge. */
const longestWait = 120;

/** Without a script the button may be pressed at any time: what it is answered says whether something was sent. */
function showResend(visit: Visit, step: Step): Html {
  const { texts, language } = visit;
  const isNew = isNextNew(step);
  const left = isNew ? 0 : secondsLeft(step);
  const [before = "", after = ""] = texts.againIn.split("{time}");
  const wait = html`<p class="hint">${before}<span data-left>${spellSeconds(left, language.tag)}</span>${after}</p>`;
  const words = isNew ? texts.sendNew : texts.sendAgain;
  const content = html`<div class="tight"><input type="hidden" name="resend" value="yes">${button(words, "second wide")}${left > 0 ? wait : ""}</div>`;
  return form(visit, pathOfStep(step), content, left > 0 ? html` data-until="${String(left)}"` : "");
}
