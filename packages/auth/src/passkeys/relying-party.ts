import { z } from "zod";
import { sha256 } from "../secrets.ts";

const host = z
  .string()
  .max(253)
  .regex(/^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*)$/, "is not a host such as example.com");

const origin = z.string().max(200).refine(isSecureOrigin, "is not an origin such as https://example.com");

/** For whom passkeys are made, and on which pages they work. */
export const passkeyOption = z.strictObject({
  /** The host that passkeys are bound to, for good: that of the service, or one above it, so that its other hosts can use them too. */
  rpId: host,
  /** Origins whose pages may use them. One on another host than `rpId` and below is a related origin. */
  origins: z.array(origin).max(50).default([]),
  /** Whether pages of `http://localhost` may at every port, while somebody builds with it. */
  allowsLocalhost: z.boolean().default(false),
});

/** The relying party of WebAuthn: the service, as browsers know it. */
export type RelyingParty = z.output<typeof passkeyOption>;

/** Browsers have passkeys on pages whose connection is safe from others, and on those of this machine. */
function isSecureOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.origin === text && (url.protocol === "https:" || url.hostname === "localhost");
}

/** Whether pages of an origin may use the passkeys. */
export function isOwnOrigin({ origins, allowsLocalhost }: RelyingParty, text: string): boolean {
  return origins.includes(text) || (allowsLocalhost && /^http:\/\/localhost(:\d{1,5})?$/.test(text));
}

/** The origins on other hosts, which browsers ask `/.well-known/webauthn` for. */
export function listRelatedOrigins({ rpId, origins }: RelyingParty): string[] {
  return origins.filter((text) => {
    const { hostname } = new URL(text);
    return hostname !== rpId && !hostname.endsWith(`.${rpId}`);
  });
}

/** What authenticators sign of the host. */
export const hashOfRp = ({ rpId }: RelyingParty): Buffer => sha256(Buffer.from(rpId));
