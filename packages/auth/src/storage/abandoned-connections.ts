import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";

/** Milliseconds between two looks at what became of them: at first, and at most. */
const firstPause = 50;
const longestPause = 1_000;

/** Milliseconds that one look may take. */
const longestLook = 2_000;

/**
 * Connections that their callers gave up while PostgreSQL was silent. There it may still be at work for each of them: in a commit that
 * stalls, say. It is told to end them, and each takes up its place in the pool until PostgreSQL has it no more, so that a stall that lasts
 * does not fill the server with the connections of those who try again.
 */
export interface AbandonedConnections {
  /** @param free called once, when its place may be taken */
  add(client: pg.ClientBase, free: () => void): void;
}

interface Abandoned {
  readonly processId: number;
  readonly began: string;
  readonly free: () => void;
}

/**
 * @param config with which connections of the pool are opened
 * @param isOver whether nobody waits for a place any more
 */
export function trackAbandonedConnections(config: pg.ClientConfig, isOver: () => boolean): AbandonedConnections {
  const abandoned = new Set<Abandoned>();
  let isWatching = false;

  async function watch(): Promise<void> {
    isWatching = true;
    for (let pause = firstPause; abandoned.size > 0 && !isOver(); pause = Math.min(longestPause, pause * 2)) {
      const asked = [...abandoned];
      // Whoever cannot ask cannot take the place either: there is no way to the server.
      const left = await findLeft(config, asked).catch(() => null);
      for (const entry of left ? asked : []) {
        if (left?.has(entry.processId)) continue;
        abandoned.delete(entry);
        entry.free();
      }
      if (abandoned.size > 0) await wait(pause, undefined, { ref: false });
    }
    isWatching = false;
  }

  return {
    add(client, free) {
      abandoned.add({ processId: processIdOf(client), began: beginnings.get(client) ?? "", free });
      if (!isWatching) void watch();
    },
  };
}

/** Ends what PostgreSQL still does for them, as soon as it can be ended, and answers which of them are still there. */
async function findLeft(config: pg.ClientConfig, abandoned: readonly Abandoned[]): Promise<Set<number>> {
  const looker = new pg.Client({ ...config, connectionTimeoutMillis: longestLook, query_timeout: longestLook });
  looker.on("error", () => {});
  try {
    await looker.connect();
    const { rows } = await looker.query<{ pid: number }>(
      `select activity.pid, pg_catalog.pg_terminate_backend(activity.pid) from pg_catalog.pg_stat_activity activity
      join unnest($1::pg_catalog.int4[], $2::pg_catalog.text[]) as abandoned (pid, began)
        on activity.pid operator(pg_catalog.=) abandoned.pid
        and extract(epoch from activity.backend_start)::pg_catalog.text operator(pg_catalog.=) abandoned.began
      where activity.usename operator(pg_catalog.=) current_user`,
      [abandoned.map(({ processId }) => processId), abandoned.map(({ began }) => began)],
    );
    return new Set(rows.map(({ pid }) => pid));
  } finally {
    void looker.end().catch(() => {});
  }
}

/**
 * When connections began, as PostgreSQL says it. Their numbers alone are soon another's: after a failover those of another server, where they
 * are small in a container.
 */
const beginnings = new WeakMap<pg.ClientBase, string>();

export const noteBeginning = (client: pg.ClientBase, began: string) => void beginnings.set(client, began);

/** What `pg` knows of a connection and its types do not say. */
export const processIdOf = (client: pg.ClientBase & { readonly processID?: number | null }): number =>
  client.processID ?? 0;
