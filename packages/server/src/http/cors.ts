/** What pages may send beside what every page may: the token, tRPC's own headers, and those with which tracing follows a call. */
const requestHeaders = [
  ...["authorization", "content-type", "trpc-accept", "x-trpc-source", "x-request-id"],
  ...["baggage", "sentry-trace", "traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled"],
  ...["x-datadog-origin", "x-datadog-parent-id", "x-datadog-sampling-priority", "x-datadog-trace-id", "newrelic"],
];

/** What browsers are told about calls from pages of other origins (https://fetch.spec.whatwg.org/#http-cors-protocol). */
export interface CorsRules {
  /** Every origin, or the one that asks. */
  readonly origin: "*" | "asking";
  readonly methods: readonly string[];
  readonly requestHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  /** Seconds for which a browser need not ask again. */
  readonly maxAge: number;
  readonly withCookies: boolean;
}

/** For the procedures: pages of origins that are named. */
export const forNamedPages: CorsRules = {
  origin: "asking",
  methods: ["GET", "POST"],
  requestHeaders,
  exposedHeaders: ["retry-after", "www-authenticate", "x-request-id"],
  maxAge: 600,
  withCookies: false,
};

/** For the public keys: they are for everybody. */
export const forEveryPage: CorsRules = {
  origin: "*",
  methods: ["GET", "HEAD"],
  requestHeaders: [...requestHeaders, "if-none-match"],
  exposedHeaders: ["etag"],
  maxAge: 86_400,
  withCookies: false,
};

/** Lets the page that asks read an answer. */
export function allowPage(headers: Headers, rules: CorsRules, origin: string): void {
  headers.set("Access-Control-Allow-Origin", rules.origin === "*" ? "*" : origin);
  if (rules.withCookies) headers.set("Access-Control-Allow-Credentials", "true");
  headers.set("Access-Control-Expose-Headers", rules.exposedHeaders.join(","));
  if (rules.origin !== "*") headers.append("Vary", "Origin");
}

/** Answers a browser that asks before it calls. */
export function answerPreflight(rules: CorsRules, origin: string): Response {
  const headers = new Headers();
  allowPage(headers, rules, origin);
  headers.set("Access-Control-Max-Age", String(rules.maxAge));
  headers.set("Access-Control-Allow-Methods", rules.methods.join(","));
  headers.set("Access-Control-Allow-Headers", rules.requestHeaders.join(","));
  headers.append("Vary", "Access-Control-Request-Headers");
  return new Response(null, { status: 204, statusText: "No Content", headers });
}
