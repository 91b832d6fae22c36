import { isIPv6 } from "node:net";

/**
 * Whom an address stands for: an IPv4 address for itself, and an IPv6 address for its /64, which one subscriber has as a whole
 * (RFC 6177). Without an address, as behind a socket of the file system, everybody is one.
 *
 * @example
 * toNetwork("2001:db8::1"); // "2001:db8:0:0"
 */
export function toNetwork(address: string | null): string {
  if (address === null) return "";
  const [bare = ""] = address.split("%");
  return isIPv6(bare) ? expand(bare).slice(0, 4).join(":") : bare;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function expand(address: string): string[] {
  const [before = "", after] = withoutDottedPart(address).split("::");
  const first = groupsOf(before);
  const last = groupsOf(after ?? "");
  const missing = Array.from({ length: 8 - first.length - last.length }, () => "0");
  return after === undefined ? first : [...first, ...missing, ...last];
}

const groupsOf = (text: string) =>
  text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16).toString(16));

/** `::ffff:192.0.2.1` ends in four bytes that are two groups. */
function withoutDottedPart(address: string): string {
  return address.replace(/\d+\.\d+\.\d+\.\d+$/, (dotted) => {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}
