import { expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "../testing/index.ts";

// What a row costs, and what a sign-in writes: docs/scaling.md multiplies these figures, and they are held to it here.

const people = 100_000;
/** Fewer are enough where no size is measured: in full pages there is no room for one row more, however many there are. */
const fewPeople = 20_000;

type Measured = Pick<TestAuth, "database">;

async function fillUsers({ database }: Measured, count: number): Promise<void> {
  const hash = `bcrypt_sha256$$2b$12$${"x".repeat(53)}`;
  await database.query(
    `insert into latchkey.users
      (id, username, username_key, phone_number, password, first_name, last_name, gender, country, city)
    select uuidv7(), 'user_' || number, 'user_' || number, '+90532' || lpad(number::text, 7, '0'), $1,
      'Ayşe', 'Yılmaz', 'Female', 'Türkiye', 'İzmir' from generate_series(1, ${count}) number`,
    [hash],
  );
}

async function fill({ database }: Measured): Promise<void> {
  await fillUsers({ database }, people);
  await database.query(`insert into latchkey.sessions
      (id, user_id, refresh_hash, idle_expires_at, expires_at, address, user_agent)
    select uuidv7(), id, sha256(id::text::bytea), now() + interval '30 days', now() + interval '90 days', '192.0.2.1',
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' from latchkey.users`);
  await database.query(`insert into latchkey.audit_events (id, event, actor_id, subject_id, address, request_id)
    select uuidv7(), 'signed_in', id, id, '192.0.2.1', gen_random_uuid()::text from latchkey.users`);
  await database.query("vacuum analyze latchkey.users, latchkey.sessions, latchkey.audit_events");
}

async function measureRow({ database }: Measured, table: string): Promise<{ table: number; indexes: number }> {
  const [row] = await database.query<{ table: number; indexes: number }>(
    `select (pg_table_size($1::regclass) / ${people})::int as table, (pg_indexes_size($1::regclass) / ${people})::int as indexes`,
    [`latchkey.${table}`],
  );
  return row ?? { table: 0, indexes: 0 };
}

interface Updates {
  /** Of a hundred that found room on their page, so that no index was touched. */
  readonly hot: number;
  /** Bytes of write-ahead log for each. */
  readonly log: number;
}

/** What one in fifty people's sign-ins change in their own row. */
async function measureUpdates({ auth }: Pick<TestAuth, "auth">, set: string, table: string): Promise<Updates> {
  const client = await auth.pool.connect();
  try {
    await client.query("begin; set local statement_timeout = 0");
    const readLog = async () =>
      (await client.query<{ at: string }>("select (pg_current_wal_insert_lsn() - '0/0')::text as at")).rows[0]?.at;
    const before = Number(await readLog());
    await client.query(`update latchkey.${table} set ${set} where hashtext(id::text) % 50 = 0`);
    const { rows } = await client.query<{ hot: number; all: number }>(
      `select pg_stat_get_xact_tuples_hot_updated($1::regclass)::int as hot,
        pg_stat_get_xact_tuples_updated($1::regclass)::int as all`,
      [`latchkey.${table}`],
    );
    const log = Number(await readLog()) - before;
    const { hot = 0, all = 1 } = rows[0] ?? {};
    await client.query("rollback");
    return { hot: Math.round((100 * hot) / all), log: Math.round(log / all) };
  } finally {
    client.release();
  }
}

test("a row of each table takes no more than docs/scaling.md says, and an update after a load touches no index", async () => {
  await using full = await createTestAuth();
  await full.database.query("alter table latchkey.users set (fillfactor = 100)");
  await fillUsers(full, fewPeople);
  const before = await measureUpdates(full, "last_login = now()", "users");
  await using test = await createTestAuth();
  await fill(test);
  const rows = {
    users: await measureRow(test, "users"),
    sessions: await measureRow(test, "sessions"),
    audit_events: await measureRow(test, "audit_events"),
  };
  const signIn = await measureUpdates(test, "last_login = now()", "users");
  const refresh = await measureUpdates(test, "rotation = rotation + 1, last_used_at = now()", "sessions");
  console.log(JSON.stringify({ rows, before, signIn, refresh }));
  expect(before.hot).toBeLessThan(10);
  expect(signIn.hot).toBeGreaterThan(90);
  expect(refresh.hot).toBeGreaterThan(90);
  expect(rows.users.table + rows.users.indexes).toBeLessThan(700);
  expect(rows.sessions.table + rows.sessions.indexes).toBeLessThan(430);
  expect(rows.audit_events.table + rows.audit_events.indexes).toBeLessThan(600);
});
