/** How many factors the owner of a session has shown: the authentication context class of its tokens. */
export type AuthenticationClass = "1" | "2";

/** How the owner of a session showed who they are, in the words of RFC 8176 §2: `pwd`, `sms`, `otp`, `mfa` and their like. */
export interface Authentication {
  readonly acr: AuthenticationClass;
  readonly amr: readonly string[];
}

/** An authentication as a session's row keeps it; null in rows of the release before, and for tokens of another system. */
export interface StoredAuthentication {
  readonly acr: number | null;
  readonly amr: string | null;
}

export function toStoredAuthentication({ acr, amr }: Authentication): { acr: number; amr: string } {
  return { acr: Number(acr), amr: amr.join(" ") };
}

export function readAuthentication({ acr, amr }: StoredAuthentication): Authentication {
  return { acr: acr !== null && acr >= 2 ? "2" : "1", amr: amr ? amr.split(" ") : [] };
}

/** What an access token says of how its session's owner showed who they are (RFC 9068 §2.2.1). */
export interface AuthenticationClaims {
  /** NumericDate. */
  readonly auth_time?: number;
  readonly acr?: AuthenticationClass;
  readonly amr?: readonly string[];
}

/** The claims of a session; none where a token of another system opened it, and its owner has shown nothing here. */
export function toAuthenticationClaims({
  acr,
  amr,
  authTime,
}: Authentication & { readonly authTime: Date | null }): AuthenticationClaims {
  if (authTime === null) return {};
  return { auth_time: Math.floor(authTime.getTime() / 1000), acr, ...(amr.length > 0 && { amr }) };
}
