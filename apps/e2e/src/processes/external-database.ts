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

export async function createEmptyDatabase(): Promise<EmptyDatabase> {
  const server: Connection = JSON.parse(process.env.LATCHKEY_TEST_SERVER ?? "");
  const database = `test_${randomBytes(8).toString("hex")}`;
  await administer(server, `create database ${database}`);
  return {
    url: toDatabaseUrl({ ...server, database }),
    [Symbol.asyncDispose]: () => administer(server, `drop database ${database} with (force)`),
  };
}

async function administer(server: Connection, statement: string): Promise<void> {
  const client = new pg.Client({ ...server, database: "postgres" });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
