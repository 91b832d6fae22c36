import pg from "pg";
import type { Dice } from "../sessions/seeded-random.ts";

/** Something that kills the service's backends, one at a time, in the middle of what they do. */
export interface BackendKiller {
  /** Answers how many it killed. */
  stop(): Promise<number>;
}

/** Milliseconds between two blows, at most. */
const longestBreak = 30;

export async function startKilling(databaseUrl: string, dice: Dice): Promise<BackendKiller> {
  const client = new pg.Client(databaseUrl);
  // A server that goes away meanwhile is told by the query.
  client.on("error", () => {});
  await client.connect();
  let isStopped = false;
  const kill = async () => {
    let killed = 0;
    for (; !isStopped; killed += await killOne(client, dice)) {
      await client.query("select pg_sleep($1)", [dice.between(0, longestBreak) / 1_000]);
    }
    await client.end();
    return killed;
  };
  const killing = kill();
  return {
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
