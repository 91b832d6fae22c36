import { Socket } from "node:net";
import pg from "pg";

/**
 * Milliseconds for which a call waits for the database. It waits twice for a free connection at the worst, and once for a statement
 * that does not end, so that it is answered within five seconds.
 */
const patience = {
  /** For one of the connections to be free. */
  queue: 1_250,
  /** For a new connection to be open. */
  opening: 2_500,
  /** For a statement, which PostgreSQL itself gives up then: one that waits for a lock, say. */
  statement: 2_000,
  /** For a sign of life in the midst of a statement; without one, PostgreSQL or the way to it is gone. */
  silence: 2_250,
};

/** Calls that may wait for a connection; beyond it they are told at once. */
const longestQueue = 1_000;

/** The database cannot be reached in time. */
export class PoolError extends Error {
  override readonly name = "PoolError";
}

/** A pool whose every wait ends. Whatever `connection` says of times counts. */
export function openPool(connection: pg.PoolConfig): pg.Pool {
  const { connectionTimeoutMillis: queue = patience.queue, statement_timeout: statement } = connection;
  const times = { connectionTimeoutMillis: patience.opening, statement_timeout: patience.statement };
  const pool = new BoundedPool({ max: 10, application_name: "latchkey", ...times, ...connection }, queue);
  giveUpSilentConnections(pool, statement ? statement + patience.silence - patience.statement : patience.silence);
  return outliveConnections(pool);
}

/** A pool in which statements take as long as they take. */
export function openPatientPool(connection: pg.PoolConfig): pg.Pool {
  const times = { connectionTimeoutMillis: 5_000, statement_timeout: false } as const;
  return outliveConnections(new pg.Pool({ application_name: "latchkey", ...connection, ...times }));
}

/**
 * A connection that breaks while nothing waits on it, be it idle or between two statements of a transaction, is not the failure of
 * any call: the next statement on it fails. Without a listener it would end the process.
 */
function outliveConnections(pool: pg.Pool): pg.Pool {
  return pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));
}

type Taken = (error: Error | undefined, client: pg.PoolClient | undefined, release: () => void) => void;

/** A pool in which nobody waits long for a connection to be free, and only so many do. */
class BoundedPool extends pg.Pool {
  readonly #longestWait: number;

  constructor(config: pg.PoolConfig, longestWait: number) {
    super(config);
    this.#longestWait = longestWait;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(taken: Taken): void;
  override connect(taken?: Taken): Promise<pg.PoolClient> | undefined {
    const taking = this.#take();
    if (!taken) return taking;
    taking.then(
      (client) => taken(undefined, client, client.release),
      (error: Error) => taken(error, undefined, () => {}),
    );
    return undefined;
  }

  async #take(): Promise<pg.PoolClient> {
    const { totalCount, idleCount, waitingCount, options } = this;
    const isFree = totalCount < options.max || idleCount > waitingCount;
    if (isFree) return super.connect();
    if (waitingCount >= longestQueue) throw new PoolError("Too many calls wait for the database");
    return takeInTime(super.connect(), this.#longestWait);
  }
}

/** A connection that comes too late goes straight back. */
async function takeInTime(taking: Promise<pg.PoolClient>, milliseconds: number): Promise<pg.PoolClient> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new PoolError("No connection is free")), milliseconds);
  try {
    return await Promise.race([taking, late]);
  } catch (error) {
    taking.then(
      (client) => client.release(),
      () => {},
    );
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Breaks a connection that says nothing while it is in use. It is not only given back: what it may still do, in a transaction
 * that somebody else has given up, must not reach whoever would have it next.
 */
function giveUpSilentConnections(pool: pg.Pool, silence: number): void {
  const setTimer = ({ connection: { stream } }: pg.PoolClient, milliseconds: number) => {
    if (stream instanceof Socket) stream.setTimeout(milliseconds);
  };
  pool.on("connect", ({ connection: { stream } }) => {
    stream.on("timeout", () => stream.destroy(new PoolError("The database does not answer")));
  });
  pool.on("acquire", (client) => setTimer(client, silence));
  pool.on("release", (_error, client) => setTimer(client, 0));
}
