import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type EmbeddedConnection, openEmbeddedPostgres } from "@latchkey/embedded-postgres";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import pg from "pg";
import { withoutStatementTimeout } from "../storage/database.ts";
import { migrate } from "../storage/migrate.ts";
import { buildOnlineIndexes } from "../storage/online-indexes.ts";
import { fillPrepared } from "./prepared-folder.ts";

/** A PostgreSQL server for tests, with a migrated database that others are cloned from. */
export interface TestServer {
  /** How to reach the server, as a role that may create databases. */
  readonly connection: pg.PoolConfig;
  close(): Promise<void>;
}

/** The migrated database; nobody connects to it, since it could not be cloned then. */
export const templateName = "latchkey_template";

const settings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  // Nobody follows or restores it: the log need not say what is in a cloned database, nor be kept for long.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "128MB",
  max_connections: "300",
  // A worker of it in a database keeps anybody but a superuser from dropping that by force.
  autovacuum: "off",
  // Each process of a server pays for what it touches of this, and a large machine's would be eight times as much.
  shared_buffers: "128MB",
  // Who reads a page does so itself: handing that to another process takes longer here than reading it.
  io_method: "sync",
};

/** Starts a server in a temporary folder of its own; nothing of it is left after `close()`. */
export async function startTestServer(): Promise<TestServer> {
  const dataDir = await makeTemporaryFolder("latchkey-test-");
  await fillPrepared(dataDir, prepare);
  const server = await openEmbeddedPostgres({ dataDir, settings });
  const close = async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { connection: server.connection, close };
}

/** Makes a server's folder with the migrated database in it, and stops the server again. */
async function prepare(dataDir: string): Promise<void> {
  const server = await openEmbeddedPostgres({ dataDir, settings });
  await createTemplate(server.connection);
  await server.close();
  // Asking for a password is a sixth of what a connection costs, and there are thousands of them. Roles of tests are asked.
  await writeFile(
    join(dataDir, "postgres/data/pg_hba.conf"),
    `host all ${server.connection.user} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n`,
  );
  // A server looks for its port of before, which those that start from a copy would all want.
  await rm(join(dataDir, "postgres/data/postmaster.opts"), { force: true });
}

async function createTemplate(server: EmbeddedConnection): Promise<void> {
  await administer(server, `create database ${templateName}`);
  const connection = { ...server, database: templateName, connectionTimeoutMillis: 60_000 };
  // As a start does it, which takes as long as it takes: everything else of a run starts at the same moment.
  await withoutStatementTimeout(connection, async (db) => {
    await migrate(db);
    await buildOnlineIndexes(db);
  });
}

let ownServer: Promise<TestServer> | undefined;

/** The server that vitest's global setup started, or one of this process's own. */
export async function readTestServer(): Promise<pg.PoolConfig> {
  const shared = process.env.LATCHKEY_TEST_SERVER;
  if (shared) return JSON.parse(shared);
  ownServer ??= startTestServer();
  return (await ownServer).connection;
}

const pools = new Map<string, pg.Pool>();

/** Runs one statement outside any test's database, on a connection that stays for the next one and keeps no process alive. */
export async function administer(server: pg.PoolConfig, statement: string): Promise<void> {
  const address = `${server.host}:${server.port}`;
  const pool = pools.get(address) ?? openPool({ ...server, database: "postgres" });
  pools.set(address, pool);
  await pool.query(statement);
}

function openPool(connection: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ ...connection, allowExitOnIdle: true, idleTimeoutMillis: 0 });
  // The server goes before the pool does.
  pool.on("error", () => {});
  return pool;
}
