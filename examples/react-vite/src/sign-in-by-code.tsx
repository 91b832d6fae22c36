import { useAuth, useCode } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { explain } from "./auth.ts";

/** One field and one button: whoever has an account is signed in, and whoever has none makes one. */
export function SignInByCode() {
  const code = useCode("enter");
  if (code.outcome?.next === "register") return <Register ticket={code.outcome.ticket} />;
  if (code.outcome?.next === "another_way")
    return <Password name={code.to ?? ""} ticket={code.outcome.ticket} startAgain={code.reset} />;
  if (code.status === "idle" || code.expiresIn === 0)
    return (
      <Form
        title="Sign in by phone"
        button="Send a code"
        isBusy={code.isSending}
        problem={code.error}
        submit={(form) => code.start(String(form.get("phone")))}
      >
        <label>
          Phone number
          <input name="phone" type="tel" autoComplete="tel" defaultValue={code.to ?? ""} required />
        </label>
      </Form>
    );
  return (
    <Form
      title="Type the code"
      button="Continue"
      isBusy={code.status === "checking"}
      problem={code.error}
      submit={(form) => code.confirm(String(form.get("code")))}
    >
      <p>
        We sent {code.digits} digits to {code.to}.
      </p>
      <label>
        Code
        <input name="code" autoComplete="one-time-code" inputMode="numeric" required />
      </label>
      <button type="button" disabled={code.resendIn > 0 || code.isSending} onClick={code.resend}>
        {code.resendIn > 0 ? `Send it again in ${code.resendIn} s` : "Send it again"}
      </button>
      <button type="button" onClick={code.reset}>
        Another number
      </button>
    </Form>
  );
}

/** Nobody has the number yet: it is name enough. */
function Register({ ticket }: { ticket: string }) {
  const { auth } = useAuth();
  return (
    <Step
      title="Welcome"
      button="Create the account"
      submit={(form) => auth.api.account.register.mutate({ ticket, firstName: String(form.get("firstName")) })}
    >
      <label>
        First name
        <input name="firstName" autoComplete="given-name" />
      </label>
    </Step>
  );
}

/** The account of that number asks for its password as well. */
function Password({ name, ticket, startAgain }: { name: string; ticket: string; startAgain: () => void }) {
  const { signIn } = useAuth();
  return (
    <Step
      title="Your password, too"
      button="Sign in"
      submit={(form) => signIn({ username: name, password: String(form.get("password")), ticket })}
    >
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="button" onClick={startAgain}>
        Another number
      </button>
    </Step>
  );
}

interface StepProps {
  readonly title: string;
  readonly button: string;
  readonly children: ReactNode;
  submit(form: FormData): Promise<unknown>;
}

/** A form that knows by itself whether it is busy and what went wrong. */
function Step({ submit, ...rest }: StepProps) {
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const run = async (form: FormData) => {
    setBusy(true);
    setProblem(null);
    await submit(form).catch(setProblem);
    setBusy(false);
  };
  return <Form {...rest} submit={run} isBusy={isBusy} problem={problem} />;
}

function Form({ title, button, children, submit, isBusy, problem }: StepProps & { isBusy: boolean; problem: unknown }) {
  return (
    <form
      onSubmit={(event) => {
        // A form's `action` would empty its fields when the code is wrong.
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      <h1>{title}</h1>
      {children}
      <p role="alert">{problem ? explain(problem) : ""}</p>
      <button className="primary" type="submit" disabled={isBusy}>
        {button}
      </button>
    </form>
  );
}
