"use server";

import { isAuthError } from "@latchkey/client";
import { redirect } from "next/navigation";
import { withSession } from "../session.ts";

export interface SignInState {
  readonly username: string;
  readonly problem: string;
}

export async function signIn(_: SignInState, form: FormData): Promise<SignInState> {
  const username = String(form.get("username"));
  try {
    await withSession((session) => session.signIn({ username, password: String(form.get("password")) }));
  } catch (error) {
    return { username, problem: explain(error) };
  }
  redirect("/");
}

export async function signOut(): Promise<void> {
  await withSession((session) => session.signOut());
  redirect("/sign-in");
}

function explain(error: unknown): string {
  if (isAuthError(error, "invalid_credentials")) return "That name and password do not fit.";
  if (isAuthError(error, "rate_limited")) return `Too many tries. Try again in ${error.data.retryAfter} seconds.`;
  return "The service does not answer. Try again.";
}
