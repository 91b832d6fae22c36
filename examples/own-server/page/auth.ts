import { createAuthClient, isAuthError, localStorageStorage } from "@latchkey/client";
import type { AppRouter } from "../src/router.ts";

/** `auth.api` has the shop's own procedures beside those of Latchkey, and who is signed in has a nickname. */
export const auth = createAuthClient<AppRouter>({ url: location.origin, path: "auth", storage: localStorageStorage() });

/** What to tell a person when a call was refused or got no answer. */
export function explain(error: unknown): string {
  if (isAuthError(error, "invalid_credentials")) return "That name and password do not fit.";
  if (isAuthError(error, "identifier_taken")) return "That name is taken.";
  if (isAuthError(error, "password_rejected")) return error.data.issues.map(({ message }) => message).join(" ");
  if (isAuthError(error, "rate_limited")) return `Too many tries. Try again in ${error.data.retryAfter} seconds.`;
  if (isAuthError(error)) return error.message;
  return "The shop does not answer. Try again.";
}
