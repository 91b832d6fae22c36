/** What one request may be, whoever serves it. Larger ones are refused before anything reads them. */
export const requestLimits = {
  /** Bytes of body. */
  body: 64 * 1024,
  /** Characters of the request target. */
  url: 4 * 1024,
  /** Procedure calls in one batch. */
  batch: 20,
} as const;
