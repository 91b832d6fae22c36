/**
 * The error of a request that got no answer, with why. `fetch` says of all failures only that it failed; that there is no such host, that nobody
 * listens, or that the certificate is not to be trusted, is in its cause.
 */
export function sayWhy(error: unknown): Error {
  if (!(error instanceof Error)) return new Error("No answer", { cause: error });
  const { cause } = error;
  const [first = cause] = cause instanceof AggregateError ? cause.errors : [];
  return first instanceof Error && first.message !== "" ? new Error(first.message, { cause: error }) : error;
}
