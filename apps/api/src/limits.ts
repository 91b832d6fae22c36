import { requestLimits } from "@latchkey/server/internal";

/** What one HTTP request may be: that of every host, and what Node's HTTP server looks after. */
export const limits = {
  ...requestLimits,
  /** Bytes of all headers together. */
  headers: 16 * 1024,
  /** Milliseconds for the headers to arrive. */
  headersTimeout: 10_000,
  /** Milliseconds for the whole request to arrive. */
  requestTimeout: 20_000,
  /** Milliseconds for which an idle connection is kept. */
  keepAliveTimeout: 65_000,
} as const;
