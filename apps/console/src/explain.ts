import { type InputIssue, isAuthError } from "@latchkey/client";
import { spellSeconds } from "@latchkey/pages/languages/spell-seconds";
import { fill } from "./language.tsx";
import type { Texts } from "./languages/en.ts";

/** What to tell somebody whose call was refused or got no answer, and what they can do next. */
export function explain(error: unknown, texts: Texts): string {
  const { refusals } = texts;
  if (!isAuthError(error)) return hasAnswer(error) ? refusals.failed : refusals.away;
  const { reason, issues } = error.data as { reason: string; issues?: readonly InputIssue[] };
  if (isAuthError(error, "rate_limited")) {
    return fill(refusals.wait, { time: spellSeconds(error.data.retryAfter, texts.tag) });
  }
  if (issues?.[0]) return issues.map((issue) => explainIssue(issue, refusals)).join(" ");
  // What stands in the way of a right is said by the service alone, and in English.
  if (reason === "permission_denied") return `${refusals.denied} ${error.message}`;
  return refusals.reasons[reason as keyof typeof refusals.reasons] ?? error.message;
}

/** The same for taking something back, after which there is no form to look at and to save. */
export const explainUndo = (error: unknown, texts: Texts): string =>
  isAuthError(error, "changed_meanwhile") ? texts.notUndone : explain(error, texts);

const hasAnswer = (error: unknown) =>
  typeof (error as { data?: { httpStatus?: unknown } })?.data?.httpStatus === "number";

/** What is wrong with one field. */
export function explainIssue({ code, message }: InputIssue, { issues }: Texts["refusals"]): string {
  return issues[code as keyof typeof issues] ?? message;
}

/** What is wrong, by field. */
export function findFaults(error: unknown, texts: Texts): Readonly<Record<string, string>> {
  const issues = isAuthError(error) ? ((error.data as { issues?: readonly InputIssue[] }).issues ?? []) : [];
  // An input of an update has its fields below `changes`.
  const named = issues.map((issue) => [String(issue.path.at(-1) ?? ""), explainIssue(issue, texts.refusals)] as const);
  return Object.fromEntries(named.toReversed());
}
