import type { Session } from "../../sessions/session.ts";
import { sessionFields } from "../../sessions/session-store.ts";
import { type ProfileDefinition, toUser, type UserRow } from "../../users/profile.ts";
import type { User } from "../../users/user.ts";

const snakeCase = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const columns = (alias: string, fields: readonly string[]) =>
  fields.map((field) => `${alias}.${snakeCase(field)} as "${alias}.${field}"`).join(", ");

/** How a session and its user are read from one row. */
export interface CallerColumns {
  /** The columns, for a query that calls the tables `session` and `caller`. */
  readonly text: string;
  read(row: Row): { readonly session: Session; readonly user: User };
}

type Row = Readonly<Record<string, unknown>>;

/** Reads the fields of one table from a row. It is done for every call: a plain loop takes a fifth of the time of `Object.fromEntries`. */
function createPicker<T>(alias: string, fields: readonly (keyof T & string)[]): (row: Row) => T {
  const sources = fields.map((field) => ({ field, source: `${alias}.${field}` }));
  return (row) => {
    const picked: Record<string, unknown> = {};
    for (const { field, source } of sources) picked[field] = row[source];
    return picked as T;
  };
}

/** The columns of a session and its user in one row, and what they are read with. */
export function createCallerColumns(profile: ProfileDefinition): CallerColumns {
  const pickSession = createPicker<Session>("session", sessionFields);
  const pickUser = createPicker<UserRow>("caller", profile.columns);
  return {
    text: `${columns("session", sessionFields)}, ${columns("caller", profile.columns)}`,
    read: (row) => ({ session: pickSession(row), user: toUser(profile, pickUser(row)) }),
  };
}
