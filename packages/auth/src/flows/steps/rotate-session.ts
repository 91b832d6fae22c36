import { sql } from "kysely";
import type { ResolvedOptions } from "../../options.ts";
import type { RefreshToken } from "../../sessions/refresh-token.ts";
import type { Session } from "../../sessions/session.ts";
import { tellSessions } from "../../sessions/session-listener.ts";
import { isLiveSession, isWithin } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import type { Core, RequestInfo } from "./core.ts";
import { showsTooLittle } from "./second-factor-needed.ts";

export interface Rotation {
  /** The hash of the refresh token that is presented. */
  readonly presented: Buffer;
  /** Its successor, when none was given up. */
  readonly successor: RefreshToken;
  readonly facts: RequestInfo;
}

export interface RotatedSession {
  readonly session: Session;
  readonly user: User;
  /** What its access tokens are for, where that is not the service itself. */
  readonly audience: string | null;
  readonly idleExpiresAt: Date;
  /** The number of the present refresh token, for the access tokens that are issued with it. */
  readonly rotation: number;
}

type Row = Record<string, unknown> & Pick<RotatedSession, "audience" | "idleExpiresAt" | "rotation">;

type Settings = Pick<Core, "options" | "callerColumns">;

const answeredColumns = ({ callerColumns }: Settings) =>
  `${callerColumns.text}, session.audience as "audience", session.idle_expires_at as "idleExpiresAt", session.rotation as "rotation"`;

const idleFromNow = ({ sessions: { idleLifetime } }: ResolvedOptions) =>
  sql`least(session.expires_at, latchkey.now() + make_interval(secs => ${idleLifetime}))`;

/**
 * Moves a live session of an active user on by one generation, or finds it moved already by the same token within the grace
 * time; null for anything else. It is one statement: PostgreSQL lets one of many at the same moment through the first branch,
 * and the others wait for it and then take the second.
 */
export async function rotateSession(
  core: Settings,
  db: Queries,
  { presented, successor, facts }: Rotation,
): Promise<RotatedSession | null> {
  const isFirst = sql`session.refresh_hash = ${presented}`;
  const isRepeat = sql`session.refresh_hash = ${successor.hash} and session.previous_refresh_hash = ${presented}
    and ${isWithin("session.rotated_at", core.options.sessions.refreshGrace)}`;
  const { rows } = await sql<Row & { isFirst: boolean }>`
    update latchkey.sessions session set
      refresh_hash = ${successor.hash},
      previous_refresh_hash = ${presented},
      rotated_at = case when ${isFirst} then latchkey.now() else session.rotated_at end,
      rotation = case when ${isFirst} then session.rotation + 1 else session.rotation end,
      unused_since = case when ${isFirst} then latchkey.now() else session.unused_since end,
      reissues = case when ${isFirst} then 0 else session.reissues end,
      idle_expires_at = case when ${isFirst} then ${idleFromNow(core.options)} else session.idle_expires_at end,
      last_used_at = greatest(session.last_used_at, latchkey.now()),
      address = ${facts.address},
      user_agent = ${facts.userAgent}
    from latchkey.users caller
    where session.id = ${successor.sessionId} and caller.id = session.user_id and caller.is_active
      and ${sql.raw(isLiveSession("session"))} and not ${sql.raw(showsTooLittle(core.options))}
      and (${isFirst} or ${isRepeat})
    returning ${sql.raw(answeredColumns(core))}, session.rotated_at = latchkey.now() as "isFirst"`.execute(
    db.withoutPlugins(),
  );
  const [row] = rows;
  if (row) tellSessions(db, { change: "refreshed", how: row.isFirst ? "rotated" : "repeated" });
  return readRow(core, row);
}

export interface Replacement {
  /** The hash of the token that counts as the one before. */
  readonly previous: Buffer;
  readonly next: RefreshToken;
  readonly facts: RequestInfo;
  /** What is known of the use of `next`: nothing yet, nothing yet as of the one whose place it takes, or that it is not asked. */
  readonly use: "awaited" | "still awaited" | "not asked";
}

/**
 * Makes another refresh token the present one of a live session of an active user, whatever it was; null when there is no such
 * session. The caller's transaction has locked the session's row.
 */
export async function replaceRefreshToken(
  core: Settings,
  transaction: Queries,
  { previous, next, facts, use }: Replacement,
): Promise<RotatedSession | null> {
  const unusedSince = {
    awaited: sql`latchkey.now()`,
    "still awaited": sql`session.unused_since`,
    "not asked": sql`null`,
  }[use];
  const { rows } = await sql<Row>`
    update latchkey.sessions session set
      refresh_hash = ${next.hash},
      previous_refresh_hash = ${previous},
      rotated_at = latchkey.now(),
      rotation = session.rotation + 1,
      unused_since = ${unusedSince},
      reissues = ${use === "still awaited" ? sql`session.reissues + 1` : sql`0`},
      idle_expires_at = ${idleFromNow(core.options)},
      last_used_at = greatest(session.last_used_at, latchkey.now()),
      address = ${facts.address},
      user_agent = ${facts.userAgent}
    from latchkey.users caller
    where session.id = ${next.sessionId} and caller.id = session.user_id and caller.is_active
      and ${sql.raw(isLiveSession("session"))} and not ${sql.raw(showsTooLittle(core.options))}
    returning ${sql.raw(answeredColumns(core))}`.execute(transaction.withoutPlugins());
  return readRow(core, rows[0]);
}

function readRow({ callerColumns }: Settings, row: Row | undefined): RotatedSession | null {
  if (!row) return null;
  const { audience, idleExpiresAt, rotation } = row;
  return { ...callerColumns.read(row), audience, idleExpiresAt, rotation };
}
