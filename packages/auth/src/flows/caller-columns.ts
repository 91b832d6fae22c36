import type { Session } from "../sessions/session.ts";
import { sessionFields } from "../sessions/session-store.ts";
import { type User, userFields } from "../users/user.ts";

const snakeCase = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const columns = (alias: string, fields: readonly string[]) =>
  fields.map((field) => `${alias}.${snakeCase(field)} as "${alias}.${field}"`).join(", ");

/** The columns of a session and its user in one row, for a query that calls the tables `session` and `caller`. */
export const callerColumns = `${columns("session", sessionFields)}, ${columns("caller", userFields)}`;

type Row = Readonly<Record<string, unknown>>;

const pick = <T>(row: Row, alias: string, fields: readonly (keyof T & string)[]): T =>
  Object.fromEntries(fields.map((field) => [field, row[`${alias}.${field}`]])) as T;

/** The session and the user of a row of {@link callerColumns}. */
export function readCallerRow(row: Row): { readonly session: Session; readonly user: User } {
  return { session: pick<Session>(row, "session", sessionFields), user: pick<User>(row, "caller", userFields) };
}
