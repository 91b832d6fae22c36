/**
 * Where somebody is sent afterwards: an address of the pages' own origin, as a browser would read it; null for every other. A sibling host
 * or another port is another origin.
 *
 * @param base the address at which browsers reach the pages
 * @param longest in characters; an address within another is longer than that
 */
export function readReturnTo(text: string | null | undefined, base: URL, longest = 2_000): string | null {
  if (!text || text.length > longest || !URL.canParse(text, base)) return null;
  const { protocol, origin, username, password, pathname, search, hash } = new URL(text, base);
  // The origin of a `blob:` address is that of the page which made it.
  if (protocol !== base.protocol || origin !== base.origin || username !== "" || password !== "") return null;
  // As a path, `//elsewhere` would name another host.
  return /^\/[/\\]/.test(pathname) ? null : pathname + search + hash;
}
