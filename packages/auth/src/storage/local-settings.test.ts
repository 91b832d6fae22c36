import { expect, test } from "vitest";
import { createAuth } from "../create-auth.ts";
import { createTestDatabase, testSecret } from "../testing/index.ts";

// What a pooler would hand to somebody else after a transaction must not be needed, and nothing of ours may stay there.

const password = "correct horse battery";
const facts = { requestId: null, address: "192.0.2.1", userAgent: null };

async function openShared(statementTimeout = 2_000) {
  const database = await createTestDatabase();
  const connection = { ...database.connection, max: 2, preparedStatements: false, statement_timeout: statementTimeout };
  const auth = createAuth(connection, { secret: testSecret, passwords: { cost: 4 } });
  await auth.initialize();
  return {
    auth,
    database,
    async [Symbol.asyncDispose]() {
      await auth.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

test("without prepared statements everything works, no connection has a prepared statement, and none a setting of ours", async () => {
  await using shared = await openShared();
  const { auth } = shared;
  const person = { username: "alice", password };
  await auth.register(person, facts);
  for (let round = 1; round <= 8; round++) {
    const { token, refreshToken } = await auth.signIn(person, facts);
    const caller = await auth.authenticate([`Bearer ${token}`]);
    await auth.updateProfile(caller, { city: `${round}` }, facts);
    await auth.refresh(refreshToken, facts);
    expect((await auth.listAuditEvents({ limit: 2 })).events).toHaveLength(2);
  }
  await auth.purge();
  const clients = await Promise.all([auth.pool.connect(), auth.pool.connect()]);
  const left = await Promise.all(
    clients.map((client) =>
      client.query(`select (select count(*)::int from pg_prepared_statements) as prepared,
        current_setting('statement_timeout') as timeout, current_setting('search_path') as path`),
    ),
  );
  for (const client of clients) client.release();
  expect(left.flatMap(({ rows }) => rows)).toEqual(
    Array(2).fill({ prepared: 0, timeout: "0", path: '"$user", public' }),
  );
});

// On a machine that is full the connection may be given up, 250 ms later, before the answer has come.
test("statements end in time all the same", { retry: 3 }, async () => {
  await using shared = await openShared(300);
  await shared.auth.register({ username: "alice", password }, facts);
  await shared.database.query(`create function slow() returns trigger language plpgsql as
    $$ begin perform pg_sleep(5); return new; end $$`);
  await shared.database.query(
    "create trigger slow before insert on latchkey.sessions for each row execute function slow()",
  );
  await expect(shared.auth.signIn({ username: "alice", password }, facts)).rejects.toThrow("statement timeout");
});

test("no index is built beside the work of others, at no start either: that takes a lock of the connection", async () => {
  await using shared = await openShared();
  await shared.database.query("drop index latchkey.sessions_open");
  await shared.auth.initialize();
  await shared.auth.migrate();
  await shared.auth.purge();
  const found = await shared.database.query("select to_regclass('latchkey.sessions_open') as index");
  expect(found).toEqual([{ index: null }]);
});

test("whatever the database says of dates and isolation, transactions have settings of their own", async () => {
  await using shared = await openShared();
  const { rows } = await shared.auth.pool.query<{ name: string }>("select current_database() as name");
  const name = rows[0]?.name ?? "";
  await shared.database.query(`alter database ${name} set datestyle = 'German'`);
  await shared.database.query(`alter database ${name} set timezone = 'Asia/Kathmandu'`);
  await using again = {
    auth: createAuth({ ...shared.database.connection, preparedStatements: false }, { secret: testSecret }),
    async [Symbol.asyncDispose]() {
      await again.auth.close();
    },
  };
  await again.auth.createUser({ username: "alice", password });
  const { users } = await again.auth.users.list({ limit: 1 });
  expect(Math.abs(Date.now() - Number(users[0]?.dateJoined))).toBeLessThan(600_000);
  const { warnings } = await again.auth.checkHealth();
  expect(warnings.filter((line) => line.includes("pooler"))).toEqual([]);
});
