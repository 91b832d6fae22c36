import { type Auth, createAuth } from "@latchkey/auth";
import { isStorageUnavailable } from "@latchkey/auth/storage";
import { timeLimits } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { password } from "../permissions/accounts-in-core.ts";
import { type DebianPostgres, hasDebianPostgres, startDebianPostgres } from "./debian-postgres.ts";
import { queryOnce } from "./external-database.ts";
import { createInstallation } from "./installation.ts";
import { until } from "./service-process.ts";

// An older PostgreSQL whose superuser we are, and a pooler that knows nothing of prepared statements: Debian's.

let server: DebianPostgres;
let poolerPort: number;

beforeAll(async () => {
  if (!hasDebianPostgres) return;
  server = await startDebianPostgres();
  poolerPort = await server.startPooler();
}, 120_000);

afterAll(() => server?.[Symbol.asyncDispose]());

interface Surroundings {
  readonly setUp?: readonly string[];
  readonly through?: number;
  readonly preparedStatements?: boolean;
  readonly connectionTimeoutMillis?: number;
  readonly statement_timeout?: number;
}

async function withAuth<T>(
  { setUp = [], through = server.port, ...more }: Surroundings,
  use: (auth: Auth) => Promise<T>,
): Promise<T> {
  const database = await server.createDatabase("latchkey");
  for (const statement of setUp) await queryOnce(server.superuser(), statement.replaceAll("$database", database));
  const connection = { host: "127.0.0.1", port: through, user: "latchkey", database, ssl: false, ...more };
  const auth = createAuth(connection, { secret, passwords: { cost: 4 } });
  try {
    return await use(auth);
  } finally {
    await auth.close();
  }
}

const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";
const facts = { requestId: null, address: "192.0.2.1", userAgent: null };

async function useSessions(auth: Auth, rounds: number): Promise<void> {
  const person = { username: "gülşen", password };
  await auth.register(person, facts);
  for (let round = 0; round < rounds; round++) {
    const { refreshToken } = await auth.signIn(person, facts);
    const refreshed = await Promise.all(Array.from({ length: 20 }, () => auth.refresh(refreshToken, facts)));
    expect(new Set(refreshed.map((answer) => answer.refreshToken)).size).toBe(1);
    const caller = await auth.authenticate([`Bearer ${refreshed[0]?.token}`]);
    await Promise.all(Array.from({ length: 10 }, (_, n) => auth.updateProfile(caller, { city: `Ş${n}` }, facts)));
    expect((await auth.listAuditEvents({ limit: 5 })).events).toHaveLength(5);
  }
  await auth.purge();
}

describe.skipIf(!hasDebianPostgres)("on Debian's PostgreSQL", () => {
  test("everything works", () =>
    withAuth(timeLimits, async (auth) => {
      await auth.initialize();
      await useSessions(auth, 8);
      const { warnings } = await auth.checkHealth();
      expect(warnings.filter((line) => !line.startsWith("fsync"))).toEqual([]);
    }));

  test("a session_replication_role that turns triggers and foreign keys off is refused in one line", () =>
    withAuth(
      { setUp: ["alter role latchkey in database $database set session_replication_role = replica"] },
      async (auth) => {
        await expect(auth.initialize()).rejects.toThrow(/^session_replication_role is replica, .*$/);
      },
    ));

  test("foreign keys that were disabled are refused in one line", () =>
    withAuth({}, async (auth) => {
      await auth.initialize();
      const { rows } = await auth.pool.query<{ name: string }>("select current_database() as name");
      await queryOnce(server.superuser(rows[0]?.name), "alter table latchkey.sessions disable trigger all");
      await expect(auth.initialize()).rejects.toThrow(/foreign keys of latchkey\.sessions are disabled/);
    }));

  test("a role that speaks another language of dates and isolation is answered all the same", () =>
    withAuth(
      {
        ...timeLimits,
        setUp: [
          "alter database $database set default_transaction_isolation = 'serializable'",
          "alter database $database set datestyle = 'German'",
          "alter database $database set search_path = ''",
        ],
      },
      async (auth) => {
        await auth.initialize();
        await useSessions(auth, 3);
      },
    ));
});

describe.skipIf(!hasDebianPostgres)("through a PgBouncer that hands out a connection for each transaction", () => {
  test("and supports no prepared statements, everything works, isolation that others set included", () =>
    withAuth(
      {
        ...timeLimits,
        through: poolerPort,
        setUp: ["alter database $database set default_transaction_isolation = 'repeatable read'"],
      },
      async (auth) => {
        await auth.initialize();
        await useSessions(auth, 30);
      },
    ));

  test("a start and doctor say in one line that it forgets prepared statements, and what to do", () =>
    withAuth({ through: poolerPort }, async (auth) => {
      const line = /^A pooler before the database forgets prepared statements: set PREPARED_STATEMENTS=off[^\n]*$/;
      expect(await auth.initialize()).toEqual([expect.stringMatching(line)]);
      expect((await auth.checkHealth()).warnings).toContainEqual(expect.stringMatching(line));
    }));

  test("without prepared statements everything works, nothing is left to warn of, and the pooler need not ignore anything", async () => {
    const through = await server.startPooler("");
    const setUp = [
      "alter database $database set default_transaction_isolation = 'serializable'",
      "alter database $database set datestyle = 'German'",
    ];
    await withAuth({ ...timeLimits, through, setUp, preparedStatements: false }, async (auth) => {
      expect(await auth.initialize()).toEqual([]);
      await useSessions(auth, 20);
      const { warnings } = await auth.checkHealth();
      expect(warnings.filter((line) => /pooler|prepared/.test(line))).toEqual([]);
      expect(warnings).toContainEqual(expect.stringMatching(/^The indexes .* are missing.*latchkey migrate/));
    });
  });
});

