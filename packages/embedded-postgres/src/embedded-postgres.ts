import { setTimeout as sleep } from "node:timers/promises";
import { Client, DatabaseError } from "pg";
import { EmbeddedPostgresError } from "./error.ts";
import { buildDatabase, findOwner, openFolder, ROLE, readPassword } from "./folder.ts";
import {
  checkSettings,
  type Folder,
  findPrograms,
  findServer,
  HOST,
  isFree,
  lastComplaint,
  type Programs,
  type RunningServer,
  startServer,
  stopServer,
  waitForEnd,
} from "./server.ts";

export interface EmbeddedPostgresOptions {
  /** The data folder, e.g. `.latchkey`; made when missing. */
  readonly dataDir: string;
  /**
   * Settings of PostgreSQL, e.g. `{ fsync: "off" }` for a throw-away server in tests. They count when this call starts the
   * server, and not when it joins one that is running.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told, a line at a time, when the server was lost and when it is back. */
  readonly onNotice?: (line: string) => void;
}

/** What a `pg` pool or client needs to connect as the application's role, which is no superuser and may create databases. */
export interface EmbeddedConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** It never leaves the loopback; said so that PGSSLMODE in the environment does not ask for more. */
  readonly ssl: false;
}

export interface EmbeddedPostgres {
  /** The same until `close()`, even when the server is restarted meanwhile. */
  readonly connection: EmbeddedConnection;
  /** Lets go of the server; the last one to let go stops it, in whatever process. Idempotent. */
  close(): Promise<void>;
}

/**
 * Runs a real PostgreSQL in a folder, or joins the one that another process is running there: one that is in use, or that
 * was left behind by a process that was killed. The server is nobody's child, so neither Ctrl-C nor the death of a process
 * that uses it stops it. When it dies, everybody who has it open brings it back, at the same port.
 *
 * @throws EmbeddedPostgresError in one line, when the folder or this machine cannot be used.
 *
 * @example
 * const server = await openEmbeddedPostgres({ dataDir: ".latchkey" });
 * const pool = new Pool(server.connection);
 * await pool.end();
 * await server.close();
 */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const settings = options.settings ?? {};
  checkSettings(settings);
  const folder = await openFolder(options.dataDir);
  const programs = await findPrograms(folder.dataDir, await findOwner(folder));
  await buildDatabase(folder, programs, settings.fsync !== "off");
  const place = { folder, programs, settings, password: await readPassword(folder) };
  const lease = await join(place, { port: undefined, signal: new AbortController().signal });
  return new Tenant(place, lease, options.onNotice ?? (() => {}));
}

interface Place {
  readonly folder: Folder;
  readonly programs: Programs;
  readonly settings: Readonly<Record<string, string>>;
  readonly password: string;
}

/**
 * A share in the server: one connection that holds the lock `LEASE` shared for as long as it lives. The database itself
 * knows by it who is there, and forgets those who are killed.
 */
interface Lease {
  readonly client: Client;
  readonly connection: EmbeddedConnection;
  /** Settled when the connection is gone. */
  readonly lost: Promise<void>;
}

/** The advisory lock, in the application's database: held shared by who uses the server, alone by who is stopping it. */
const LEASE = "7809634402175903";

class Tenant implements EmbeddedPostgres {
  readonly connection: EmbeddedConnection;
  readonly #place: Place;
  readonly #notice: (line: string) => void;
  readonly #leaving = new AbortController();
  #lease: Lease;
  #recovery: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(place: Place, lease: Lease, notice: (line: string) => void) {
    this.connection = lease.connection;
    this.#place = place;
    this.#notice = notice;
    this.#lease = lease;
    this.#watch(lease);
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #leave(): Promise<void> {
    this.#leaving.abort();
    await this.#recovery;
    const { client } = this.#lease;
    try {
      if (await isLast(client)) await stopServer(this.#place.folder, this.#place.programs);
    } finally {
      await client.end();
    }
  }

  #watch(lease: Lease): void {
    this.#lease = lease;
    lease.lost.then(() => {
      if (!this.#leaving.signal.aborted) this.#recovery = this.#recover();
    });
  }

  /** Never gives up by itself: whatever is in the way, a full disk or a taken port, may be put right hours later. */
  async #recover(): Promise<void> {
    this.#notice("The embedded PostgreSQL is gone; bringing it back.");
    for (let attempt = 0; !this.#leaving.signal.aborted; attempt++) {
      try {
        this.#resume(await join(this.#place, { port: this.connection.port, signal: this.#leaving.signal }));
        return;
      } catch (error) {
        if (this.#leaving.signal.aborted) return;
        this.#notice(error instanceof Error ? error.message : String(error));
      }
      await sleep(Math.min(200 * 2 ** attempt, 30_000), undefined, { signal: this.#leaving.signal }).catch(() => {});
    }
  }

  #resume(lease: Lease): void {
    const moved = lease.connection.port !== this.connection.port;
    this.#notice(
      moved
        ? `The embedded PostgreSQL is back, but at port ${lease.connection.port} instead of ${this.connection.port}: restart this process.`
        : "The embedded PostgreSQL is back.",
    );
    this.#watch(lease);
  }
}

