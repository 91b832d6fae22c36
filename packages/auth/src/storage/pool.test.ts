import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../testing/index.ts";
import { isStorageUnavailable, openStorage, type Storage, withoutStatementTimeout } from "./database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

/** A pool of few connections, closed at the end of the test. */
function openNarrow(max = 1): Storage & AsyncDisposable {
  const storage = openStorage({ ...database.connection, max, application_name: `narrow-${randomUUID()}` });
  return { ...storage, [Symbol.asyncDispose]: () => storage.close() };
}

async function backendOf({ pool }: Storage): Promise<number> {
  const { rows } = await pool.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid ?? 0;
}

/** Whether a promise was refused because the database is not to be had. */
const isRefused = (promise: Promise<unknown>): Promise<boolean> => promise.then(() => false, isStorageUnavailable);

describe("a call does not wait for ever", () => {
  it.concurrent("for a lock: PostgreSQL gives the statement up, and the connection is kept", async ({ expect }) => {
    await using storage = openNarrow();
    const backend = await backendOf(storage);
    const holder = new pg.Client(database.connection);
    await holder.connect();
    await holder.query("begin; lock table latchkey.users");
    expect(await isRefused(sql`select from latchkey.users`.execute(storage.db))).toBe(true);
    await holder.end();
    expect(await backendOf(storage)).toBe(backend);
  });

  it.concurrent("for a backend that is silent, even after a long rest: the next call gets another connection", async ({
    expect,
  }) => {
    await using storage = openNarrow(2);
    const connected = once(storage.pool, "connect");
    const backend = await backendOf(storage);
    const [client]: pg.PoolClient[] = await connected;
    await once(client?.connection.stream ?? storage.pool, "timeout");
    expect(await backendOf(storage)).toBe(backend);
    process.kill(backend, "SIGSTOP");
    try {
      expect(await isRefused(storage.pool.query("select"))).toBe(true);
      expect(await backendOf(storage)).not.toBe(backend);
    } finally {
      process.kill(backend, "SIGCONT");
    }
  });

  it.concurrent("for a free connection: it is refused, and a connection that comes later is not lost", async ({
    expect,
  }) => {
    await using storage = openNarrow();
    const client = await storage.pool.connect();
    expect(await isRefused(storage.pool.query("select"))).toBe(true);
    expect(await isRefused(sql`select`.execute(storage.db))).toBe(true);
    client.release();
    expect((await storage.pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  it.concurrent("behind a thousand others: it is refused at once", async ({ expect }) => {
    await using storage = openNarrow();
    const client = await storage.pool.connect();
    let refused = 0;
    const waiting = Array.from({ length: 1_000 }, () => isRefused(storage.pool.query("select")).then(() => refused++));
    expect(await isRefused(storage.pool.query("select"))).toBe(true);
    expect(refused).toBe(0);
    await Promise.all(waiting);
    client.release();
  });
});

describe("a server that is silent", () => {
  const listBackends = (storage: Storage) =>
    database.query<{ pid: number }>("select pid from pg_stat_activity where application_name = $1", [
      storage.pool.options.application_name,
    ]);

  it.concurrent("never has more connections than the pool may open, however often calls give up, and all are to be had again", {
    tags: ["long"],
  }, async ({ expect }) => {
    await using storage = openNarrow(3);
    const together = () => Array.from({ length: 6 }, () => isRefused(storage.pool.query("select pg_sleep(0.01)")));
    await Promise.all(together());
    const frozen = await listBackends(storage);
    expect(frozen).toHaveLength(3);
    for (const { pid } of frozen) process.kill(pid, "SIGSTOP");
    try {
      for (let round = 1; round <= 3; round++) {
        expect(await Promise.all(together())).toEqual(Array(6).fill(true));
        // Beside them is, for a moment at a time, the one by which they are looked at and ended.
        await expect.poll(() => listBackends(storage)).toEqual(frozen);
      }
    } finally {
      for (const { pid } of frozen) process.kill(pid, "SIGCONT");
    }
    await expect.poll(async () => (await Promise.all(together())).includes(true), { timeout: 20_000 }).toBe(false);
    const backends = await listBackends(storage);
    expect(backends).toHaveLength(3);
    expect(backends.filter(({ pid }) => frozen.some((gone) => gone.pid === pid))).toEqual([]);
  });
});

describe("a connection that is lost", () => {
  it.concurrent("between two statements of a transaction fails the second, and nothing else", async ({ expect }) => {
    await using storage = openNarrow();
    const transaction = storage.db.transaction().execute(async (queries) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(queries);
      await database.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
      await sql`select`.execute(queries);
    });
    expect(await isRefused(transaction)).toBe(true);
    expect((await storage.pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  it.concurrent("with a transaction that nobody waits for any more never takes in what the next call writes", async ({
    expect,
  }) => {
    await using storage = openNarrow();
    await database.query("create table public.written (what text)");
    const backend = await backendOf(storage);
    process.kill(backend, "SIGSTOP");
    try {
      expect(await isRefused(storage.db.transaction().execute((queries) => sql`select`.execute(queries)))).toBe(true);
    } finally {
      process.kill(backend, "SIGCONT");
    }
    // The lost connection is being ended, and on a busy machine there may be no other for a moment: such a call writes nothing.
    const write = () => isRefused(storage.pool.query("insert into public.written values ('acknowledged')"));
    await expect.poll(write).toBe(false);
    expect(await database.query("select what from public.written")).toEqual([{ what: "acknowledged" }]);
  });
});

describe("work that nobody waits for", () => {
  it.concurrent("may take longer than a call", async ({ expect }) => {
    const slept = await withoutStatementTimeout(database.connection, (db) => sql`select pg_sleep(2.5)`.execute(db));
    expect(slept.rows).toHaveLength(1);
  });
});
