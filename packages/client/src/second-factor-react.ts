"use client";

import type { AnyRouter } from "@trpc/server";
import { useMemo, useRef, useState } from "react";
import type { AppRouter } from "./api-types.ts";
import type { ClientOf } from "./auth-client.ts";
import { isAuthError } from "./errors.ts";
import type { PersonOf } from "./mounted-router.ts";
import {
  enrollTotp,
  findPendingSignIn,
  type PendingSignIn,
  type SecondFactorOptions,
  showSecondFactor,
  type TotpSecret,
} from "./second-factor.ts";

interface State<Person> {
  /** The sign-in that waits; null when none does. */
  readonly pending: PendingSignIn | null;
  /** Of an authenticator app that is being set up. */
  readonly secret: TotpSecret | null;
  /** Whether the service looks at something at this moment. */
  readonly isChecking: boolean;
  /** What the last thing was refused with; null when it was not. */
  readonly error: unknown;
  /** Who is signed in by it. */
  readonly user: Person | null;
}

/** What {@link useSecondFactor} answers. */
export interface UseSecondFactor<Person> extends State<Person> {
  /** Takes what a sign-in threw, and answers whether it waits for a second factor; any other error is the page's own. */
  take(error: unknown): boolean;
  /** Makes the secret for an app, where `pending.enroll` says so. */
  enroll(): Promise<void>;
  /** Signs in with what the app shows. After a ticket that is good no more, `pending` is null: begin again. */
  confirm(totp: string, options?: SecondFactorOptions): Promise<void>;
  /** Gives the sign-in up that waits. */
  reset(): void;
}

const idle = { pending: null, secret: null, isChecking: false, error: null, user: null } as const;

/**
 * Asks for the second factor of a sign-in.
 *
 * @example
 * const { auth, signIn } = useAuth();
 * const factor = useSecondFactor(auth);
 * const submit = () => signIn({ username, password }).catch((error) => factor.take(error) || show(error));
 * if (factor.pending) return <form action={(form) => factor.confirm(String(form.get("totp")))}>…</form>;
 */
export function useSecondFactor<Router extends AnyRouter = AppRouter>(
  auth: ClientOf<Router>,
): UseSecondFactor<PersonOf<Router>> {
  type Person = PersonOf<Router>;
  const [state, setState] = useState<State<Person>>(idle);
  const { pending } = state;
  /** Of an answer that comes after something else was asked for, nothing is shown. */
  const turn = useRef(0);

  const actions = useMemo(() => {
    async function run(step: (pending: PendingSignIn) => Promise<Partial<State<Person>>>) {
      if (!pending) throw new Error("No sign-in waits for a second factor: call take first");
      turn.current += 1;
      const own = turn.current;
      setState((state) => ({ ...state, isChecking: true, error: null }));
      const after = await step(pending).catch((error: unknown) => ({
        error,
        ...(isOver(error) && { pending: null, secret: null }),
      }));
      if (own === turn.current) setState((state) => ({ ...state, isChecking: false, ...after }));
    }
    return {
      take(error: unknown) {
        const found = findPendingSignIn(error);
        if (!found) return false;
        turn.current += 1;
        setState({ ...idle, pending: found });
        return true;
      },
      enroll: () => run(async (pending) => ({ secret: await enrollTotp(auth, pending) })),
      confirm: (totp: string, options?: SecondFactorOptions) =>
        run(async (pending) => ({ ...idle, user: await showSecondFactor<Router>(auth, pending, totp, options) })),
      reset() {
        turn.current += 1;
        setState(idle);
      },
    };
  }, [auth, pending]);
  return { ...state, ...actions };
}

/** Whether the sign-in has to begin again. */
function isOver(error: unknown): boolean {
  return isAuthError(error, "code_invalid") && error.data.issues?.[0]?.path[0] === "ticket";
}
