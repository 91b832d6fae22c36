import { queryOf } from "../layout.ts";
import type { Redirect } from "../page.ts";
import { readReturnTo } from "../return-to.ts";
import type { Visit } from "../visit.ts";

/**
 * Where somebody goes on who is signed in: where they wanted to go, or home; whose account was to be deleted is told first that it stays.
 *
 * @param answer of the sign-in
 */
export function afterSignIn(visit: Visit, answer: Pick<Tokens, "deletionStopped"> = {}): Redirect {
  if (answer.deletionStopped)
    return { to: `${visit.base}/account/delete${queryOf(visit, { done: "kept", step: "" })}` };
  return { to: findNext(visit) };
}

/** Where they wanted to go, or home. */
export function findNext(visit: Visit): string {
  const wanted = readReturnTo(visit.url.searchParams.get("return_to"), visit.ownUrl);
  return wanted ?? visit.serving.brand.home ?? `${visit.base}/account`;
}

interface Tokens {
  readonly token: string;
  readonly refreshExpiresAt: Date;
  /** Whether the account was to be deleted, and stays because of it. */
  readonly deletionStopped?: true | undefined;
}

/** Keeps the session of a token response; its refresh token is in its cookie by now. */
export function keepSession({ pageCookies }: Visit, { token, refreshExpiresAt }: Tokens): void {
  pageCookies.keepAccess(token, refreshExpiresAt);
}
