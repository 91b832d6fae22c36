import type { Redirect } from "../page.ts";
import { readReturnTo } from "../return-to.ts";
import type { Visit } from "../visit.ts";

/** Where somebody goes on who is signed in: where they wanted to go, or home. */
export function afterSignIn(visit: Visit): Redirect {
  const wanted = readReturnTo(visit.url.searchParams.get("return_to"), visit.ownUrl);
  return { to: wanted ?? visit.serving.brand.home ?? `${visit.base}/account` };
}

interface Tokens {
  readonly token: string;
  readonly refreshExpiresAt: Date;
}

/** Keeps the session of a token response; its refresh token is in its cookie by now. */
export function keepSession({ pageCookies }: Visit, { token, refreshExpiresAt }: Tokens): void {
  pageCookies.keepAccess(token, refreshExpiresAt);
}
