import { isStorageUnavailable } from "@latchkey/auth";

/** What can be wrong with the database, by the SQLSTATE that it says (PostgreSQL's appendix A); the first that fits. */
const classes = [
  { name: "statement_timeout", pattern: /^57014$/ },
  { name: "lock_timeout", pattern: /^55P03$/ },
  { name: "shutdown", pattern: /^57P/ },
  { name: "read_only", pattern: /^25006$/ },
  { name: "resources", pattern: /^53/ },
  { name: "conflict", pattern: /^40/ },
  { name: "integrity", pattern: /^23/ },
  /** Also where no server said anything. */
  { name: "connection", pattern: /^(08|28|3D)/ },
  { name: "other", pattern: /^/ },
] as const;

export type DatabaseErrorClass = (typeof classes)[number]["name"];

export const databaseErrorClasses: readonly DatabaseErrorClass[] = classes.map(({ name }) => name);

/**
 * The class of the error of the database that caused another one; null where none did.
 *
 * @param depth how many causes are looked at
 */
export function findDatabaseErrorClass(error: unknown, depth = 6): DatabaseErrorClass | null {
  if (!(error instanceof Error) || depth === 0) return null;
  // What PostgreSQL says has a severity; the codes of others are words of Node's.
  if ("severity" in error && "code" in error) return classify(String(error.code));
  return isStorageUnavailable(error) ? "connection" : findDatabaseErrorClass(error.cause, depth - 1);
}

const classify = (code: string) => classes.find(({ pattern }) => pattern.test(code))?.name ?? "other";
