import type { AuthOptions } from "@latchkey/auth";
import { answerPublicDocument, toPublicDocument } from "./public-document.ts";
import type { PublicUrl } from "./public-url.ts";

/** Where browsers ask which other origins may use the passkeys of this host (WebAuthn §5.11). */
export const relatedOriginsPath = "/.well-known/webauthn";

export interface PasskeyPlace {
  /** Where browsers reach the service. */
  readonly publicUrl: PublicUrl | undefined;
  /** Origins whose pages may call: those on the same host, or below it, may use passkeys too. */
  readonly corsOrigins: readonly string[];
  /** Whether somebody builds with it on this machine. */
  readonly isDevelopment: boolean;
  /** The host that passkeys are bound to, where that is one above the service's own. */
  readonly rpId?: string | undefined;
  /** Origins beside those. */
  readonly origins?: readonly string[] | undefined;
}

type PasskeyOption = NonNullable<AuthOptions["passkeys"]>;

/**
 * Whom passkeys are made for at a place: undefined where there can be none, since browsers have them for names of hosts, and on connections
 * that are safe from others. A fault, in words, where something was named that does not fit.
 */
export function readPasskeys(place: PasskeyPlace): PasskeyOption | undefined | { readonly fault: string } {
  const { publicUrl, corsOrigins, isDevelopment, rpId: named, origins = [] } = place;
  const isNamed = named !== undefined || origins.length > 0;
  const host = publicUrl ? new URL(publicUrl.origin).hostname : isDevelopment ? "localhost" : null;
  if (host === null) return isNamed ? { fault: "needs the public URL of the service" } : undefined;
  const isLocal = host === "localhost";
  const canBe = isLocal || (publicUrl?.isSecure === true && /\.[a-z][a-z0-9-]*$/.test(host));
  if (!canBe) return isNamed ? { fault: "needs a public URL with https and the name of a host" } : undefined;
  const rpId = named ?? host;
  if (!isWithin(host, rpId) || (!rpId.includes(".") && !isLocal))
    return { fault: `must be ${host} or a host above it, such as ${host.split(".").slice(-2).join(".")}` };
  const own = publicUrl && !isLocal ? [publicUrl.origin] : [];
  const others = corsOrigins.filter((origin) => isSafeWithin(origin, rpId));
  return { rpId, origins: [...new Set([...own, ...others, ...origins])], allowsLocalhost: isLocal };
}

const isWithin = (host: string, rpId: string) => host === rpId || host.endsWith(`.${rpId}`);

function isSafeWithin(origin: string, rpId: string): boolean {
  if (!origin.startsWith("https:") || !URL.canParse(origin)) return false;
  return isWithin(new URL(origin).hostname, rpId);
}

/** Seconds for which browsers may keep it. */
const maxAge = 300;

/** Answers the related origins. */
export function answerRelatedOrigins(request: Request, origins: readonly string[]): Promise<Response> {
  return answerPublicDocument(request, () => toPublicDocument(JSON.stringify({ origins }), maxAge));
}
