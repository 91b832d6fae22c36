const scheme = String.raw`[a-z][a-z0-9+.-]*:\/\/`;
const isAddress = new RegExp(`^${scheme}`, "i");
const addresses = new RegExp(String.raw`\b${scheme}\S+`, "gi");

/**
 * An address with nothing but its host, or a text with such addresses in it: what comes before and behind the host may be what lets one in
 * there. Any other text as it is.
 *
 * @example
 * withHostAlone("https https://user:secret@logs.example.com/in?key=1"); // "https https://logs.example.com/…"
 */
export const withHostAlone = (text: string): string =>
  isAddress.test(text) ? shorten(text) : text.replace(addresses, shorten);

function shorten(address: string): string {
  if (!URL.canParse(address)) return address;
  const { protocol, host, username, password, pathname, search, hash } = new URL(address);
  const isMore = pathname.length > 1 || search !== "" || hash !== "";
  if (username + password === "" && !isMore) return address;
  return `${protocol}//${host}${isMore ? "/…" : pathname}`;
}
