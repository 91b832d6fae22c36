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
  select pg_catalog.pg_is_in_recovery() as "isStandby", json_agg(json_build_array(
    call.position,
    call.kid is null or call.kid = any (array(
      select k.kid from latchkey.signing_keys k where coalesce(k.verifies_until > latchkey.now(), true)
    )),
    found.caller
  )) as calls
  from (select $1::uuid[] as session_ids, $2::text[] as kids offset 0) given,
    unnest(given.session_ids, given.kids) with ordinality as call (session_id, kid, position)
  left join lateral (
    select json_build_array(
      ${isLiveSession("session")} and not ${showsTooLittle(options)},
      session.last_used_at <= latchkey.now() - interval '${touchInterval} seconds',
      caller.phone_number is not null and caller.test_until is null and coalesce(
        caller.phone_proved_at <= latchkey.now() - interval '${Math.floor(options.codes.phoneTrust * 0.75)} seconds', true
      ),
      case when session.unused_since is not null then session.rotation end,
      ${columns.list}
    ) as caller
    from latchkey.sessions session join latchkey.users caller on caller.id = session.user_id
    where session.id = call.session_id
    offset 0
  ) found on true`;

/** What stands in front of the columns of the session and the user. */
type Facts = [isLive: boolean, isTouchDue: boolean, isPhoneProofDue: boolean, unusedRotation: number | null];

const facts = 4 satisfies Facts["length"];

type Caller = [...Facts, ...unknown[]];

interface Row {
  readonly isStandby: boolean;
  readonly calls: readonly (readonly [position: number, isKeyAccepted: boolean, caller: Caller | null])[];
}

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
    const [row] = rows;
    if (row?.isStandby) throw new PoolError("The database is a standby");
    const callers = new Array<StoredCaller | null>(keys.length).fill(null);
    for (const [position, isKeyAccepted, caller] of row?.calls ?? [])
      if (caller) callers[position - 1] = toStoredCaller(columns, caller, isKeyAccepted);
    return callers;
  });
}

function toStoredCaller(columns: CallerColumns, caller: Caller, isKeyAccepted: boolean): StoredCaller {
  const [isLive, isTouchDue, isPhoneProofDue, unusedRotation] = caller;
  const { session, user } = columns.readList(caller, facts);
  return { session, user, isLive, isKeyAccepted, isTouchDue, isPhoneProofDue, unusedRotation };
}
