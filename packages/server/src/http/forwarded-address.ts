import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

/** The headers with which a server that calls for somebody tells where they are. */
export const forwardedHeaders = { address: "latchkey-forwarded-address", secret: "latchkey-forwarded-secret" } as const;

/** Milliseconds in which a secret that is wrong is told of once: anybody can send one. */
const quiet = 60_000;

export interface ForwardedAddressOptions {
  /** The secrets of which a caller has to know one; none when nobody is believed. */
  readonly secrets: readonly string[];
  /** Told when somebody names an address and no secret of these. */
  readonly onRefused: () => void;
}

/** The address that a caller names and may name; null when it names none, or is not believed. */
export type ReadForwardedAddress = (header: (name: string) => string | undefined) => string | null;

/**
 * Believes a server of yours that renders for somebody else, when it proves itself by a secret. Whoever knows it can name any address,
 * and so get around every limit that is counted by address: it is as secret as the secret of Latchkey itself, and goes over TLS.
 */
export function createForwardedAddressReader({ secrets, onRefused }: ForwardedAddressOptions): ReadForwardedAddress {
  const known = secrets.map(digest);
  let toldAt = Number.NEGATIVE_INFINITY;

  function tell(): void {
    if (performance.now() - toldAt < quiet) return;
    toldAt = performance.now();
    onRefused();
  }

  return (header) => {
    const address = header(forwardedHeaders.address);
    if (address === undefined) return null;
    const given = digest(header(forwardedHeaders.secret) ?? "");
    const isKnown = known.map((secret) => timingSafeEqual(secret, given)).includes(true);
    if (!isKnown) tell();
    return isKnown && isIP(address) !== 0 ? address : null;
  };
}

/** Of one length, whatever was given, so that the comparison tells nothing. */
const digest = (text: string) => createHash("sha256").update(text).digest();
