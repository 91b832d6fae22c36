"use server";

import { isAuthError } from "@latchkey/client";
import { redirect } from "next/navigation";
import { withSession } from "../../../session.ts";

/** Where somebody is on their way in. What it holds is good for nothing without the code, or once it was used. */
export interface CodeState {
  readonly step: "number" | "code" | "register" | "password";
  readonly to: string;
  readonly challenge: string;
  readonly ticket: string;
  readonly problem: string;
}

/** Takes a step. Whoever is signed in by it goes to the first page. */
export async function signInByCode(last: CodeState, form: FormData): Promise<CodeState> {
  let next: CodeState | null;
  try {
    next = await withSession((session) => steps[last.step](session, last, (name) => String(form.get(name) ?? "")));
  } catch (error) {
    return { ...last, ...(isAuthError(error, "code_expired") && { step: "number" }), problem: explain(error) };
  }
  return next ?? redirect("/");
}

type Session = Parameters<Parameters<typeof withSession>[0]>[0];
type Step = (session: Session, last: CodeState, typed: (name: string) => string) => Promise<CodeState | null>;

const steps: Readonly<Record<CodeState["step"], Step>> = {
  async number({ api }, last, typed) {
    const to = typed("to");
    const { challenge } = await api.codes.start.mutate({ purpose: "enter", to });
    return { ...last, step: "code", to, challenge, problem: "" };
  },
  async code({ api }, last, typed) {
    const answer = await api.token.obtainByCode.mutate({ challenge: last.challenge, code: typed("code") });
    if (!("ticket" in answer)) return null;
    const step = answer.next === "register" ? "register" : "password";
    return { ...last, step, ticket: answer.ticket, problem: "" };
  },
  async register({ api }, { ticket }, typed) {
    await api.account.register.mutate({ ticket, firstName: typed("firstName") });
    return null;
  },
  async password(session, { to, ticket }, typed) {
    await session.signIn({ username: to, password: typed("password"), ticket });
    return null;
  },
};

function explain(error: unknown): string {
  if (isAuthError(error, "code_invalid")) return "That is not the code. Look again.";
  if (isAuthError(error, "code_expired")) return "That code is too old. Ask for another.";
  if (isAuthError(error, "invalid_credentials")) return "That password does not fit.";
  if (isAuthError(error, "invalid_input")) return "No codes are sent to this number.";
  if (isAuthError(error, "rate_limited")) return `Too many tries. Try again in ${error.data.retryAfter} seconds.`;
  return "The service does not answer. Try again.";
}
