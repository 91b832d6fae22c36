import { isLiveSession, touchInterval } from "../../sessions/session-store.ts";
import { batchQuery } from "../../storage/batch-query.ts";
import type { Storage } from "../../storage/database.ts";
import type { CallerColumns } from "../steps/caller-row.ts";
import type { CallerKey, CallerReader, StoredCaller } from "../steps/core.ts";

const toQuery = (columns: CallerColumns) => `
  select call.position::int as position, ${columns.text},
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
export function createCallerReader({ prepare }: Pick<Storage, "prepare">, columns: CallerColumns): CallerReader {
  const readCallers = prepare<Row>("read-callers", toQuery(columns));
  return batchQuery(async (keys: readonly CallerKey[]): Promise<(StoredCaller | null)[]> => {
    const { rows } = await readCallers([keys.map((key) => key.sessionId), keys.map((key) => key.kid)]);
    const callers = new Map(rows.map((row) => [row.position, toStoredCaller(columns, row)]));
    return keys.map((_, index) => callers.get(index + 1) ?? null);
  });
}

function toStoredCaller(columns: CallerColumns, row: Row): StoredCaller {
  const { isLive, isKeyAccepted, isTouchDue, unusedRotation } = row;
  return { ...columns.read(row), isLive, isKeyAccepted, isTouchDue, unusedRotation };
}
