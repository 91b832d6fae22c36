import { AuthError } from "../errors.ts";

/**
 * The bearer token of a request's `Authorization` headers (RFC 9110 §11.4, RFC 6750 §2.1): one header, `scheme SP token68`, where
 * the scheme's case does not matter. Null when there is no header or when it uses another scheme.
 *
 * @throws AuthError `token_invalid` when there are several headers, or when the scheme is Bearer and what follows is not exactly
 * one token
 */
export function readBearerToken(authorization: readonly string[]): string | null {
  if (authorization.length > 1) throw invalid("There is more than one Authorization header");
  const [header = ""] = authorization;
  if (!/^bearer(?:[ \t]|$)/i.test(header)) return null;
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
  if (token === undefined) throw invalid("The Authorization header does not hold one bearer token");
  return token;
}

const invalid = (message: string) => new AuthError("token_invalid", message);
