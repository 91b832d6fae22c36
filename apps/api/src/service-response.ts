import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from "node:http";
import { safeHeaders } from "@latchkey/server";

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

const commonNames = new Map(
  [...Object.keys(securityHeaders), "X-Request-Id"].map((name) => [name.toLowerCase(), name]),
);

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * Node's own response, with the headers that every answer has. They are handed over with the answer's own when its head is written: set one
 * by one, each is checked, kept, and taken out again.
 */
export class ServiceResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** The id of the request; null for one that is refused before it has one. */
  requestId: string | null = null;

  /** The headers that every answer has. */
  get common(): Readonly<Record<string, string>> {
    return securityHeaders;
  }

  override writeHead(status: number, ...rest: (string | Headers | undefined)[]): this {
    const reason = rest.find((one) => typeof one === "string");
    const headers = this.#withCommon(rest.find((one) => typeof one === "object"));
    return reason === undefined ? super.writeHead(status, headers) : super.writeHead(status, reason, headers);
  }

  /** What an answer says itself counts. */
  #withCommon(own: Headers = {}): Headers {
    const common: OutgoingHttpHeaders = { ...this.common };
    if (this.requestId !== null) common["X-Request-Id"] = this.requestId;
    if (!Array.isArray(own)) return merge(common, own);
    for (const [name, value] of Object.entries(common)) if (value !== undefined) this.setHeader(name, value);
    return own;
  }
}

/** The same behind an address of TLS. */
export class SecureServiceResponse<Request extends IncomingMessage = IncomingMessage> extends ServiceResponse<Request> {
  override get common(): Readonly<Record<string, string>> {
    return securityHeadersBehindTls;
  }
}

function merge(common: OutgoingHttpHeaders, own: OutgoingHttpHeaders): OutgoingHttpHeaders {
  for (const name of Object.keys(own)) {
    const same = commonNames.get(name.toLowerCase());
    if (same !== undefined) delete common[same];
    common[name] = own[name];
  }
  return common;
}
