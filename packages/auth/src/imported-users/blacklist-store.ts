import { sql } from "kysely";
import type { Queries } from "../storage/database.ts";

/** A token of another system that was ended there before its time. */
export interface BlacklistedToken {
  /** Its `jti`. */
  readonly id: string;
  /** Until when it has to be remembered. */
  readonly expiresAt: Date;
}

/** What is known of a token that may have been ended over there. */
export type BlacklistVerdict = "good" | "blacklisted" | "blacklist_not_read";

/** Asks the blacklist of a source. Without one that the last complete round has read, no token is good. */
export async function askBlacklist(db: Queries, source: string, id: string): Promise<BlacklistVerdict> {
  if (!id.isWellFormed() || id.includes("\0")) return "blacklisted";
  const { rows } = await sql<{ isRead: boolean; isListed: boolean }>`
    select coalesce(blacklist_read_at = seen_at, false) as is_read,
      exists (select from latchkey.imported_blacklist where source = ${source} and jti = ${id}) as is_listed
    from latchkey.import_sources where source = ${source}`.execute(db);
  const [{ isRead, isListed } = { isRead: false, isListed: false }] = rows;
  if (!isRead) return "blacklist_not_read";
  return isListed ? "blacklisted" : "good";
}

/** Has a token of a source be good no more, which was ended here and of which the system it is from may never hear. */
export async function blacklist(db: Queries, source: string, { id, expiresAt }: BlacklistedToken): Promise<void> {
  if (!id.isWellFormed() || id.includes("\0")) return;
  await sql`insert into latchkey.imported_blacklist (source, jti, expires_at) values (${source}, ${id}, ${expiresAt})
    on conflict (source, jti) do nothing`.execute(db);
}

/** Deletes entries whose tokens have expired, and answers how many. */
export async function deleteExpiredEntries(db: Queries, atMost: number): Promise<number> {
  const result = await sql`delete from latchkey.imported_blacklist where ctid = any (array(
    select ctid from latchkey.imported_blacklist where expires_at < latchkey.now() - interval '5 minutes' limit ${atMost}))`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0n);
}
