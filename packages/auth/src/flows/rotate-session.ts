import { sql } from "kysely";
import type { RefreshToken } from "../sessions/refresh-token.ts";
import type { Session } from "../sessions/session.ts";
import { isLiveSession } from "../sessions/session-store.ts";
import type { Queries } from "../storage/database.ts";
import type { User } from "../users/user.ts";
import type { Core, RequestFacts } from "./core.ts";

export interface Rotation {
  /** The hash of the refresh token that is presented. */
  readonly presented: Buffer;
  /** Its one successor. */
  readonly successor: RefreshToken;
  readonly facts: RequestFacts;
}

export interface RotatedSession {
  readonly session: Session;
  readonly user: User;
  readonly idleExpiresAt: Date;
}

/**
 * Moves a live session of an active user on by one generation, or finds it moved already by the same token within the grace
 * time; null for anything else. It is one statement: PostgreSQL lets one of many at the same moment through the first branch,
 * and the others wait for it and then take the second.
 */
export async function rotateSession(
  { options: { sessions }, callerColumns }: Pick<Core, "options" | "callerColumns">,
  db: Queries,
  { presented, successor, facts }: Rotation,
): Promise<RotatedSession | null> {
  const { refreshGrace, idleLifetime } = sessions;
  const isFirst = sql`session.refresh_hash = ${presented}`;
  const isRepeat = sql`session.refresh_hash = ${successor.hash} and session.previous_refresh_hash = ${presented}
    and session.rotated_at > latchkey.now() - make_interval(secs => ${refreshGrace})`;
  const { rows } = await sql<Record<string, unknown> & { idleExpiresAt: Date }>`
    update latchkey.sessions session set
      refresh_hash = ${successor.hash},
      previous_refresh_hash = ${presented},
      rotated_at = case when ${isFirst} then latchkey.now() else session.rotated_at end,
      idle_expires_at = case when ${isFirst}
        then least(session.expires_at, latchkey.now() + make_interval(secs => ${idleLifetime})) else session.idle_expires_at end,
      last_used_at = greatest(session.last_used_at, latchkey.now()),
      address = ${facts.address},
      user_agent = ${facts.userAgent}
    from latchkey.users caller
    where session.id = ${successor.sessionId} and caller.id = session.user_id and caller.is_active
      and ${sql.raw(isLiveSession("session"))}
      and (${isFirst} or ${isRepeat})
    returning ${sql.raw(callerColumns.text)}, session.idle_expires_at as "idleExpiresAt"`.execute(db.withoutPlugins());
  const [row] = rows;
  return row ? { ...callerColumns.read(row), idleExpiresAt: row.idleExpiresAt } : null;
}
