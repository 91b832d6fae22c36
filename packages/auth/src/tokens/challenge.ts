import type { AuthErrorCode } from "../errors.ts";

const challengeErrors: Partial<Record<AuthErrorCode, string>> = {
  token_missing: "",
  token_invalid: ', error="invalid_token", error_description="The token is not valid"',
  token_expired: ', error="invalid_token", error_description="The token has expired"',
  session_ended: ', error="invalid_token", error_description="The session has ended"',
  account_disabled: ', error="invalid_token", error_description="The account is disabled"',
};

/** The `WWW-Authenticate` challenge for a refusal (RFC 6750 §3), or null where the bearer token was not the trouble. */
export function findChallenge(reason: AuthErrorCode): string | null {
  const error = challengeErrors[reason];
  return error === undefined ? null : `Bearer realm="latchkey"${error}`;
}
