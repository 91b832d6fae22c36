import { type Auth, createAuth } from "@latchkey/auth";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { password } from "../permissions/accounts-in-core.ts";
import { type DebianPostgres, hasDebianPostgres, startDebianPostgres } from "./debian-postgres.ts";
import { queryOnce } from "./external-database.ts";

// An older PostgreSQL whose superuser we are, and a pooler that knows nothing of prepared statements: Debian's.

let server: DebianPostgres;
let poolerPort: number;

beforeAll(async () => {
  if (!hasDebianPostgres) return;
  server = await startDebianPostgres();
  poolerPort = await server.startPooler();
}, 120_000);

afterAll(() => server?.[Symbol.asyncDispose]());

async function withAuth<T>(
  { setUp = [], through = server.port }: { setUp?: readonly string[]; through?: number },
  use: (auth: Auth) => Promise<T>,
): Promise<T> {
  const database = await server.createDatabase("latchkey");
  for (const statement of setUp) await queryOnce(server.superuser(), statement.replaceAll("$database", database));
  const connection = { host: "127.0.0.1", port: through, user: "latchkey", database, ssl: false };
  const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";
  const auth = createAuth(connection, { secret, passwords: { cost: 4 } });
  try {
    return await use(auth);
  } finally {
    await auth.close();
  }
}

const facts = { requestId: null, address: "192.0.2.1", userAgent: null };

async function useSessions(auth: Auth, rounds: number): Promise<void> {
  const person = { username: "gülşen", password };
  await auth.register(person, facts);
  for (let round = 0; round < rounds; round++) {
    const { refreshToken } = await auth.login(person, facts);
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
    withAuth({}, async (auth) => {
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
        through: poolerPort,
        setUp: ["alter database $database set default_transaction_isolation = 'repeatable read'"],
      },
      async (auth) => {
        await auth.initialize();
        await useSessions(auth, 30);
      },
    ));
});
