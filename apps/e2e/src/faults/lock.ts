import pg from "pg";
import type { Dice } from "../sessions/seeded-random.ts";

/** A lock that the service's calls wait for. */
export interface Lock {
  /** What PostgreSQL says of the service: its connections, and the seconds for which the oldest statement has been going on. */
  lookAround(): Promise<{ readonly connections: number; readonly oldestStatement: number }>;
  release(): Promise<void>;
}

/** Reading goes on beside the first as long as a connection is free for it; nothing goes on beside the second. */
const statements = [
  [1, "select from latchkey.users for update"],
  [1, "lock table latchkey.users in access exclusive mode"],
] as const;

export async function takeLock(databaseUrl: string, dice: Dice): Promise<Lock> {
  const client = new pg.Client(databaseUrl);
  // A server that goes away meanwhile is told by the query.
  client.on("error", () => {});
  await client.connect();
  await client.query("begin");
  await client.query(dice.pick(statements));
  return {
    async lookAround() {
      const { rows } = await client.query(`
        select count(*)::int as connections,
          coalesce(max(extract(epoch from clock_timestamp() - query_start)) filter (where state = 'active'), 0)::float
            as "oldestStatement"
        from pg_stat_activity where application_name = 'latchkey' and datname = current_database()`);
      return rows[0];
    },
    release: () => client.end(),
  };
}
