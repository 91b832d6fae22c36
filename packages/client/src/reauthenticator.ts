import { settle } from "./callbacks.ts";

/** What a program does when the service wants to be shown again who is there: it asks them, and calls `me.reauthenticate`. */
export type Reauthenticate = (request: {
  /** Seconds ago at most that it must have been shown. */
  readonly maxAge: number;
}) => void | Promise<void>;

/**
 * Asks once for all calls that wait for the same, and answers whether they can be sent again: not when the asking failed, or when somebody
 * else is signed in by then.
 *
 * @param findPerson who is signed in
 */
export function createReauthenticator(findPerson: () => string | undefined) {
  let handler: Reauthenticate | undefined;
  let asking: Promise<void> | undefined;
  return {
    /** One handler at a time: the last one. Answers how to take it away. */
    set(next: Reauthenticate) {
      handler = next;
      return () => {
        if (handler === next) handler = undefined;
      };
    },
    async ask(maxAge: number): Promise<boolean> {
      const [ask, person] = [handler, findPerson()];
      if (!ask) return false;
      asking ??= settle(() => ask({ maxAge })).finally(() => {
        asking = undefined;
      });
      return asking.then(
        () => findPerson() === person,
        () => false,
      );
    },
  };
}
