/** What the cookie of a server session holds. */
export interface SessionTokens {
  readonly token: string;
  readonly refreshToken: string;
  /** Milliseconds since the epoch by the clock of the server that renders. */
  readonly expiresAt: number;
}

export interface CookieNames {
  readonly session: string;
  readonly device: string;
  readonly remember: string;
}

/** A cookie to set, as the `cookies()` of Next takes it, and as the line of a `Set-Cookie` header. */
export interface SessionCookie {
  readonly name: string;
  readonly value: string;
  readonly httpOnly: true;
  readonly secure: true;
  readonly sameSite: "lax";
  readonly path: "/";
  /** Seconds; 0 to delete it. */
  readonly maxAge: number;
  readonly line: string;
}

/** Lax, so that somebody who follows a link from another site arrives signed in; requests that change something come without it. */
export function formatCookie(name: string, value: string, lifetime: number): SessionCookie {
  const maxAge = Math.max(0, Math.floor(lifetime));
  const line = `${name}=${value}; Max-Age=${maxAge}; Path=/; HttpOnly; Secure; SameSite=Lax`;
  return { name, value, httpOnly: true, secure: true, sameSite: "lax", path: "/", maxAge, line };
}

export const formatTokens = ({ token, refreshToken, expiresAt }: SessionTokens): string =>
  `${Math.floor(expiresAt / 1000)}.${refreshToken}.${token}`;

export function parseTokens(value: string | undefined): SessionTokens | null {
  const [, seconds, refreshToken, token] = /^(\d{1,12})\.([\w-]+)\.([\w-]+\.[\w-]+\.[\w-]+)$/.exec(value ?? "") ?? [];
  return refreshToken && token ? { token, refreshToken, expiresAt: Number(seconds) * 1000 } : null;
}

/** The value of a cookie; undefined when there is none, and empty when there are several of the name. */
export function readCookie(header: string | null, name: string): string | undefined {
  const values = splitCookies(header).filter((pair) => nameOf(pair) === name);
  return values.length > 1 ? "" : values[0]?.slice(name.length + 1);
}

/** The headers of a request as the browser would have sent them with these cookies. */
export function replaceCookies(headers: Headers, cookies: Iterable<SessionCookie>): Headers {
  const next = new Headers(headers);
  let pairs = splitCookies(headers.get("cookie"));
  for (const { name, value } of cookies) {
    pairs = pairs.filter((pair) => nameOf(pair) !== name);
    if (value) pairs.push(`${name}=${value}`);
  }
  if (pairs.length > 0) next.set("cookie", pairs.join("; "));
  else next.delete("cookie");
  return next;
}

const splitCookies = (header: string | null): string[] =>
  (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter(Boolean);

const nameOf = (pair: string) => pair.split("=", 1)[0];
