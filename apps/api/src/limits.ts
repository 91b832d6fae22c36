/** What one HTTP request may be. Larger ones are refused before anything reads them. */
export const limits = {
  /** Bytes of body. */
  body: 64 * 1024,
  /** Characters of the request target. */
  url: 4 * 1024,
  /** Procedure calls in one batch. */
  batch: 20,
  /** Bytes of all headers together. */
  headers: 16 * 1024,
  /** Milliseconds for the headers to arrive. */
  headersTimeout: 10_000,
  /** Milliseconds for the whole request to arrive. */
  requestTimeout: 20_000,
  /** Milliseconds for which an idle connection is kept. */
  keepAliveTimeout: 65_000,
} as const;
