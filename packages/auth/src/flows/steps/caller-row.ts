import type { Session } from "../../sessions/session.ts";
import { type SessionRow, sessionFields, toSession } from "../../sessions/session-store.ts";
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

const pick = <T>(row: Row, alias: string, fields: readonly (keyof T & string)[]): T =>
  Object.fromEntries(fields.map((field) => [field, row[`${alias}.${field}`]])) as T;

/** The columns of a session and its user in one row, and what they are read with. */
export function createCallerColumns(profile: ProfileDefinition): CallerColumns {
  return {
    text: `${columns("session", sessionFields)}, ${columns("caller", profile.columns)}`,
    read: (row) => ({
      session: toSession(pick<SessionRow>(row, "session", sessionFields)),
      user: toUser(profile, pick<UserRow>(row, "caller", profile.columns)),
    }),
  };
}
