import pg from "pg";
import { expect, test } from "vitest";
import { z } from "zod";
import { createAuth } from "../create-auth.ts";
import { createTestDatabase, testSecret } from "../testing/index.ts";
import { indexed } from "../users/own-field.ts";
import type { User } from "../users/user.ts";

const password = "correct horse battery";
const options = {
  secret: testSecret,
  passwords: { cost: 4 },
  profile: { team: indexed(z.string().max(9).nullable()) },
};

test("on a pool that is handed in, everything works, and closing leaves it open", async () => {
  await using database = await createTestDatabase();
  const pool = new pg.Pool({ ...database.connection, max: 3 });
  try {
    const auth = createAuth({ pool }, options);
    await auth.initialize();
    const { user } = await auth.register({ username: "alice", password, team: "a" }, facts);
    expect((await auth.users.list({ profile: { team: "a" }, limit: 5 })).users).toEqual([user]);
    await auth.measureHashCosts();
    expect(await auth.purge()).toMatchObject({ sessions: 0 });
    await auth.close();
    const { rows } = await pool.query("select username from latchkey.users");
    expect(rows).toEqual([{ username: "alice" }]);
  } finally {
    await pool.end();
  }
});

test("work that nobody waits for takes longer than the pool's statements may, which still end in time afterwards", async () => {
  await using database = await createTestDatabase();
  const pool = new pg.Pool({ ...database.connection, max: 2, statement_timeout: 300 });
  try {
    const auth = createAuth({ pool }, options);
    await auth.initialize();
    await auth.createUser({ username: "alice", password });
    await database.query(`create function slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.5); return null; end $$`);
    await database.query("create trigger slow after delete on latchkey.audit_events execute function slow()");
    await database.query("update latchkey.audit_events set occurred_at = '2000-01-01'");
    expect(await auth.purge()).toMatchObject({ auditEvents: 1 });
    await expect(pool.query("select pg_sleep(2)")).rejects.toThrow("statement timeout");
    const settings = await Promise.all([1, 2].map(() => pool.query("show statement_timeout")));
    expect(settings.map(({ rows }) => rows)).toEqual([
      [{ statement_timeout: "300ms" }],
      [{ statement_timeout: "300ms" }],
    ]);
  } finally {
    await pool.end();
  }
});

const oddSettings = {
  datestyle: "'SQL, DMY'",
  standard_conforming_strings: "off",
  array_nulls: "off",
  transform_null_equals: "on",
  gin_fuzzy_search_limit: "9",
  extra_float_digits: "'-15'",
};

async function openOddPool(settings: Readonly<Record<string, string>>) {
  const database = await createTestDatabase();
  for (const [name, value] of Object.entries(settings))
    await database.query(`alter database ${database.connection.database} set ${name} = ${value}`);
  const open = (options?: string) => new pg.Pool({ ...database.connection, max: 3, options });
  return { open, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}

const timesOf = ({ dateJoined, lastLogin }: User) => [dateJoined, lastLogin].map((time) => time instanceof Date);

async function useCore(pool: pg.Pool, preparedStatements = true) {
  try {
    const auth = createAuth({ pool, preparedStatements }, options);
    await auth.initialize();
    await auth.register({ username: "alice", password, team: "a" }, facts);
    const { refreshToken, token } = await auth.signIn({ username: "alice", password }, facts);
    await auth.refresh(refreshToken, facts);
    const { user } = await auth.authenticate([`Bearer ${token}`]);
    const { warnings } = await auth.checkHealth();
    await auth.close();
    return {
      times: timesOf(user),
      warnings: warnings.filter((line) => !/^(fsync|full_page_writes) is off/.test(line)),
    };
  } finally {
    await pool.end();
  }
}

const works = { times: [true, true], warnings: [] };

test("a pool whose settings change what statements mean is refused in one line, which says both ways out", async () => {
  await using odd = await openOddPool(oddSettings);
  await expect(useCore(odd.open())).rejects.toThrow(
    'The database or the role of the pool that was handed in sets datestyle, standard_conforming_strings, array_nulls, transform_null_equals, gin_fuzzy_search_limit, extra_float_digits, which changes what statements mean: make the pool with options: "-c datestyle=ISO -c standard_conforming_strings=on -c array_nulls=on -c transform_null_equals=off -c gin_fuzzy_search_limit=0 -c extra_float_digits=1", or set preparedStatements: false, so that each transaction has its own.',
  );
  expect(await useCore(odd.open(), false)).toMatchObject({ times: works.times });
});

test("with the options that the line names it works", { tags: ["long"] }, async () => {
  await using odd = await openOddPool(oddSettings);
  const named = "-c datestyle=ISO -c standard_conforming_strings=on -c array_nulls=on -c transform_null_equals=off";
  expect(await useCore(odd.open(`${named} -c gin_fuzzy_search_limit=0 -c extra_float_digits=1`))).toEqual(works);
});

test("what a pool sets besides changes no answer, and is its owner's", async () => {
  await using odd = await openOddPool({
    ...{ datestyle: "'ISO, DMY'", timezone: "'Asia/Kathmandu'", bytea_output: "escape", intervalstyle: "iso_8601" },
    ...{ search_path: "''", default_transaction_isolation: "serializable", quote_all_identifiers: "on" },
  });
  expect(await useCore(odd.open())).toEqual(works);
});

test("a pool of a database that cannot be used is refused at the start, and not at the first name", async () => {
  await using odd = await openOddPool({ default_transaction_read_only: "on" });
  await expect(useCore(odd.open())).rejects.toThrow(
    /^The pool that was handed in cannot be used: the database ".*" or this role is read-only/,
  );
});

const facts = { requestId: null, address: "192.0.2.1", userAgent: null };
