import { isIPv6, SocketAddress } from "node:net";

/**
 * Whom an address stands for: an IPv4 address for itself, and an IPv6 address for its /64, which one subscriber has as a whole
 * (RFC 6177). Null without an address, as behind a socket of the file system: callers of whom nothing is known are not one caller,
 * and must not be counted as one.
 *
 * @example
 * toNetwork("2001:db8::1"); // "2001:db8:0:0"
 */
export function toNetwork(address: string | null): string | null {
  return address ? readNetwork(address) : null;
}

const readNetwork = rememberReadings((address) => {
  const plain = toPlainAddress(address);
  return isIPv6(plain) ? expand(plain).slice(0, 4).join(":") : plain;
});

/**
 * The one spelling of an address (RFC 5952), without its zone, and an IPv4 address as itself however IPv6 writes it (RFC 4291 §2.5.5):
 * mapped, with dots or without, long or short; translated by a network between the two (RFC 6052 §2.1, RFC 7915); or in the old compatible
 * form. What is no address stays as it is.
 *
 * @example
 * toPlainAddress("0:0:0:0:0:ffff:c000:201"); // "192.0.2.1"
 * toPlainAddress("2001:0DB8:0:0:0:0:0:1"); // "2001:db8::1"
 */
export function toPlainAddress(address: string): string {
  return readPlainAddress(address);
}

const readPlainAddress = rememberReadings((address) => {
  const [bare = ""] = address.split("%");
  return isIPv6(bare) ? (findIPv4(expand(bare)) ?? shorten(bare)) : bare;
});

/** Addresses whose readings are remembered at most: one connection brings many calls, and each is read four times. */
const mostRemembered = 10_000;

/** Longer than any address with a zone. What a client claims may be as long as all headers. */
const longestRemembered = 64;

function rememberReadings(read: (address: string) => string): (address: string) => string {
  const readings = new Map<string, string>();
  return (address) => {
    const known = readings.get(address);
    if (known !== undefined) return known;
    const reading = read(address);
    if (address.length > longestRemembered) return reading;
    if (readings.size === mostRemembered) readings.clear();
    readings.set(address, reading);
    return reading;
  };
}

/** What stands before the 32 bits of an IPv4 address. All of IPv4 shares each, so that none of them is anybody's network. */
const prefixesOfIPv4 = ["0:0:0:0:0:ffff", "0:0:0:0:ffff:0", "64:ff9b:0:0:0:0"];

function findIPv4(groups: readonly string[]): string | null {
  const prefix = groups.slice(0, 6).join(":");
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
  // `::1` and `::` begin like the compatible form, and no IPv4 address of a host begins with 0.
  const isCompatible = prefix === "0:0:0:0:0:0" && high >= 256;
  if (!isCompatible && !prefixesOfIPv4.includes(prefix)) return null;
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

const shorten = (address: string) => new SocketAddress({ address, family: "ipv6" }).address;

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
