import { randomBytes } from "node:crypto";
import { createTestDatabase } from "@latchkey/auth/testing";
import pg from "pg";

type Connection = Pick<pg.PoolConfig, "host" | "port" | "database" | "user"> & {
  readonly password?: pg.PoolConfig["password"];
};

/** What an administrator would set as `DATABASE_URL`. */
export function toDatabaseUrl({ host, port, database, user, password }: Connection): string {
  const url = new URL(`postgres://${host}:${port}/${database}`);
  url.username = user ?? "";
  url.password = String(password);
  return url.href;
}

/** A database of its own on the tests' server; dropped when it is disposed of. */
export interface OwnDatabase extends AsyncDisposable {
  readonly url: string;
}

/** One with nothing in it at first. */
export type EmptyDatabase = OwnDatabase;

/**
 * A database with nothing in it.
 *
 * @param server other than the tests' own, which keeps nothing through an accident
 */
export const createEmptyDatabase = (server: Connection = readTestServer()): Promise<EmptyDatabase> =>
  createDatabase(server, "template1");

/** A database with all that another one on the tests' server has, to which nobody is connected. */
export const copyDatabase = (url: string): Promise<OwnDatabase> =>
  createDatabase(readTestServer(), new URL(url).pathname.slice(1));

async function createDatabase(server: Connection, template: string): Promise<OwnDatabase> {
  const database = `test_${randomBytes(8).toString("hex")}`;
  await queryOnce({ ...server, database: "postgres" }, `create database ${database} template ${template}`);
  return {
    url: toDatabaseUrl({ ...server, database }),
    async [Symbol.asyncDispose]() {
      await queryOnce({ ...server, database: "postgres" }, `drop database ${database} with (force)`);
    },
  };
}

/** The same with the schema as it is now, for what is not about the first start: migrating takes longer than most of it. */
export async function createMigratedDatabase(): Promise<OwnDatabase> {
  const { connection, ...database } = await createTestDatabase();
  return { url: toDatabaseUrl(connection), [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

function readTestServer(): Connection {
  return JSON.parse(process.env.LATCHKEY_TEST_SERVER ?? "");
}

/** One query on a connection of its own. */
export async function queryOnce<Row extends pg.QueryResultRow>(
  connection: pg.ClientConfig,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client(connection);
  // A server that goes away meanwhile is told by the query.
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
