"use client";

import type { AnyRouter } from "@trpc/server";
import { useCallback, useEffect, useRef, useState } from "react";
import type { AppRouter } from "./api-types.ts";
import type { ClientOf } from "./auth-client.ts";
import type { PersonOf } from "./mounted-router.ts";
import {
  type AddedPasskey,
  type Asking,
  addPasskey,
  canAutofillPasskeys,
  canUsePasskeys,
  reauthenticateWithPasskey,
  signInWithPasskey,
} from "./passkeys.ts";

interface State<Person> {
  /** Whether this browser can use passkeys; false until that is known. */
  readonly isSupported: boolean;
  /** Whether the person is asked at this moment. Waiting with autofill is not asking. */
  readonly isAsking: boolean;
  /** What the last thing was refused with; null when it was not. */
  readonly error: unknown;
  /** Who is signed in by it. */
  readonly user: Person | null;
}

/** What {@link usePasskey} answers. */
export interface UsePasskey<Person> extends State<Person> {
  /** Asks for a passkey, and signs in with it. Call it from a click. */
  signIn(): Promise<void>;
  /** Makes a passkey for whoever is signed in; null where they changed their mind, and where it was refused. */
  add(name?: string): Promise<AddedPasskey | null>;
  /** Shows again who it is; false where they changed their mind, and where it was refused. */
  reauthenticate(): Promise<boolean>;
}

/** What {@link usePasskey} does besides. */
export interface UsePasskeyOptions {
  /** Offers passkeys in a field with `autocomplete="username webauthn"` while the component is there. */
  readonly autofill?: boolean;
}

/**
 * Signs in by a passkey, and adds one. What the browser still asks ends with the component.
 *
 * @example
 * const { auth } = useAuth();
 * const passkey = usePasskey(auth, { autofill: true });
 * return <>
 *   <input name="username" autoComplete="username webauthn" />
 *   {passkey.isSupported && <button type="button" onClick={passkey.signIn}>Use a passkey</button>}
 * </>;
 */
export function usePasskey<Router extends AnyRouter = AppRouter>(
  auth: ClientOf<Router>,
  { autofill = false }: UsePasskeyOptions = {},
): UsePasskey<PersonOf<Router>> {
  type Person = PersonOf<Router>;
  const [state, setState] = useState<State<Person>>({ isSupported: false, isAsking: false, error: null, user: null });
  /** Goes on when something was asked for that ended the waiting, so that it begins again. */
  const [round, setRound] = useState(0);
  /** Of what something else has taken the place of, nothing is shown; of what a component left behind, neither. */
  const turn = useRef(0);
  /** What the browser asks for a component that is gone, nobody waits for. */
  const leaving = useRef<AbortController>(null);

  const run = useCallback(
    async <T>(otherwise: T, step: (by: Asking) => Promise<T>, toState?: (done: T) => Partial<State<Person>>) => {
      turn.current += 1;
      const own = turn.current;
      const show = (after: Partial<State<Person>>) => {
        if (own !== turn.current) return;
        setState((before) => ({ ...before, isAsking: false, ...after }));
        setRound((before) => before + 1);
      };
      setState((before) => ({ ...before, isAsking: true, error: null }));
      try {
        const done = await step(leaving.current ? { signal: leaving.current.signal } : {});
        show(toState?.(done) ?? {});
        return done;
      } catch (error) {
        show({ error });
        return otherwise;
      }
    },
    [],
  );

  // Not at the first rendering, which a server may have done as well.
  useEffect(() => {
    const own = new AbortController();
    leaving.current = own;
    setState((before) => ({ ...before, isSupported: canUsePasskeys() }));
    return () => {
      turn.current += 1;
      own.abort();
    };
  }, []);

  const isWaiting = autofill && state.user === null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` says that something else has ended the waiting
  useEffect(() => {
    if (!isWaiting) return;
    const abort = new AbortController();
    const wait = async () => {
      if (!(await canAutofillPasskeys()) || abort.signal.aborted) return;
      const user = await signInWithPasskey<Router>(auth, { autofill: true, signal: abort.signal });
      if (user && !abort.signal.aborted) setState((before) => ({ ...before, user, error: null }));
    };
    wait().catch((error: unknown) => {
      if (!abort.signal.aborted) setState((before) => ({ ...before, error }));
    });
    return () => abort.abort();
  }, [auth, isWaiting, round]);

  const signIn = useCallback(async () => {
    await run<Person | null>(
      null,
      (by) => signInWithPasskey<Router>(auth, by),
      (user) => ({ user }),
    );
  }, [auth, run]);
  const add = useCallback(
    (name?: string) => run<AddedPasskey | null>(null, (by) => addPasskey(auth, name, by)),
    [auth, run],
  );
  const reauthenticate = useCallback(() => run(false, (by) => reauthenticateWithPasskey(auth, by)), [auth, run]);
  return { ...state, signIn, add, reauthenticate };
}
