import type { AuthErrorCode } from "../errors.ts";

const challengeErrors: Partial<Record<AuthErrorCode, string>> = {
  token_missing: "",
  token_invalid: ', error="invalid_token", error_description="The token is not valid"',
  token_expired: ', error="invalid_token", error_description="The token has expired"',
  session_ended: ', error="invalid_token", error_description="The session has ended"',
  account_disabled: ', error="invalid_token", error_description="The account is disabled"',
};

/** What a refusal asks for, for its challenge. */
export interface ChallengeDetails {
  /** Seconds. */
  readonly maxAge?: number | undefined;
  readonly acr?: string | undefined;
}

/**
 * The `WWW-Authenticate` challenge for a refusal (RFC 6750 §3, and RFC 9470 §3 for one that wants a person to show again who they are), or
 * null where neither the bearer token nor what stands behind it was the trouble.
 */
export function findChallenge(reason: AuthErrorCode, { maxAge, acr }: ChallengeDetails = {}): string | null {
  if (reason === "reauthentication_required") {
    const asked = `${acr ? `, acr_values="${acr}"` : ""}${maxAge ? `, max_age="${maxAge}"` : ""}`;
    return `Bearer realm="latchkey", error="insufficient_user_authentication", error_description="Show again who you are"${asked}`;
  }
  const error = challengeErrors[reason];
  return error === undefined ? null : `Bearer realm="latchkey"${error}`;
}
