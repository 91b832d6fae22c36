/** What PostgreSQL repeats values in, of rows and of statements: hashes and phone numbers among them. */
const withValues: readonly string[] = ["detail", "where", "internalQuery"];

/**
 * An error for a log: itself, or the same without what PostgreSQL repeats of rows, and what a parser of JSON quotes of its input, such as a
 * password that was not closed.
 *
 * @param depth how many causes are looked at
 */
export function withoutValues(error: unknown, depth = 5): unknown {
  if (!(error instanceof Error) || depth === 0) return error;
  const cause = withoutValues(error.cause, depth - 1);
  const message = toSafeMessage(error, cause);
  const isSame = cause === error.cause && message === error.message;
  if (isSame && !withValues.some((name) => Object.hasOwn(error, name))) return error;
  const properties = Object.entries(Object.getOwnPropertyDescriptors(error)).filter(
    ([name]) => !withValues.includes(name),
  );
  const copy = Object.create(Object.getPrototypeOf(error), Object.fromEntries(properties));
  const plain = { configurable: true, writable: true, enumerable: false };
  // V8 keeps it where a copy cannot read it, and begins it with the message.
  const stack = message === error.message ? error.stack : error.stack?.replaceAll(error.message, message);
  Object.defineProperty(copy, "stack", { ...plain, value: stack });
  if (message !== error.message) Object.defineProperty(copy, "message", { ...plain, value: message });
  if (cause !== undefined) Object.defineProperty(copy, "cause", { ...plain, value: cause });
  return copy;
}

const quotingJson = /^.* is not valid JSON$/s;

/** Of a parser that quotes what it could not read, and of what repeats its message. */
function toSafeMessage(error: Error, cause: unknown): string {
  if (error instanceof SyntaxError && quotingJson.test(error.message)) return "This is not valid JSON";
  const isRepeated = error.cause instanceof Error && error.cause.message === error.message;
  return isRepeated && cause instanceof Error ? cause.message : error.message;
}
