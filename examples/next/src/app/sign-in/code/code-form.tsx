"use client";

import { useActionState } from "react";
import { type CodeState, signInByCode } from "./actions.ts";

const first: CodeState = { step: "number", to: "", challenge: "", ticket: "", problem: "" };

/** One step after the other, each a form that works before its script has arrived. */
export function CodeForm() {
  const [last, submit, isPending] = useActionState(signInByCode, first);
  const { title, button, label, ...field } = fields[last.step];
  return (
    <form action={submit} key={last.step}>
      <h1>{title}</h1>
      {last.step === "code" && <p>We sent a code to {last.to}.</p>}
      <label>
        {label}
        <input {...field} defaultValue={last.step === "number" ? last.to : ""} required={last.step !== "register"} />
      </label>
      <p role="alert">{last.problem}</p>
      <button className="primary" type="submit" disabled={isPending}>
        {button}
      </button>
    </form>
  );
}

const fields = {
  number: {
    title: "Sign in by phone",
    button: "Send a code",
    label: "Phone number",
    name: "to",
    type: "tel",
    autoComplete: "tel",
  },
  code: {
    ...{ title: "Type the code", button: "Continue", label: "Code", name: "code" },
    ...{ autoComplete: "one-time-code", inputMode: "numeric" as const },
  },
  register: {
    title: "Welcome",
    button: "Create the account",
    label: "First name",
    name: "firstName",
    autoComplete: "given-name",
  },
  password: {
    ...{ title: "Your password, too", button: "Sign in", label: "Password", name: "password" },
    ...{ type: "password", autoComplete: "current-password" },
  },
};
