import { settle } from "./callbacks.ts";

/** What the service wants to be shown again. */
export interface ReauthenticationRequest {
  /** Seconds ago at most that it must have been shown. */
  readonly maxAge: number;
  /** Set where two factors are wanted: a passkey, or the password and what the authenticator app shows. */
  readonly acr?: "2";
}

/** What a program does when the service wants to be shown again who is there: it asks them, and calls `me.reauthenticate`. */
export type Reauthenticate = (request: ReauthenticationRequest) => void | Promise<void>;

/**
 * Asks once for all calls that wait for the same, and answers whether they can be sent again: not when the asking failed, or when somebody
 * else is signed in by then.
 *
 * @param findPerson who is signed in
 */
export function createReauthenticator(findPerson: () => string | undefined) {
  let handler: Reauthenticate | undefined;
  let asking: { readonly acr: "2" | undefined; readonly done: Promise<void> } | undefined;
  return {
    /** One handler at a time: the last one. Answers how to take it away. */
    set(next: Reauthenticate) {
      handler = next;
      return () => {
        if (handler === next) handler = undefined;
      };
    },
    async ask(request: ReauthenticationRequest): Promise<boolean> {
      const [ask, person] = [handler, findPerson()];
      if (!ask) return false;
      // One factor is not two: that is asked for afterwards.
      while (asking && request.acr && !asking.acr) await asking.done.catch(() => {});
      asking ??= {
        acr: request.acr,
        done: settle(() => ask(request)).finally(() => {
          asking = undefined;
        }),
      };
      return asking.done.then(
        () => findPerson() === person,
        () => false,
      );
    },
  };
}
