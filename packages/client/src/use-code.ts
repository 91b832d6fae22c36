"use client";

import type { AnyRouter } from "@trpc/server";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { AppRouter } from "./api-types.ts";
import { type Client, type CodeOutcome, type CodePurpose, findCode, type SentCode, startCode } from "./codes.ts";
import type { PersonOf } from "./mounted-router.ts";

/** What {@link useCode} answers. */
export interface UseCode<Person> {
  /** `idle` until a code was asked for, `sent` while it is waited for, `checking` while the service looks at it, then `done`. */
  readonly status: "idle" | "sent" | "checking" | "done";
  /** Whether a code is being asked for at this moment. */
  readonly isSending: boolean;
  /** What was typed, from `sent` on. */
  readonly to: string | null;
  /** How many digits the code has. */
  readonly digits: number;
  /** Seconds until the code can be sent once more; 0 when it can, and while none is waited for. */
  readonly resendIn: number;
  /** Seconds until the code is good no more; 0 when it is not, and while none is waited for. */
  readonly expiresIn: number;
  /** What the last thing asked for was refused with; null when it was not. */
  readonly error: unknown;
  /** What the code did, once it is `done`. */
  readonly outcome: CodeOutcome<Person> | null;
  /** Asks for a code for a number or an address; without one, for the account's own (`prove_phone`, `prove_email`). */
  start(to?: string): Promise<void>;
  /** Sends the same code once more. */
  resend(): Promise<void>;
  /** Checks what was typed; a browser that reads the SMS by itself does this without anybody typing. */
  confirm(code: string, more?: { readonly isNotMine: boolean }): Promise<void>;
  /** Goes back to `idle`, for another number. */
  reset(): void;
}

interface State<Person> {
  readonly status: UseCode<Person>["status"];
  readonly isSending: boolean;
  readonly sent: SentCode<Person> | null;
  readonly error: unknown;
  readonly outcome: CodeOutcome<Person> | null;
}

/** What is done, and answers what is shown then. It is told whether nothing else was asked for meanwhile. */
type Step<Person> = (isWanted: () => boolean) => Promise<Partial<State<Person>>>;

const idle = { status: "idle", isSending: false, sent: null, error: null, outcome: null } as const;

/** The hook of a client; `react.ts` hands it the one that it provides. */
export function useCodeOf<Router extends AnyRouter = AppRouter>(
  client: Client,
  purpose: CodePurpose,
): UseCode<PersonOf<Router>> {
  type Person = PersonOf<Router>;
  const [state, setState] = useState<State<Person>>(idle);
  const { status, isSending, sent, error, outcome } = state;
  /** Counts what was asked for: of an answer that comes after something else was asked for, nothing is shown. */
  const turn = useRef(0);

  const run = useCallback(async (before: Partial<State<Person>>, step: Step<Person>) => {
    turn.current += 1;
    const own = turn.current;
    const isWanted = () => own === turn.current;
    setState((state) => ({ ...state, error: null, ...before }));
    const after = await step(isWanted).catch((cause: unknown) => ({ error: cause }));
    if (!isWanted()) return;
    setState((state) => ({
      ...state,
      isSending: false,
      status: state.status === "checking" ? "sent" : state.status,
      ...after,
    }));
  }, []);

  const actions = useMemo(
    () => ({
      start: (to?: string) =>
        run({ isSending: true }, async (isWanted) => {
          const sent = await startCode<Person>(client, { purpose, to });
          // Whoever has gone back does not find it at the next visit.
          if (!isWanted()) sent.forget();
          return { status: "sent", sent, outcome: null };
        }),
      resend: () =>
        run({ isSending: true }, async () => {
          await sent?.resend();
          return {};
        }),
      confirm: (code: string, more?: { readonly isNotMine: boolean }) =>
        run({ status: "checking" }, async () => {
          if (!sent) throw new Error("No code was asked for: call start first");
          return { status: "done", outcome: await sent.confirm(code, more) };
        }),
      reset: () => {
        turn.current += 1;
        sent?.forget();
        setState(idle);
      },
    }),
    [client, purpose, sent, run],
  );

  // Not at the first rendering, which a server may have done as well.
  useEffect(() => {
    const found = findCode<Person>(client, purpose);
    if (found) setState((state) => (state.status === "idle" ? { ...state, status: "sent", sent: found } : state));
  }, [client, purpose]);

  const isWaiting = status === "sent" || status === "checking";
  const now = useSeconds(isWaiting);
  useWebOtp(status === "sent" && sent?.channel !== "email", actions.confirm);
  const left = (until: Date | undefined) => Math.max(0, Math.ceil(((until?.getTime() ?? 0) - now) / 1_000));
  return {
    ...{ status, isSending, error, outcome, ...actions },
    to: sent?.to ?? null,
    digits: sent?.digits ?? 6,
    resendIn: isWaiting ? left(sent?.resendAt) : 0,
    expiresIn: isWaiting ? left(sent?.expiresAt) : 0,
  };
}

/** The time, anew each second while it runs. */
function useSeconds(isRunning: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}

/** Lets a browser that can read the code out of the SMS hand it over, while that is wanted: https://wicg.github.io/web-otp/. */
function useWebOtp(isWanted: boolean, confirm: (code: string) => Promise<void>): void {
  const latest = useRef(confirm);
  latest.current = confirm;
  useEffect(() => {
    if (!isWanted || !("OTPCredential" in globalThis)) return;
    const abort = new AbortController();
    const request = { otp: { transport: ["sms"] }, signal: abort.signal } as CredentialRequestOptions;
    navigator.credentials.get(request).then(
      (credential) => {
        const { code } = (credential ?? {}) as { code?: unknown };
        if (typeof code === "string" && !abort.signal.aborted) void latest.current(code);
      },
      // The person said no, or typed it.
      () => {},
    );
    return () => abort.abort();
  }, [isWanted]);
}
