import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Auth, createAuth } from "@latchkey/auth";
import { isStorageUnavailable } from "@latchkey/auth/storage";
import { timeLimits } from "@latchkey/auth/testing";
import { type ImportOptions, importPeople } from "@latchkey/import";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { password } from "../permissions/accounts-in-core.ts";
import { type DebianPostgres, hasDebianPostgres, startDebianPostgres } from "./debian-postgres.ts";
import { queryOnce } from "./external-database.ts";
import { until } from "./service-process.ts";

let server: DebianPostgres;
let folder: string;

beforeAll(async () => {
  if (!hasDebianPostgres) return;
  server = await startDebianPostgres();
  folder = await mkdtemp(join(tmpdir(), "latchkey-pooled-"));
}, 120_000);

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true });
});

const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";

interface Pooled extends AsyncDisposable {
  readonly auth: Auth;
  readonly connection: ImportOptions["connection"];
  readonly database: string;
}

/** A service at PostgreSQL itself, and the way to the same database through a PgBouncer of so many connections. */
async function openPooled(connections: number): Promise<Pooled> {
  const database = await server.createDatabase("latchkey");
  const place = { host: "127.0.0.1", user: "latchkey", database, ssl: false };
  const auth = createAuth({ ...place, ...timeLimits, port: server.port }, { secret, passwords: { cost: 4 } });
  await auth.initialize();
  const port = await server.startPooler(`default_pool_size = ${connections}`);
  const connection = { ...place, port, preparedStatements: false };
  await until(() =>
    queryOnce(connection, "select").then(
      () => true,
      () => false,
    ),
  );
  return {
    auth,
    connection,
    database,
    [Symbol.asyncDispose]: () => auth.close(),
  };
}

async function writePeople(count: number): Promise<string> {
  const path = join(folder, `people-${count}.csv`);
  const lines = Array.from({ length: count }, (_, n) => `${n},Person_${n},!,mail${n}@ex.org`);
  await writeFile(path, ["id,username,password,email", ...lines, ""].join("\n"));
  return path;
}

const run = ({ auth, connection }: Pooled, source: string, more: Partial<ImportOptions> = {}) =>
  importPeople(auth, {
    ...{ source, connection, apply: true, accept: ["all"], skipsUndecided: false, phoneCountry: "TR", timezone: "UTC" },
    ...{ map: {}, drop: [], allowRaising: false, passwordCost: 4, onProgress: () => {} },
    ...more,
  });

const countLocks = async ({ database }: Pooled) => {
  const [row] = await queryOnce<{ count: number }>(
    server.superuser(database),
    `select count(*)::int as count from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  );
  return row?.count;
};

/** Takes the pooler's connections in turn, so that no two statements of an import need come to the same one. */
async function keepBusy({ connection }: Pooled, isOver: () => boolean): Promise<void> {
  const client = new pg.Client(connection as pg.ClientConfig);
  await client.connect();
  while (!isOver()) await client.query("begin; select pg_sleep(0.01); commit");
  await client.end();
}

describe.skipIf(!hasDebianPostgres)(
  "an import through a PgBouncer that hands out a connection for each transaction",
  () => {
    test("lets no other begin before its end, and leaves no lock behind, whatever else goes that way", async () => {
      await using pooled = await openPooled(4);
      // So many that it takes longer than the other one waits for the lock, which housekeeping has for a moment at a time.
      const source = await writePeople(40_000);
      let isOver = false;
      const others = [keepBusy(pooled, () => isOver), keepBusy(pooled, () => isOver)];
      let second: Promise<unknown> | undefined;
      const onProgress = () => {
        second ??= run(pooled, source).catch((error: unknown) => error);
      };
      const answer = await run(pooled, source, { onProgress }).finally(() => {
        isOver = true;
      });
      await Promise.all(others);

      expect(answer.created).toBe(40_000);
      expect(await second).toMatchObject({
        message: "Another import is under way on this database: wait for its end, or stop it.",
        exitCode: 3,
      });
      await expect.poll(() => countLocks(pooled)).toBe(0);
      expect(await run(pooled, source)).toMatchObject({ created: 0, exitCode: 0 });
    });

    test("that has two of them brings two steps over one after the other", async () => {
      await using pooled = await openPooled(2);
      expect((await run(pooled, await writePeople(55_000))).created).toBe(55_000);
      await expect.poll(() => countLocks(pooled)).toBe(0);
    });

    test("that has one says within seconds that it needs two", async () => {
      await using pooled = await openPooled(1);
      const startedAt = performance.now();
      await expect(run(pooled, await writePeople(10))).rejects.toMatchObject({
        name: "SourceError",
        message: expect.stringMatching(/^The pooler before the database has no second connection free/),
        exitCode: 3,
      });
      expect(performance.now() - startedAt).toBeLessThan(20_000);
      await expect.poll(() => countLocks(pooled)).toBe(0);
    });

    test("whose connections others have says within seconds that the database does not answer", async () => {
      await using pooled = await openPooled(1);
      const other = new pg.Client(pooled.connection as pg.ClientConfig);
      await other.connect();
      await other.query("begin");
      const startedAt = performance.now();
      const refusal = await run(pooled, await writePeople(10)).catch((error: unknown) => error);
      expect(isStorageUnavailable(refusal)).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(20_000);
      await other.end();
      await pooled.auth.register(
        { username: "still_there", password },
        { requestId: null, address: null, userAgent: null },
      );
    });
  },
);
