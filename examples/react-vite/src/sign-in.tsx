import { useAuth } from "@latchkey/client/react";
import { useActionState } from "react";
import { explain } from "./auth.ts";

export function SignIn() {
  const { signIn } = useAuth();
  const [last, submit, isPending] = useActionState(
    async (_: unknown, form: FormData) => {
      const username = String(form.get("username"));
      try {
        await signIn({ username, password: String(form.get("password")) });
        return { username, problem: "" };
      } catch (error) {
        return { username, problem: explain(error) };
      }
    },
    { username: "", problem: "" },
  );
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
    </form>
  );
}
