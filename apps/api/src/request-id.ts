import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { TrustedProxy } from "@latchkey/server";
import { createProxyCheck } from "@latchkey/server/internal";

/** Under which id a request is known, here and where it came through. */
export interface RequestNames {
  /** In the log, in the audit trail and in the answer. */
  readonly requestId: string;
  /** Of a trace that a proxy began (W3C Trace Context), where it says one. */
  readonly traceId: string | null;
}

const idPattern = /^[\w.:+/=@-]{1,128}$/;

/** `traceparent` of version 00; what a later version has behind it is left alone (W3C Trace Context §3.2). */
const tracePattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/**
 * Reads the names that trusted proxies gave a request: `X-Request-Id`, else the trace of `traceparent`. Of everybody else, and where a header
 * is not written as it should be, they are an id of our own.
 */
export function createRequestNamer(
  trustedProxies: readonly TrustedProxy[],
): (incoming: IncomingMessage) => RequestNames {
  if (trustedProxies.length === 0) return () => ({ requestId: randomUUID(), traceId: null });
  const isTrusted = createProxyCheck(trustedProxies);
  return ({ socket, headersDistinct }) => {
    if (!isTrusted(socket.remoteAddress ?? "")) return { requestId: randomUUID(), traceId: null };
    const { "x-request-id": ids, traceparent: traces } = headersDistinct;
    const traceId = traces?.length === 1 ? (tracePattern.exec((traces[0] ?? "").slice(0, 512))?.[1] ?? null) : null;
    const [id = ""] = ids?.length === 1 ? ids : [];
    return { requestId: idPattern.test(id) ? id : (traceId ?? randomUUID()), traceId };
  };
}
