import DataLoader from "dataloader";
import type pg from "pg";
import type { Session } from "../sessions/session.ts";
import { isLiveSession, sessionFields } from "../sessions/session-store.ts";
import { type User, userFields } from "../users/user.ts";

/** A session and its user as the database has them at this moment. */
export interface StoredCaller {
  readonly session: Session;
  readonly user: User;
  readonly isLive: boolean;
  /** Whether the key that signed the token is still accepted. */
  readonly isKeyAccepted: boolean;
}

export interface CallerKey {
  readonly sessionId: string;
  /** The key of the database that signed the token; null for one from the settings. */
  readonly kid: string | null;
}

export type CallerReader = (key: CallerKey) => Promise<StoredCaller | null>;

const snakeCase = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const columns = (alias: string, fields: readonly string[]) =>
  fields.map((field) => `${alias}.${snakeCase(field)} as "${alias}.${field}"`).join(", ");

const readCallersQuery = `
  select call.position::int as position, ${columns("session", sessionFields)}, ${columns("caller", userFields)},
    ${isLiveSession("session")} as "isLive",
    call.kid is null or exists (
      select from latchkey.signing_keys k where k.kid = call.kid and coalesce(k.verifies_until > latchkey.now(), true)
    ) as "isKeyAccepted"
  from unnest($1::uuid[], $2::text[]) with ordinality as call (session_id, kid, position)
  join latchkey.sessions session on session.id = call.session_id
  join latchkey.users caller on caller.id = session.user_id`;

type Row = Readonly<Record<string, unknown>> & { position: number; isLive: boolean; isKeyAccepted: boolean };

const pick = <T>(row: Row, alias: string, fields: readonly (keyof T & string)[]): T =>
  Object.fromEntries(fields.map((field) => [field, row[`${alias}.${field}`]])) as T;

/**
 * Reads sessions with their users, always fresh: calls that arrive together share one prepared statement, and nothing is kept
 * from one to the next.
 */
export function createCallerReader(pool: pg.Pool): CallerReader {
  const loader = new DataLoader<CallerKey, StoredCaller | null>(readCallers, { cache: false, maxBatchSize: 500 });
  return (key) => loader.load(key);

  async function readCallers(keys: readonly CallerKey[]): Promise<(StoredCaller | null)[]> {
    const values = [keys.map((key) => key.sessionId), keys.map((key) => key.kid)];
    const { rows } = await pool.query<Row>({ name: "read-callers", text: readCallersQuery, values });
    const callers = new Map(rows.map((row) => [row.position, toCaller(row)]));
    return keys.map((_, index) => callers.get(index + 1) ?? null);
  }
}

function toCaller(row: Row): StoredCaller {
  return {
    session: pick<Session>(row, "session", sessionFields),
    user: pick<User>(row, "caller", userFields),
    isLive: row.isLive,
    isKeyAccepted: row.isKeyAccepted,
  };
}
