import { BlockList, isIP } from "node:net";
import { toPlainAddress } from "@latchkey/auth/internal";

/** A proxy or a network of them, such as `10.0.0.7` or `10.0.0.0/8`. */
export type TrustedProxy = string;

/** Whether it is an address, or a network that is not everybody. */
export function isTrustedProxy(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  const isNumber = /^[1-9]\d{0,2}$/.test(prefix);
  return isNumber && Number(prefix) > bitsBefore(address) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** The address that a request comes from, given the socket's and the header `X-Forwarded-For`. */
export type ReadAddress = (socketAddress: string | undefined, forwardedFor: string | undefined) => string | null;

/**
 * Reads the address of the client behind proxies. Each proxy appends the address it was called from, so the list is read from its
 * end, and only for as long as whoever wrote an entry is trusted: everything before is the client's own claim.
 *
 * @example
 * createAddressReader(["10.0.0.0/8"])("10.0.0.7", "203.0.113.9, 192.0.2.1"); // "192.0.2.1"
 */
export function createAddressReader(trustedProxies: readonly TrustedProxy[]): ReadAddress {
  const isTrusted = createProxyCheck(trustedProxies);

  return (socketAddress, forwardedFor = "") => {
    if (socketAddress === undefined) return null;
    let address = toAddress(socketAddress);
    if (forwardedFor === "" || trustedProxies.length === 0) return address;
    for (const entry of forwardedFor.split(",").reverse()) {
      const before = toAddress(entry.trim());
      if (!isTrusted(address) || isIP(before) === 0) break;
      address = before;
    }
    return address;
  };
}

/** Whether an address is that of a trusted proxy, so that what its headers say of a request counts. */
export function createProxyCheck(trustedProxies: readonly TrustedProxy[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const proxy of trustedProxies) trust(trusted, proxy);
  return (address) => {
    const plain = toPlainAddress(address);
    return isIP(plain) !== 0 && trusted.check(plain, familyOf(plain));
  };
}

function trust(list: BlockList, proxy: TrustedProxy): void {
  const [written = "", prefix] = proxy.split("/");
  const address = toPlainAddress(written);
  if (prefix === undefined) list.addAddress(address, familyOf(address));
  else list.addSubnet(address, Number(prefix) - bitsBefore(written), familyOf(address));
}

/** Of an IPv4 address that is written as IPv6, the first 96 bits say only that. */
const bitsBefore = (address: string) => (isIP(address) === 6 && isIP(toPlainAddress(address)) === 4 ? 96 : 0);

const familyOf = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");

/** Without the brackets and the port that some proxies write, and IPv4 as itself however IPv6 writes it. */
function toAddress(text: string): string {
  if (!text.includes(":") && !text.startsWith("[")) return toPlainAddress(text);
  const bare = /^\[(?<inner>[^\]]*)\](?::\d+)?$/.exec(text)?.groups?.inner ?? text.replace(/^([\d.]+):\d+$/, "$1");
  return toPlainAddress(bare);
}
