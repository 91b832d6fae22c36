import type { Challenge } from "@latchkey/auth";
import { findAuthError } from "@latchkey/server/internal";
import { TRPCError } from "@trpc/server";
import { queryOf } from "./layout.ts";
import type { Redirect } from "./page.ts";
import type { Refusal } from "./refusal.ts";
import { beginStep, keepStep, type Step } from "./step.ts";
import type { Visit } from "./visit.ts";

type NameKind = Step["kind"];

/** What kind of name somebody typed, by the grammar of names: only usernames begin with a letter or `_`, and only addresses have an `@`. */
export function kindOf(name: string): NameKind {
  const text = name.normalize("NFKC").trim();
  if (text.includes("@")) return "email";
  return /^[\p{L}_]/u.test(text) ? "username" : "phone";
}

/** Whether a code signs in who has a name of this kind. */
export function signsInByCode({ serving }: Visit, kind: NameKind): boolean {
  const { signInByCode, sentTo } = serving.codes;
  const kinds = sentTo.filter((one) => signInByCode === "both" || signInByCode === one);
  return kind === "username" ? kinds.length > 0 : kinds.includes(kind);
}

/** Whether codes can be sent at all, or to one kind of name. */
export function sendsCodes({ serving }: Visit, kind?: NameKind): boolean {
  const { sentTo } = serving.codes;
  return kind === undefined || kind === "username" ? sentTo.length > 0 : sentTo.includes(kind);
}

/** Whether an account is opened with nothing but a name of this kind that was proved. */
export function needsPassword(visit: Visit, { kind }: Step): boolean {
  const { numberOnly } = visit.serving.codes;
  return !signsInByCode(visit, kind) || (kind === "phone" && !numberOnly);
}

/** Sends a code, and leads to the page that takes it. */
export async function sendCode(visit: Visit, step: Step): Promise<Redirect> {
  const started = withChallenge(step, await startChallenge(visit, step));
  return { to: `${visit.base}${pathOfStep(step)}${queryOf(visit, { step: beginStep(visit, started) })}` };
}

export function pathOfStep({ way }: Step): string {
  if (way === "reset_password") return "/reset/code";
  if (way === "reauthenticate") return "/reauthenticate/code";
  return way === "own_name" ? "/account/contact/code" : "/sign-in/code";
}

function startChallenge(
  { callWithCookies, call, language }: Visit,
  { way, name, kind, isCurrent }: Step,
): Promise<Challenge> {
  const locale = language.tag;
  if (way === "reset_password") return callWithCookies.password.startReset({ username: name, locale });
  if (way === "own_name") {
    const input = { locale, ...(!isCurrent && { to: name }) };
    return kind === "email" ? call.me.email.start(input) : call.me.phone.start(input);
  }
  if (way === "reauthenticate" && kind !== "username")
    return call.codes.start({ purpose: "reauthenticate", current: kind, locale });
  return callWithCookies.codes.start({ purpose: way === "sign_in" ? way : "enter", to: name, locale });
}

const withChallenge = (step: Step, { challenge, channel, digits, expiresAt, resendAt }: Challenge): Step => ({
  ...{ way: step.way, name: step.name, kind: step.kind, from: step.from, isCurrent: step.isCurrent },
  ...{ challenge, channel, digits, wrong: 0 },
  ...{ expiresAt: expiresAt.getTime(), resendAt: resendAt?.getTime() ?? null },
});

/** Guesses that a challenge takes: a code that is sent again after them would be of no use. */
const guesses = 5;

export const isUsedUp = ({ wrong = 0 }: Step): boolean => wrong >= guesses;

/** Whether the next message has another code: the present one is not sent any more, or takes no more guesses. */
export const isNextNew = (step: Step): boolean =>
  step.resendAt == null || isUsedUp(step) || (step.expiresAt ?? 0) <= Date.now();

/**
 * Sends the code once more, or a new one where that one is of no use any more. Says which; `early` where it is not time for it, and nothing
 * was sent.
 */
export async function sendAgain(visit: Visit, step: Step): Promise<"again" | "new" | "early"> {
  const resent = isNextNew(step) ? null : await resend(visit, step);
  const isUnsent = resent?.resendAt?.getTime() === step.resendAt;
  // It was time, and nothing was sent: the challenge is over.
  const isOver = !resent || (isUnsent && (step.resendAt ?? 0) <= Date.now());
  const challenge = isOver ? await startChallenge(visit, step) : resent;
  keepStep(visit, { ...withChallenge(step, challenge), ...(!isOver && { wrong: step.wrong }) });
  if (isOver) return "new";
  return isUnsent ? "early" : "again";
}

/** Null for a challenge that is over. */
async function resend({ callWithCookies }: Visit, { challenge = "" }: Step): Promise<Challenge | null> {
  try {
    return await callWithCookies.codes.resend({ challenge });
  } catch (error) {
    if (isRefusedCode(error)) return null;
    throw error;
  }
}

const findCode = (error: unknown) => (error instanceof TRPCError ? findAuthError(error)?.code : undefined);

const isRefusedCode = (error: unknown): boolean => ["code_invalid", "code_expired"].includes(findCode(error) ?? "");

/** Keeps of a refused code whether a further one is looked at, so that the page can say so and sends a new one. */
export async function countingWrong<Value>(visit: Visit, step: Step, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const isExpired = findCode(error) === "code_expired";
    if (isRefusedCode(error))
      keepStep(visit, { ...step, wrong: (step.wrong ?? 0) + 1, ...(isExpired && { expiresAt: 0 }) });
    throw error;
  }
}

/** What is wrong with a name that a code was to go to, in words that say how it is written. */
export function faultOfName({ texts }: Visit, name: string, refusal: Refusal | undefined): string | undefined {
  const fault = refusal?.faults.to ?? refusal?.faults.username;
  if (fault === texts.issues.invalid_value) return texts.issues.not_personal;
  if (fault !== texts.issues.invalid_format) return fault;
  return kindOf(name) === "email" ? texts.issues.address_format : texts.issues.country_code_missing;
}
