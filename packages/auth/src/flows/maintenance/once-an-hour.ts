import { sql } from "kysely";
import type { Queries } from "../../storage/database.ts";

/** Seconds for which what one process has read is good for all: of those that look by the hour, one reads. */
export const freshness = 55 * 60;

/**
 * Does what reads a whole table in one of all processes, once an hour; answers null in the others. Where it fails, it may be done again at once,
 * and where its process dies, in the next hour.
 */
export async function onceAnHour<T>(db: Queries, name: string, work: () => Promise<T>): Promise<T | null> {
  if (!(await claim(db, name))) return null;
  try {
    return await work();
  } catch (error) {
    await sql`delete from latchkey.kept_counts where name = ${name}`.execute(db);
    throw error;
  }
}

/** A time that has not come is of a clock that was ahead. */
async function claim(db: Queries, name: string): Promise<boolean> {
  const { rows } = await sql`
    insert into latchkey.kept_counts as kept (name, value, counted_at) values (${name}, 'null', latchkey.now())
    on conflict (name) do update set counted_at = excluded.counted_at
    where abs(extract(epoch from excluded.counted_at - kept.counted_at)) >= ${freshness}
    returning name`.execute(db);
  return rows.length > 0;
}
