import type { Auth } from "@latchkey/auth";

/** A statement as the driver was told to run it. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Calls back with every statement that a core runs on a connection that it opens from now on. */
export function listenToStatements({ pool }: Auth, onStatement: (statement: Statement) => void): void {
  pool.on("connect", (client: object) => {
    const query: unknown = Reflect.get(client, "query");
    if (typeof query !== "function") throw new Error("the driver has changed");
    const listening = (...given: readonly unknown[]) => {
      onStatement(readStatement(given));
      return Reflect.apply(query, client, given);
    };
    Object.defineProperty(client, "query", { value: listening });
  });
}

/** The driver takes a text and its values, or both in an object. */
function readStatement([told, values]: readonly unknown[]): Statement {
  if (typeof told === "object" && told !== null)
    return readStatement([Reflect.get(told, "text"), Reflect.get(told, "values")]);
  return { text: String(told), values: Array.isArray(values) ? values : [] };
}
