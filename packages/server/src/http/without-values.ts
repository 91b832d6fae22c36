/** What PostgreSQL repeats values in, of rows and of statements: hashes and phone numbers among them. */
const withValues: readonly string[] = ["detail", "where"];

/**
 * An error for a log: itself, or the same without what PostgreSQL repeats of rows.
 *
 * @param depth how many causes are looked at
 */
export function withoutValues(error: unknown, depth = 5): unknown {
  if (!(error instanceof Error) || depth === 0) return error;
  const cause = withoutValues(error.cause, depth - 1);
  if (cause === error.cause && !withValues.some((name) => Object.hasOwn(error, name))) return error;
  const properties = Object.entries(Object.getOwnPropertyDescriptors(error)).filter(
    ([name]) => !withValues.includes(name),
  );
  const copy = Object.create(Object.getPrototypeOf(error), Object.fromEntries(properties));
  // V8 keeps it where a copy cannot read it.
  const plain = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(copy, "stack", { ...plain, value: error.stack });
  if (cause !== undefined) Object.defineProperty(copy, "cause", { ...plain, value: cause });
  return copy;
}
