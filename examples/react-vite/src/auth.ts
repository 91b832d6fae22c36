import { createAuthClient, isAuthError, localStorageStorage } from "@latchkey/client";

export const auth = createAuthClient({ url: location.origin, storage: localStorageStorage() });

/** What to tell a person when a call was refused or got no answer. */
export function explain(error: unknown): string {
  if (isAuthError(error, "invalid_credentials")) return "That name and password do not fit.";
  if (isAuthError(error, "rate_limited")) return `Too many tries. Try again in ${error.data.retryAfter} seconds.`;
  if (isAuthError(error, "code_invalid")) return "That is not the code. Look again.";
  if (isAuthError(error, "code_expired")) return "The code has run out. Ask for another one.";
  if (isAuthError(error, "invalid_input")) return error.data.issues?.[0]?.message ?? "That cannot be.";
  if (isAuthError(error, "permission_denied")) return "You may not do that.";
  return "The service does not answer. Try again.";
}
