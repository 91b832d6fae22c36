import pg from "pg";
import type { Dice } from "../sessions/seeded-random.ts";

/** Something that kills the service's backends, one at a time, in the middle of what they do. */
export interface BackendKiller {
  /** How many it has killed so far. */
  killed(): number;
  /** Resolves when it kills no more. */
  stop(): Promise<void>;
}

/** Milliseconds between two blows, at most. */
const longestBreak = 30;

/**
 * @param countDone how much has been done in spite of it: between two blows something is, or on a busy machine each call would be hit
 * again and again, and none would come to its end
 */
export async function startKilling(databaseUrl: string, dice: Dice, countDone: () => number): Promise<BackendKiller> {
  const client = new pg.Client(databaseUrl);
  // A server that goes away meanwhile is told by the query.
  client.on("error", () => {});
  await client.connect();
  let isStopped = false;
  let killed = 0;
  const kill = async () => {
    for (; !isStopped; killed += await killOne(client, dice)) {
      const before = countDone();
      do await client.query("select pg_sleep($1)", [dice.between(0, longestBreak) / 1_000]);
      while (!isStopped && countDone() === before);
    }
    await client.end();
  };
  const killing = kill();
  return {
    killed: () => killed,
    stop() {
      isStopped = true;
      return killing;
    },
  };
}

async function killOne(client: pg.Client, dice: Dice): Promise<number> {
  const { rowCount } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'latchkey' and datname = current_database() and state <> 'idle'
      order by md5(pid::text || $1) limit 1`,
    [String(dice.roll())],
  );
  return rowCount ?? 0;
}
