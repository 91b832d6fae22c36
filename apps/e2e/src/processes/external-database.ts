import { randomBytes } from "node:crypto";
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

/** A database of its own on the tests' server, with nothing in it; dropped when it is disposed of. */
export interface EmptyDatabase extends AsyncDisposable {
  readonly url: string;
}

/** @param server other than the tests' own, which keeps nothing through an accident */
export async function createEmptyDatabase(server: Connection = readTestServer()): Promise<EmptyDatabase> {
  const database = `test_${randomBytes(8).toString("hex")}`;
  await queryOnce({ ...server, database: "postgres" }, `create database ${database}`);
  return {
    url: toDatabaseUrl({ ...server, database }),
    async [Symbol.asyncDispose]() {
      await queryOnce({ ...server, database: "postgres" }, `drop database ${database} with (force)`);
    },
  };
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
