import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from "node:http";

/** What browsers are told with every answer: to trust nothing about it. */
const securityHeaders: Readonly<Record<string, string>> = {
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Origin-Agent-Cluster": "?1",
  "Referrer-Policy": "no-referrer",
  "Strict-Transport-Security": "max-age=15552000; includeSubDomains",
  "X-Content-Type-Options": "nosniff",
  "X-DNS-Prefetch-Control": "off",
  "X-Download-Options": "noopen",
  "X-Frame-Options": "SAMEORIGIN",
  "X-Permitted-Cross-Domain-Policies": "none",
  "X-XSS-Protection": "0",
};

const commonNames = new Map(
  [...Object.keys(securityHeaders), "X-Request-Id"].map((name) => [name.toLowerCase(), name]),
);

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * Node's own response, with the headers that every answer has. They are handed over with the answer's own when its head is written: set one
 * by one, each is checked, kept, and taken out again.
 */
export class ServiceResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** The id of the request; without one the answer has none of these headers. */
  requestId: string | null = null;

  override writeHead(status: number, ...rest: (string | Headers | undefined)[]): this {
    const reason = rest.find((one) => typeof one === "string");
    const headers = this.#withCommon(rest.find((one) => typeof one === "object"));
    return reason === undefined ? super.writeHead(status, headers) : super.writeHead(status, reason, headers);
  }

  /** What an answer says itself counts. */
  #withCommon(own: Headers = {}): Headers {
    if (this.requestId === null) return own;
    const common = { ...securityHeaders, "X-Request-Id": this.requestId };
    if (!Array.isArray(own)) return merge(common, own);
    for (const [name, value] of Object.entries(common)) this.setHeader(name, value);
    return own;
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
