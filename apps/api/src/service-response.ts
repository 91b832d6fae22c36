import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from "node:http";
import { safeHeaders } from "@latchkey/server/internal";

/** What browsers are told with every answer: to trust nothing about it. A page says itself what may be in it. */
const securityHeaders = {
  ...safeHeaders,
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Origin-Agent-Cluster": "?1",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=15552000; includeSubDomains",
  "X-DNS-Prefetch-Control": "off",
  "X-Download-Options": "noopen",
  "X-Frame-Options": "SAMEORIGIN",
  "X-Permitted-Cross-Domain-Policies": "none",
  "X-XSS-Protection": "0",
} as const satisfies Readonly<Record<string, string>>;

/** The same where browsers reach the service by TLS alone: for two years, as preload lists ask for. */
const securityHeadersBehindTls = {
  ...securityHeaders,
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
};

/** The headers that every answer has, be it Node's or written on a socket. */
export const toSecurityHeaders = (isSecure: boolean): Readonly<Record<string, string>> =>
  isSecure ? securityHeadersBehindTls : securityHeaders;

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** Names and values by turns. Node writes them as they come, where of an object it asks for each name anew. */
type HeaderLines = OutgoingHttpHeader[];

/** Puts the headers that every answer has in front of an answer's own, which count. */
type ToLines = (own: OutgoingHttpHeaders, requestId: string | null) => HeaderLines;

interface PreparedHeaders {
  readonly before: HeaderLines;
  readonly saysId: boolean;
  readonly behind: HeaderLines;
}

function createHeaderLines(common: Readonly<Record<string, string>>): ToLines {
  const prepared = new WeakMap<OutgoingHttpHeaders, PreparedHeaders>();

  /** What stands before and behind the request's id; kept for headers that never change and so may be those of many answers. */
  function prepare(own: OutgoingHttpHeaders): PreparedHeaders {
    const names = new Set(Object.keys(own).map((name) => name.toLowerCase()));
    const before = Object.entries(common).filter(([name]) => !names.has(name.toLowerCase()));
    const behind = Object.entries(own).flatMap(([name, value]) => [name, value ?? ""]);
    const parts = { before: before.flat(), saysId: names.has("x-request-id"), behind };
    if (Object.isFrozen(own)) prepared.set(own, parts);
    return parts;
  }

  return (own, requestId) => {
    const { before, saysId, behind } = prepared.get(own) ?? prepare(own);
    const id = requestId === null || saysId ? [] : ["X-Request-Id", requestId];
    return [...before, ...id, ...behind];
  };
}

const toLines = createHeaderLines(securityHeaders);
const toLinesBehindTls = createHeaderLines(securityHeadersBehindTls);

/**
 * Node's own response, with the headers that every answer has. They are handed over with the answer's own when its head is written: set one
 * by one, each is checked, kept, and taken out again.
 */
export class ServiceResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** The id of the request; null for one that is refused before it has one. */
  requestId: string | null = null;

  protected toLines(own: OutgoingHttpHeaders): HeaderLines {
    return toLines(own, this.requestId);
  }

  override writeHead(status: number, ...rest: (string | Headers | undefined)[]): this {
    const [first, second] = rest;
    if (typeof first === "string") return super.writeHead(status, first, this.#withCommon(second));
    return super.writeHead(status, this.#withCommon(first ?? second));
  }

  /** What an answer says itself counts. */
  #withCommon(own: string | Headers = {}): Headers {
    if (typeof own === "object" && !Array.isArray(own)) return this.toLines(own);
    const lines = this.toLines({});
    for (let at = 0; at < lines.length; at += 2) this.setHeader(String(lines[at]), lines[at + 1] ?? "");
    return typeof own === "object" ? own : {};
  }
}

/** The same behind an address of TLS. */
export class SecureServiceResponse<Request extends IncomingMessage = IncomingMessage> extends ServiceResponse<Request> {
  protected override toLines(own: OutgoingHttpHeaders): HeaderLines {
    return toLinesBehindTls(own, this.requestId);
  }
}
