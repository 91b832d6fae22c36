import { sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    auditStreams: { name: string; reached: string; leaseUntil: Date | null; toldAt: Date | null };
  }
}

/** Begins a stream behind what is there now, unless it was begun before. */
export async function beginStream(db: Queries, name: string): Promise<void> {
  await sql`
    insert into latchkey.audit_streams (name, reached)
    select ${name}, coalesce(max(position), 0) from latchkey.audit_events
    on conflict (name) do nothing`.execute(db);
}

/**
 * The position until which events are sealed, where the stream has not come so far: what has a seal has no event before it that cannot be seen
 * yet. A read, so that a process that has nothing to tell writes nothing.
 */
export async function findUntold(db: Queries, name: string): Promise<string | null> {
  const { rows } = await sql<{ until: string }>`
    select seal.last_position as until from latchkey.audit_streams stream, (
      select last_position from latchkey.audit_seals order by number desc limit 1
    ) seal
    where stream.name = ${name} and stream.reached < seal.last_position`.execute(db);
  return rows[0]?.until ?? null;
}

/** Takes a stream for so many seconds, and answers how far it has come; null while another process has it. */
export async function leaseStream(db: Queries, name: string, seconds: number): Promise<string | null> {
  const { rows } = await sql<{ reached: string }>`
    update latchkey.audit_streams set lease_until = latchkey.now() + make_interval(secs => ${seconds})
    where name = ${name} and coalesce(lease_until <= latchkey.now(), true)
    returning reached`.execute(db);
  return rows[0]?.reached ?? null;
}

/** Notes how far a leased stream has come, and lets go of it. */
export async function releaseStream(
  db: Queries,
  name: string,
  { from, reached }: { readonly from: string; readonly reached: string },
): Promise<void> {
  await sql`
    update latchkey.audit_streams
    set lease_until = null, reached = ${reached}, told_at = case when reached = ${reached} then told_at else latchkey.now() end
    where name = ${name} and reached = ${from}`.execute(db);
}

/** A stream, and since when the oldest event waits that was not told. */
export interface StreamState {
  readonly name: string;
  readonly toldAt: Date | null;
  readonly waitingSince: Date | null;
  /** Seconds. */
  readonly age: number;
}

export async function listStreams(db: Queries): Promise<readonly StreamState[]> {
  const { rows } = await sql<StreamState>`
    select name, told_at, waiting.since as waiting_since,
      coalesce(extract(epoch from latchkey.now() - waiting.since), 0)::float8 as age
    from latchkey.audit_streams stream left join lateral (
      select occurred_at as since from latchkey.audit_events where position > stream.reached order by position limit 1
    ) waiting on true
    order by name`.execute(db);
  return rows;
}
