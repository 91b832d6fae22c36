"use client";

import Link from "next/link";
import { useActionState } from "react";
import { signIn } from "../actions.ts";

/** Works before its script has arrived, and without it. */
export function SignInForm() {
  const [last, submit, isPending] = useActionState(signIn, { username: "", problem: "" });
  return (
    <form action={submit}>
      <h1>Sign in</h1>
      <label>
        Username or phone number
        <input name="username" autoComplete="username" defaultValue={last.username} required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <p role="alert">{last.problem}</p>
      <button className="primary" type="submit" disabled={isPending}>
        Sign in
      </button>
      <Link href="/sign-in/code">Use a code</Link>
    </form>
  );
}
