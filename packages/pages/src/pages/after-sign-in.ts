import { queryOf } from "../layout.ts";
import type { Redirect } from "../page.ts";
import { readReturnTo } from "../return-to.ts";
import { endStep } from "../step.ts";
import type { Visit } from "../visit.ts";

/** Where somebody goes on who is signed in: where they wanted to go, or home. */
export function afterSignIn(visit: Visit): Redirect {
  const wanted = readReturnTo(visit.url.searchParams.get("return_to"), visit.ownUrl);
  return { to: wanted ?? visit.serving.brand.home ?? `${visit.base}/account` };
}

/** Where somebody signs in with the password that they have just set, and goes on from to where they wanted to go. */
export function toSignInAnew(visit: Visit): Redirect {
  return { to: `${visit.base}/sign-in${queryOf(visit, { done: "reset", step: "" })}` };
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

/** Keeps the session that a sign-in answered, and goes on; whose account was to be deleted is told first that it stays. */
export function finishSignIn(visit: Visit, answer: Tokens): Redirect {
  keepSession(visit, answer);
  endStep(visit);
  if (!answer.deletionStopped) return afterSignIn(visit);
  return { to: `${visit.base}/account/delete${queryOf(visit, { done: "kept", step: "" })}` };
}
