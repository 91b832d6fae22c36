import { mostTries, pauseAfter, settle, within } from "./callbacks.ts";
import { isAuthError } from "./errors.ts";

/** Milliseconds for which an answer is waited for before the service is asked again. */
const timeLimit = 5_000;

/**
 * Ends sessions at the service: now, or as soon as it is reached while the program runs. Never rejects, and resolves once the
 * service was asked for the first time.
 */
export function createSessionRevoker(revoke: (refreshToken: string) => Promise<unknown>) {
  /** Whether it is over and done with. */
  async function ask(refreshToken: string): Promise<boolean> {
    const outcome = settle(() => revoke(refreshToken)).then(
      () => true,
      // Of what can be repaired by waiting, the service says so; it would refuse anything else again.
      (error) => isAuthError(error) && !("retryAfter" in error.data),
    );
    return (await within(timeLimit, outcome)) ?? false;
  }

  async function tryUntilDone(refreshToken: string, isWanted: () => boolean, tries: number): Promise<void> {
    if (tries > mostTries || !isWanted() || (await ask(refreshToken))) return;
    // Nobody waits for more than the first try.
    void pauseAfter(tries).then(() => tryUntilDone(refreshToken, isWanted, tries + 1));
  }

  /** @param isWanted asked before each try */
  return (refreshToken: string, isWanted = () => true) => tryUntilDone(refreshToken, isWanted, 1);
}
