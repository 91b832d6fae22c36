"use client";

import { useCallback, useEffect, useRef, useState } from "react";
import type { AuthClient } from "./auth-client.ts";
import type { ReauthenticationRequest } from "./reauthenticator.ts";

/** What shows who is there: the password, or the challenge and the code of an account without one, and what the authenticator app shows. */
export interface ShownAgain {
  readonly password?: string;
  readonly challenge?: string;
  readonly code?: string;
  readonly totp?: string;
}

interface State {
  /** What calls wait for: show a dialog; null when none does. */
  readonly request: ReauthenticationRequest | null;
  /** Whether what was shown is being looked at. */
  readonly isChecking: boolean;
  /** What the last thing was refused with; null when it was not. */
  readonly error: unknown;
}

/** What {@link useReauthenticate} answers. */
export interface UseReauthenticate extends State {
  /** Shows it, and has the calls that wait sent again. After a refusal they go on waiting. */
  confirm(shown: ShownAgain): Promise<void>;
  /** The same by a step of your own, such as `reauthenticateWithPasskey(auth)`; where it answers false they go on waiting. */
  confirmBy(step: () => Promise<unknown>): Promise<void>;
  /** The calls that wait are refused as they were. */
  cancel(): void;
}

interface Waiting {
  resolve(): void;
  reject(reason: Error): void;
}

const idle: State = { request: null, isChecking: false, error: null };

/**
 * Asks whoever is there to show it again, when the service wants that before it runs a call: once for all calls that wait, which are then sent
 * again.
 *
 * @example
 * const { auth } = useAuth();
 * const again = useReauthenticate(auth);
 * if (again.request) return <form action={(form) => again.confirm({ password: String(form.get("password")) })}>…</form>;
 */
export function useReauthenticate(auth: Pick<AuthClient, "internals" | "onReauthenticate">): UseReauthenticate {
  const [state, setState] = useState(idle);
  const waiting = useRef<Waiting | null>(null);

  const finish = useCallback((end: (one: Waiting) => void) => {
    const one = waiting.current;
    waiting.current = null;
    setState(idle);
    if (one) end(one);
  }, []);

  const cancel = useCallback(() => finish((one) => one.reject(new Error("It was not shown again"))), [finish]);

  useEffect(() => {
    const forget = auth.onReauthenticate(
      (request) =>
        new Promise((resolve, reject) => {
          waiting.current = { resolve, reject };
          setState({ ...idle, request });
        }),
    );
    return () => {
      forget();
      cancel();
    };
  }, [auth, cancel]);

  const confirmBy = useCallback(
    async (step: () => Promise<unknown>) => {
      const asked = waiting.current;
      setState((before) => ({ ...before, isChecking: true, error: null }));
      const after = await step().then(
        (isShown) => ({ isShown: isShown !== false, error: null }),
        (error: unknown) => ({ isShown: false, error }),
      );
      // It was given up meanwhile.
      if (asked === null || waiting.current !== asked) return;
      if (after.isShown) finish((one) => one.resolve());
      else setState((before) => ({ ...before, isChecking: false, error: after.error }));
    },
    [finish],
  );

  const confirm = useCallback(
    (shown: ShownAgain) => confirmBy(() => auth.internals.call("me.reauthenticate", shown)),
    [auth, confirmBy],
  );
  return { ...state, confirm, confirmBy, cancel };
}