describe.skipIf(!hasDebianPostgres)("while commits stall, as without the standby that they wait for,", () => {
  test("a process has no more connections than its pool, and goes on as soon as they do", () =>
    withAuth({}, async (auth) => {
      await auth.initialize();
      const person = { username: "gülşen", password };
      await auth.register(person, facts);
      const { token } = await auth.signIn(person, facts);
      const setNames = async (names: string) => {
        await queryOnce(server.superuser(), `alter system set synchronous_standby_names = '${names}'`);
        await queryOnce(server.superuser(), "select pg_reload_conf()");
        await until(async () => {
          const [row] = await queryOnce<{ names: string }>(
            server.superuser(),
            "select current_setting('synchronous_standby_names') as names",
          );
          return row?.names === names;
        });
      };
      const { rows } = await auth.pool.query<{ name: string }>("select current_database() as name");
      // Poolers of other tests have connections of the same name to other databases.
      const countConnections = async () => {
        const [row] = await queryOnce<{ count: number }>(
          server.superuser(),
          "select count(*)::int as count from pg_stat_activity where application_name = 'latchkey' and datname = $1",
          [rows[0]?.name],
        );
        return row?.count ?? 0;
      };
      const counts: number[] = [];
      await setNames("nobody");
      try {
        for (let round = 0; round < 4; round++) {
          const attempts = Array.from({ length: 40 }, (_, n) =>
            auth.createUser({ username: `person_${round}_${n}`, password }).catch(() => null),
          );
          const isOver = Promise.allSettled(attempts).then(() => true);
          while (!(await Promise.race([isOver, Promise.resolve(false)]))) counts.push(await countConnections());
        }
      } finally {
        await setNames("");
      }
      expect(Math.max(...counts)).toBeGreaterThan(5);
      expect(Math.max(...counts)).toBeLessThanOrEqual(10);
      await until(() =>
        auth.signIn(person, facts).then(
          () => true,
          () => false,
        ),
      );
      expect((await auth.authenticate([`Bearer ${token}`])).user.username).toBe("gülşen");
    }));
});

describe.skipIf(!hasDebianPostgres)("an address may be written", () => {
  test.each([
    ["with the folder of a socket", (folder: string) => `postgres://latchkey@/$database?host=${folder}&port=$port`, {}],
    [
      "with the socket in place of the host",
      (folder: string) => `postgres://${encodeURIComponent(folder)}/$database?port=$port&user=latchkey`,
      {},
    ],
    ["with nothing, and PGHOST and its like", () => "postgres:///", { PGUSER: "latchkey" }],
    [
      "with a primary wanted and a pool of four",
      () => "postgres://latchkey@127.0.0.1:$port/$database?target_session_attrs=read-write&max=4",
      {},
    ],
  ])("%s", async (_how, toUrl, more) => {
    const database = await server.createDatabase("latchkey");
    const url = toUrl(server.socketFolder).replace("$database", database).replace("$port", `${server.port}`);
    const variables = { PGHOST: server.socketFolder, PGPORT: `${server.port}`, PGDATABASE: database, ...more };
    await using installation = await createInstallation({ DATABASE_URL: url });
    const given = "PGUSER" in more ? variables : {};
    expect(await installation.run(["migrate"], { variables: given })).toMatchObject({ code: 0, stderr: "" });
    const { stdout, stderr } = await installation.run(["doctor", "--json"], { variables: given });
    expect(stderr).toBe("");
    const { database: place, warnings } = JSON.parse(stdout);
    expect(place).toContain(database);
    expect(warnings.filter((line: string) => !line.startsWith("fsync"))).toEqual([]);
  });
});

describe.skipIf(!hasDebianPostgres)("behind an address that leads to a standby from now on", () => {
  test("nothing is answered from it, on connections of before neither, and the process is not ready", async () => {
    await using moved = await startDebianPostgres();
    const through = await moved.startPooler("");
    const database = await moved.createDatabase("latchkey");
    const connection = { host: "127.0.0.1", port: through, user: "latchkey", database, ssl: false };
    const auth = createAuth({ ...connection, preparedStatements: false }, { secret, passwords: { cost: 4 } });
    try {
      await auth.initialize();
      const person = { username: "gülşen", password };
      await auth.register(person, facts);
      const { token, refreshToken } = await auth.signIn(person, facts);
      expect(await auth.ping()).toEqual({ takesWrites: true });
      await moved.becomeStandby();
      await until(async () => (await auth.ping().catch(() => ({ takesWrites: true }))).takesWrites === false);
      const refusals = await Promise.all([
        auth.authenticate([`Bearer ${token}`]).catch((error: unknown) => error),
        auth.refresh(refreshToken, facts).catch((error: unknown) => error),
        auth.signIn(person, facts).catch((error: unknown) => error),
      ]);
      expect(refusals.map(isStorageUnavailable)).toEqual([true, true, true]);
      await expect(auth.initialize()).rejects.toThrow(/standby/);
    } finally {
      await auth.close();
    }
  });
});
