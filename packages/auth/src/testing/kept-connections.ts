import { Socket } from "node:net";
import pg from "pg";

type Done = (error?: Error) => void;

/**
 * Connections to one database of a test, which outlive the pools that use them. A new one costs PostgreSQL a process that knows no table, and by the
 * time a test is over it has looked up and planned everything: most of what a core of a test costs.
 */
export interface KeptConnections {
  /** What a pool of `pg` makes its clients of. */
  readonly Client: typeof pg.Client;
  /** Resolves when those that pools have ended have forgotten what was set and prepared on them. */
  settle(): Promise<void>;
  /** Keeps none any more, and resolves when PostgreSQL has let go all that no pool holds. */
  end(): Promise<void>;
}

/** Milliseconds for that. */
const longestForgetting = 5_000;

/** Of each kind. More are seldom used again, and a server has only so many. */
const mostKept = 3;

export function keepConnections(): KeptConnections {
  const idle = new Map<string, pg.Client[]>();
  const leaving = new Set<Promise<void>>();
  let isOver = false;

  function make(config: pg.PoolConfig): pg.Client {
    const settings = JSON.stringify(config);
    const alike = idle.get(settings) ?? [];
    idle.set(settings, alike);
    const known = alike.pop();
    if (known) return known;

    const client = new pg.Client(config);
    const { connection } = client;
    const isGone = new Promise<void>((resolve) => connection.once("end", resolve));
    const connect = client.connect.bind(client) as (done: Done) => void;
    const end = client.end.bind(client) as (done: Done) => void;
    let isNew = true;

    client.connect = ((done: Done) => {
      if (isNew) return connect(done);
      hold(client);
      setImmediate(done);
    }) as typeof client.connect;

    client.end = ((done: Done = () => {}) => {
      const left = Promise.withResolvers<void>();
      leaving.add(left.promise);
      left.promise.finally(() => leaving.delete(left.promise));
      const leave = () => {
        // Who waits for the end of one that was at rest must not be the last thing that a process does.
        hold(client);
        end(done);
        isGone.then(left.resolve);
      };
      if (isOver || !isAtRest(client) || alike.length >= mostKept) return leave();
      const timer = setTimeout(() => connection.stream.destroy(), longestForgetting);
      client.query("discard all", (error) => {
        clearTimeout(timer);
        if (error || isOver) return leave();
        isNew = false;
        forget(client);
        client.on("error", () => {}).once("end", () => alike.splice(alike.indexOf(client) >>> 0, 1));
        alike.push(client);
        left.resolve();
        done();
      });
    }) as typeof client.end;
    return client;
  }

  const settle = async () => {
    while (leaving.size > 0) await Promise.all(leaving);
  };
  return {
    Client: new Proxy(pg.Client, { construct: (_client, [config]) => make(config) }),
    settle,
    async end() {
      isOver = true;
      for (const client of [...idle.values()].flat()) client.end();
      await settle();
    },
  };
}

/** Keeps the process alive until it has ended. */
function hold({ connection: { stream } }: pg.Client): void {
  if (stream instanceof Socket) stream.ref();
}

/** Whether nothing is left to be done on it, so that what it did is over for whoever comes next. */
function isAtRest(client: pg.Client & { readonly _getActiveQuery?: () => unknown }): boolean {
  return client.getTransactionStatus() === "I" && !client._getActiveQuery?.();
}

/** What pools have hung on it, and the statements that it has prepared. */
function forget(client: pg.Client): void {
  const connection = client.connection as pg.Connection & { parsedStatements: object };
  connection.parsedStatements = {};
  client.removeAllListeners();
  if (connection.stream instanceof Socket) connection.stream.unref().setTimeout(0).removeAllListeners("timeout");
}
