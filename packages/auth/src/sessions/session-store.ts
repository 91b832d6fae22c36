import { type ColumnType, type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { Session, SessionEnd, SessionLifetimes } from "./session.ts";

declare module "../storage/database.ts" {
  interface Database {
    sessions: SessionsTable;
  }
}

interface SessionsTable {
  id: string;
  userId: string;
  refreshHash: Buffer;
  createdAt: Generated<Date>;
  lastUsedAt: Generated<Date>;
  idleExpiresAt: Date;
  expiresAt: Date;
  endedAt: ColumnType<Date | null, never, Date>;
  endReason: ColumnType<SessionEnd | null, never, SessionEnd>;
  address: string | null;
  userAgent: string | null;
}

/** The fields of {@link Session}, in the order in which they are read. */
export const sessionFields = [
  "id",
  "userId",
  "createdAt",
  "lastUsedAt",
  "expiresAt",
] as const satisfies readonly (keyof Session)[];

/** What makes a session good, in SQL, by the database's clock; `alias` is the table's name in the query. */
export function isLiveSession(alias: string): string {
  return `${alias}.ended_at is null and ${alias}.expires_at > latchkey.now() and ${alias}.idle_expires_at > latchkey.now()`;
}

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly refreshHash: Buffer;
  readonly lifetimes: SessionLifetimes;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** Opens a session, and tells when its refresh token runs out if it is not used. */
export async function insertSession(
  db: Queries,
  { lifetimes, ...session }: NewSession,
): Promise<Session & { readonly idleExpiresAt: Date }> {
  const after = (seconds: number) => sql<Date>`latchkey.now() + make_interval(secs => ${seconds})`;
  return db
    .insertInto("sessions")
    .values({
      ...session,
      expiresAt: after(lifetimes.absolute),
      idleExpiresAt: after(Math.min(lifetimes.idle, lifetimes.absolute)),
    })
    .returning([...sessionFields, "idleExpiresAt"])
    .executeTakeFirstOrThrow();
}

/** Ends a session if it still lives and `refreshHash` is its present one. Says whose it was, or null. */
export async function endSessionByRefreshHash(
  db: Queries,
  { id, refreshHash, reason }: { id: string; refreshHash: Buffer; reason: SessionEnd },
): Promise<{ userId: string } | null> {
  const ended = await db
    .updateTable("sessions")
    .set({ endedAt: sql<Date>`latchkey.now()`, endReason: reason })
    .where("id", "=", id)
    .where("refreshHash", "=", refreshHash)
    .where("endedAt", "is", null)
    .returning("userId")
    .executeTakeFirst();
  return ended ?? null;
}
