import { expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "./index.ts";

const password = "correct horse battery";

/** What a database has beside rows, and which one it is. */
async function describe({ database }: Pick<TestAuth, "database">) {
  const [row] = await database.query<{ name: string; since: Date; now: Date; timeout: string; prepared: string }>(`
    select current_database() as name, (select backend_start from pg_stat_activity where pid = pg_backend_pid()) as since, latchkey.now(), current_setting('lock_timeout') as timeout,
      (select count(*) from pg_prepared_statements) as prepared`);
  return row;
}

async function countRows({ database }: Pick<TestAuth, "database">): Promise<Record<string, number>> {
  const tables = await database.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'latchkey' and tablename !~ '^(kysely|schema|imported_name)'",
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const [row] = await database.query<{ count: string }>(`select count(*) from latchkey.${name}`);
    counts[name] = Number(row?.count);
  }
  return counts;
}

test("the next core is on the same database with the same connections, which has nothing of the one before", async () => {
  const first = await createTestAuth();
  const atFirst = await countRows(first);
  await first.auth.createUser({ username: "alice", phoneNumber: "+905321234567", password });
  await first.auth.signIn({ username: "alice", password }, first.facts);
  await first.clock.advance(86_400 * 365);
  await first.database.query("select set_config('lock_timeout', '1ms', false)");
  const before = await describe(first);
  await first[Symbol.asyncDispose]();

  const endedAt = Date.now();
  await using second = await createTestAuth();
  const after = await describe(second);
  expect(after).toMatchObject({ name: before?.name, timeout: "0", prepared: "0" });
  expect(Number(after?.since)).toBeLessThan(endedAt);
  expect(Math.abs(Number(after?.now) - Date.now())).toBeLessThan(60_000);
  expect(await countRows(second)).toEqual(atFirst);
  await second.auth.createUser({ username: "alice", password });
  const positions = await second.database.query("select min(position)::int from latchkey.audit_events");
  expect(positions).toEqual([{ min: 1 }]);
});

test.each<[what: string, touch: (core: TestAuth) => unknown]>([
  ["whose connection was asked for", ({ database }) => database.connection],
  ["that has another schema", ({ database }) => database.query("alter table latchkey.users add column extra text")],
  ["whose migrations were changed", ({ database }) => database.query("delete from latchkey.kysely_migration")],
])("the next core is not on a database %s", async (_what, touch) => {
  const first = await createTestAuth();
  const before = await describe(first);
  await touch(first);
  await first[Symbol.asyncDispose]();
  await using second = await createTestAuth();
  expect((await describe(second))?.name).not.toBe(before?.name);
});

test("a core that is given back twice, as hooks do after a test that was skipped, is one database for the next two", async () => {
  const first = await createTestAuth();
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await using second = await createTestAuth();
  await using third = await createTestAuth();
  expect((await describe(second))?.name).not.toBe((await describe(third))?.name);
});
