import { Socket } from "node:net";
import pg from "pg";
import { type AbandonedConnections, noteBeginning, trackAbandonedConnections } from "./abandoned-connections.ts";
import { pinSettings } from "./connection-settings.ts";

/**
 * Milliseconds for which a call waits for the database. It waits twice for a free connection at the worst, and once for a statement
 * that does not end, so that it is answered within five seconds.
 */
export const timeouts = {
  /** For one of the connections to be free. */
  queue: 1_250,
  /** For a new connection to be open. */
  opening: 2_500,
  /** For a statement, which PostgreSQL itself gives up then: one that waits for a lock, say. */
  statement: 2_000,
  /** For a sign of life in the midst of a statement; without one, PostgreSQL or the way to it is gone. */
  silence: 2_250,
  /** For a new connection to have its settings. */
  settings: 1_250,
};

/** Calls that may wait for a connection; beyond it they are told at once. */
const longestQueue = 1_000;

/** The database cannot be reached in time. */
export class PoolError extends Error {
  override readonly name = "PoolError";
}

/** A pool whose every wait ends. Whatever `connection` says of times counts. */
export function openPool({ max = 10, ...connection }: pg.PoolConfig, isShared = false): pg.Pool {
  const { connectionTimeoutMillis: queue = timeouts.queue, statement_timeout: statement } = connection;
  const times = { connectionTimeoutMillis: timeouts.opening, statement_timeout: timeouts.statement };
  const onConnect = (client: pg.ClientBase) => makeReady(client, Number(statement ?? timeouts.statement), { isShared });
  const config = { application_name: "latchkey", Client: ClosingClient, ...times, ...connection, max, onConnect };
  const pool = new BoundedPool(isShared ? { ...config, statement_timeout: undefined } : config, queue);
  // A pooler has a pool of its own, and its connections are not known here by what PostgreSQL calls them.
  const abandoned = isShared ? null : trackAbandonedConnections(connection, () => pool.ending);
  giveUpSilentConnections(
    pool,
    abandoned,
    statement ? statement + timeouts.silence - timeouts.statement : timeouts.silence,
  );
  return ignoreIdleConnectionErrors(pool);
}

/** Milliseconds that a connection for long work has to be open, and as many again to have its settings. */
const longWorkOpening = 5_000;

/** A pool in which statements take as long as they take. */
export function openPoolWithoutTimeout(connection: pg.PoolConfig, isShared = false): pg.Pool {
  // Nobody waits for this work: on a busy machine it begins later, and does not fail.
  const patience = Math.max(longWorkOpening, connection.connectionTimeoutMillis ?? 0);
  // What is sent with the connection counts until its settings are there, whatever the role's is.
  const times = { connectionTimeoutMillis: patience, statement_timeout: isShared ? undefined : 60_000 };
  const onConnect = (client: pg.ClientBase) => makeReady(client, 0, { isShared, within: patience });
  const config = { application_name: "latchkey", Client: ClosingClient, ...connection, ...times, onConnect };
  return ignoreIdleConnectionErrors(new pg.Pool(config));
}

/**
 * Closes a connection on which something went wrong, such as a password that nobody has given. The driver leaves that to the server, which may wait
 * a minute, and a command would not end before.
 */
class ClosingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.connection.on("error", () => this.connection.stream.destroy());
  }
}

/**
 * Gives a new connection its settings before it is used.
 *
 * @throws PoolError when our statements would not mean on it what they should
 */
async function makeReady(
  client: pg.ClientBase,
  statementTimeout: number,
  { isShared, within = timeouts.settings }: { readonly isShared: boolean; readonly within?: number },
): Promise<void> {
  const stream = "connection" in client ? (client as pg.PoolClient).connection.stream : undefined;
  const timer = setTimeout(() => stream?.destroy(new PoolError("The database does not answer")), within);
  try {
    const { obstacle, began } = await pinSettings(client, statementTimeout, isShared);
    if (obstacle !== null) throw new PoolError(obstacle);
    if (began !== null) noteBeginning(client, began);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A connection that breaks while nothing waits on it, be it idle or between two statements of a transaction, is not the failure of
 * any call: the next statement on it fails. Without a listener it would end the process.
 */
export function ignoreIdleConnectionErrors(pool: pg.Pool): pg.Pool {
  return pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));
}

type Taken = (error: Error | undefined, client: pg.PoolClient | undefined, release: () => void) => void;

/** A pool in which nobody waits long for a connection to be free, and only so many do. */
class BoundedPool extends pg.Pool {
  readonly #longestWait: number;
  readonly #most: number;
  #missing = 0;

  constructor(config: pg.PoolConfig, longestWait: number) {
    super(config);
    this.#longestWait = longestWait;
    this.#most = this.options.max;
  }

  /** Takes one place away, and answers what gives it back. */
  keepPlace(): () => void {
    this.#resize(1);
    return () => {
      this.#resize(-1);
      // Those who wait are served when a connection is given back.
      if (this.waitingCount > 0 && !this.ending) super.connect((_error, client) => client?.release());
    };
  }

  /** Below zero it would be taken for a number that nobody has said. */
  #resize(change: number): void {
    this.#missing += change;
    this.options.max = Math.max(0, this.#most - this.#missing);
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(taken: Taken): void;
  override connect(taken?: Taken): Promise<pg.PoolClient> | undefined {
    const isFree = this.totalCount < this.options.max || this.idleCount > this.waitingCount;
    if (!taken) return isFree ? super.connect() : this.#wait();
    if (isFree) super.connect(taken);
    else
      this.#wait().then(
        (client) => taken(undefined, client, client.release),
        (error: Error) => taken(error, undefined, () => {}),
      );
    return undefined;
  }

  #wait(): Promise<pg.PoolClient> {
    if (this.waitingCount >= longestQueue) return Promise.reject(new PoolError("Too many calls wait for the database"));
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(new PoolError("No connection is free"));
      }, this.#longestWait);
      super.connect((error, client) => {
        clearTimeout(timer);
        if (!client) reject(error);
        else if (isLate) client.release();
        else resolve(client);
      });
    });
  }
}

/**
 * Breaks a connection that says nothing while it is in use. It is not only given back: what it may still do, in a transaction
 * that somebody else has given up, must not reach whoever would have it next.
 */
function giveUpSilentConnections(pool: BoundedPool, abandoned: AbandonedConnections | null, silence: number): void {
  const inUse = new WeakSet<pg.PoolClient>();
  pool.on("acquire", (client) => inUse.add(client));
  pool.on("release", (_error, client) => inUse.delete(client));
  pool.on("connect", (client) => {
    const { stream } = client.connection;
    if (!(stream instanceof Socket)) return;
    // The time runs anew whenever something is written or read.
    stream.setTimeout(silence).on("timeout", () => {
      if (!inUse.has(client) || stream.destroyed) return;
      abandoned?.add(client, pool.keepPlace());
      stream.destroy(new PoolError("The database does not answer"));
    });
  });
}