interface JoinOptions {
  readonly port: number | undefined;
  readonly signal: AbortSignal;
}

/** Crash recovery of a large database takes a while. */
const JOIN_WITHIN_MS = 60_000;

/** A server can also be killed while it is starting. What is wrong for good is so at every attempt. */
const START_ATTEMPTS = 3;

async function join(place: Place, options: JoinOptions): Promise<Lease> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(JOIN_WITHIN_MS)]);
  let attempts = 0;
  const start = () =>
    startAndTake(place, options.port).catch((error: unknown) => {
      attempts++;
      if (attempts === START_ATTEMPTS) throw error;
      return undefined;
    });
  const silence = createSilenceWatch(place.folder);
  while (!signal.aborted) {
    const server = await findServer(place.folder);
    await silence.look(server);
    const lease = server === undefined ? await start() : await takeWhenReady(place, server, signal);
    if (lease !== undefined) return lease;
    await sleep(50, undefined, { signal }).catch(() => {});
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL in ${place.folder.dataDir} is not to be reached (${await lastComplaint(place.folder)}): see ${place.folder.log}, then start again.`,
  );
}

/** A server listens before it is ready, so one that does not for so long is none. */
const SILENT_FOR_MS = 10_000;

/** Tells a server that is coming up from a process that has only got the id of one, where the system does not say which it is. */
function createSilenceWatch(folder: Folder) {
  let silentSince: number | undefined;
  return {
    /** @throws EmbeddedPostgresError once it is clear that there is none. */
    async look(server: RunningServer | undefined): Promise<void> {
      const isSilent = server?.port !== undefined && !server.stopping && (await isFree(server.port));
      silentSince = isSilent ? (silentSince ?? Date.now()) : undefined;
      if (silentSince === undefined || Date.now() - silentSince < SILENT_FOR_MS) return;
      throw new EmbeddedPostgresError(
        `Process ${server?.pid}, which ${folder.data}/postmaster.pid names, is another PostgreSQL and not the server of ${folder.dataDir}: remove that file if nothing uses the folder, and start again.`,
      );
    },
  };
}

async function startAndTake(place: Place, port: number | undefined): Promise<Lease | undefined> {
  if (!(await startServer(place.folder, place.programs, { settings: place.settings, port }))) return undefined;
  const server = await findServer(place.folder);
  return server?.port === undefined ? undefined : take(place, server.port);
}

async function takeWhenReady(place: Place, server: RunningServer, signal: AbortSignal): Promise<Lease | undefined> {
  if (server.stopping) await waitForEnd(server.pid, signal).catch(() => {});
  else if (server.port !== undefined) return take(place, server.port);
  return undefined;
}

/** A lease at the server at this port, `undefined` when there is none to be had now. */
async function take(place: Place, port: number): Promise<Lease | undefined> {
  const connection = { host: HOST, port, user: ROLE, password: place.password, database: ROLE, ssl: false } as const;
  const client = leaseClient(connection);
  const lost = new Promise<void>((resolve) => client.once("end", resolve));
  try {
    await client.connect();
    // Waits while somebody is stopping the server: the connection ends with it, or the lock is free as they were killed.
    await client.query("select pg_advisory_lock_shared($1)", [LEASE]);
    const server = await findServer(place.folder);
    if (server?.stopping === false) return { client, connection, lost };
  } catch (error) {
    refuseForGood(place.folder, error);
  }
  void client.end().catch(() => {});
  return undefined;
}

function leaseClient(connection: EmbeddedConnection): Client {
  const client = new Client({
    ...connection,
    application_name: "latchkey lease",
    connectionTimeoutMillis: 5_000,
    // Whatever limits the server is set up with, the lease outlives them, and waits a bounded time for who is stopping it.
    options: "-c idle_session_timeout=0 -c statement_timeout=0 -c transaction_timeout=0 -c lock_timeout=30s",
  });
  // Without a listener the loss of a connection ends the process; the event "end" follows and is what counts.
  client.on("error", () => {});
  return client;
}

const WRONG_PASSWORD = "28P01";

function refuseForGood(folder: Folder, error: unknown): void {
  if (error instanceof EmbeddedPostgresError) throw error;
  if (!(error instanceof DatabaseError) || error.code !== WRONG_PASSWORD) return;
  throw new EmbeddedPostgresError(
    `The server in ${folder.dataDir} does not accept the password in ${folder.password}: restore both from the same backup.`,
    { cause: error },
  );
}

/** Gives the lease back; whether nobody else has one, and nobody can get one until this connection ends. */
async function isLast(client: Client): Promise<boolean> {
  try {
    await client.query("select pg_advisory_unlock_shared($1)", [LEASE]);
    const { rows } = await client.query<{ last: boolean }>("select pg_try_advisory_lock($1) as last", [LEASE]);
    return rows[0]?.last === true;
  } catch {
    return false;
  }
}
