import type pg from "pg";
import type { Session } from "../sessions/session.ts";
import { isLiveSession, touchInterval } from "../sessions/session-store.ts";
import { shareQuery } from "../storage/share-query.ts";
import type { User } from "../users/user.ts";
import { callerColumns, readCallerRow } from "./caller-columns.ts";

/** A session and its user as the database has them at this moment. */
export interface StoredCaller {
  readonly session: Session;
  readonly user: User;
  readonly isLive: boolean;
  /** Whether the key that signed the token is still accepted. */
  readonly isKeyAccepted: boolean;
  /** Whether its last use was noted long enough ago to be noted again. */
  readonly isTouchDue: boolean;
  /** The rotation whose answers have not been used yet, as far as is known; null once they have. */
  readonly unusedRotation: number | null;
}

export interface CallerKey {
  readonly sessionId: string;
  /** The key of the database that signed the token; null for one from the settings. */
  readonly kid: string | null;
}

export type CallerReader = (key: CallerKey) => Promise<StoredCaller | null>;

const readCallersQuery = `
  select call.position::int as position, ${callerColumns},
    ${isLiveSession("session")} as "isLive",
    session.last_used_at <= latchkey.now() - interval '${touchInterval} seconds' as "isTouchDue",
    case when session.unused_since is not null then session.rotation end as "unusedRotation",
    call.kid is null or exists (
      select from latchkey.signing_keys k where k.kid = call.kid and coalesce(k.verifies_until > latchkey.now(), true)
    ) as "isKeyAccepted"
  from unnest($1::uuid[], $2::text[]) with ordinality as call (session_id, kid, position)
  join latchkey.sessions session on session.id = call.session_id
  join latchkey.users caller on caller.id = session.user_id`;

type Facts = Pick<StoredCaller, "isLive" | "isKeyAccepted" | "isTouchDue" | "unusedRotation">;
type Row = Readonly<Record<string, unknown>> & Facts & { position: number };

/**
 * Reads sessions with their users, always fresh: calls that arrive together share one prepared statement, and nothing is kept
 * from one to the next.
 */
export function createCallerReader(pool: pg.Pool): CallerReader {
  return shareQuery(async (keys: readonly CallerKey[]): Promise<(StoredCaller | null)[]> => {
    const values = [keys.map((key) => key.sessionId), keys.map((key) => key.kid)];
    const { rows } = await pool.query<Row>({ name: "read-callers", text: readCallersQuery, values });
    const callers = new Map(rows.map((row) => [row.position, toStoredCaller(row)]));
    return keys.map((_, index) => callers.get(index + 1) ?? null);
  });
}

function toStoredCaller(row: Row): StoredCaller {
  const { isLive, isKeyAccepted, isTouchDue, unusedRotation } = row;
  return { ...readCallerRow(row), isLive, isKeyAccepted, isTouchDue, unusedRotation };
}
