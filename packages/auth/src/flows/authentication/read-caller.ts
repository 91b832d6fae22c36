import type { ResolvedOptions } from "../../options.ts";
import { isLiveSession, touchInterval } from "../../sessions/session-store.ts";
import { batchQuery } from "../../storage/batch-query.ts";
import type { Storage } from "../../storage/database.ts";
import { PoolError } from "../../storage/pool.ts";
import type { CallerColumns } from "../steps/caller-row.ts";
import type { CallerKey, CallerReader, StoredCaller } from "../steps/core.ts";
import { showsTooLittle } from "../steps/second-factor-needed.ts";

interface Options extends Pick<ResolvedOptions, "secondFactor" | "rememberedDevices" | "watch"> {
  readonly codes: Pick<ResolvedOptions["codes"], "phoneTrust" | "holdersByCode">;
}

// The arrays are handed over in a row of their own, of which PostgreSQL cannot know the length beforehand: it would plan the query anew for
// every length, at twice the cost of running it. What is read for each call is a query of its own, by its two keys: joined to all calls together
// PostgreSQL reads every session that there is, up to several thousand of them, and keeps that plan.
const toQuery = (columns: CallerColumns, options: Options) => `
  select call.position::int as position, found.*,
    call.kid is null or exists (
      select from latchkey.signing_keys k where k.kid = call.kid and coalesce(k.verifies_until > latchkey.now(), true)
    ) as "isKeyAccepted",
    found."caller.id" is not null as "isFound",
    pg_catalog.pg_is_in_recovery() as "isStandby"
  from (select $1::uuid[] as session_ids, $2::text[] as kids offset 0) given,
    unnest(given.session_ids, given.kids) with ordinality as call (session_id, kid, position)
  left join lateral (
    select ${columns.text},
      ${isLiveSession("session")} and not ${showsTooLittle(options)} as "isLive",
      session.last_used_at <= latchkey.now() - interval '${touchInterval} seconds' as "isTouchDue",
      caller.phone_number is not null and caller.test_until is null and coalesce(
        caller.phone_proved_at <= latchkey.now() - interval '${Math.floor(options.codes.phoneTrust * 0.75)} seconds', true
      ) as "isPhoneProofDue",
      case when session.unused_since is not null then session.rotation end as "unusedRotation"
    from latchkey.sessions session left join latchkey.users caller on caller.id = session.user_id
    where session.id = call.session_id
    offset 0
  ) found on true`;

type Facts = Pick<StoredCaller, "isLive" | "isKeyAccepted" | "isTouchDue" | "isPhoneProofDue" | "unusedRotation">;
type Row = Readonly<Record<string, unknown>> & Facts & { position: number; isFound: boolean; isStandby: boolean };

/**
 * Reads sessions with their users, always fresh: calls that arrive together share one prepared statement, and nothing is kept
 * from one to the next. A standby may be behind, so that nothing is answered from it, not even that a session is not known.
 *
 * @param options a new proof of a number is due from three quarters of the time on for which it is trusted
 */
export function createCallerReader(
  { prepare }: Pick<Storage, "prepare">,
  columns: CallerColumns,
  options: Options,
): CallerReader {
  const readCallers = prepare<Row>("read-callers", toQuery(columns, options));
  return batchQuery(async (keys: readonly CallerKey[]): Promise<(StoredCaller | null)[]> => {
    const values = [keys.map((key) => key.sessionId), keys.map((key) => key.kid)];
    const { rows } = await options.watch("shared_read", { calls: keys.length }, () => readCallers(values));
    if (rows.some((row) => row.isStandby)) throw new PoolError("The database is a standby");
    const callers = new Array<StoredCaller | null>(keys.length).fill(null);
    for (const row of rows) if (row.isFound) callers[row.position - 1] = toStoredCaller(columns, row);
    return callers;
  });
}

function toStoredCaller(columns: CallerColumns, row: Row): StoredCaller {
  const { isLive, isKeyAccepted, isTouchDue, isPhoneProofDue, unusedRotation } = row;
  const { session, user } = columns.read(row);
  return { session, user, isLive, isKeyAccepted, isTouchDue, isPhoneProofDue, unusedRotation };
}
