/** Where browsers and other services reach the service, which may be below a path of a proxy. */
export interface PublicUrl {
  /** Without a slash at its end, such as `https://example.com/auth`. */
  readonly href: string;
  readonly origin: string;
  /** Empty, or such as `/auth`. */
  readonly path: string;
  readonly isSecure: boolean;
}

/** Reads an address that is written in its one plain form: nothing in it may be dropped, decoded or folded. */
export function parsePublicUrl(text: string): PublicUrl | null {
  if (!/^https?:\/\/[^/?#@\s]+(\/[\w.~-]+)*\/?$/.test(text) || text.length > 200 || !URL.canParse(text)) return null;
  const { origin, pathname, protocol } = new URL(text);
  const path = pathname.replace(/\/$/, "");
  const href = origin + path;
  return href === text.replace(/\/$/, "") ? { href, origin, path, isSecure: protocol === "https:" } : null;
}
