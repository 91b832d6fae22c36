import pg from "pg";
import { expect, test } from "vitest";
import { z } from "zod";
import { createAuth } from "../create-auth.ts";
import type { HookTransaction } from "../hooks/hooks.ts";
import { createTestDatabase, shareOut, type TestDatabase, testSecret } from "../testing/index.ts";
import { indexed } from "../users/own-field.ts";
import { columnTypes } from "./column-types.ts";

const {
  BOOL,
  BYTEA,
  DATE,
  FLOAT8,
  INT4,
  INT8,
  JSON: JSON_TYPE,
  JSONB,
  NUMERIC,
  TIMESTAMP,
  TIMESTAMPTZ,
} = pg.types.builtins;
const asText = (text: string) => text;

/** What programs tell the `pg` that they share with the core, and worse. */
const whims: readonly (readonly [types: readonly number[], read: (text: string) => unknown])[] = [
  [[TIMESTAMPTZ, TIMESTAMP, DATE, JSON_TYPE, JSONB, BYTEA, FLOAT8, INT4], asText],
  [[INT8], BigInt],
  [[NUMERIC], Number],
  [[BOOL], (text) => (text === "t" ? 1 : 0)],
];

/** Tells the `pg` of this process, and takes it back. */
function tellPg(): Disposable {
  const before = whims.flatMap(([types]) => types).map((type) => [type, pg.types.getTypeParser(type, "text")] as const);
  for (const [types, read] of whims) for (const type of types) pg.types.setTypeParser(type, read);
  return {
    [Symbol.dispose]: () => {
      for (const [type, read] of before) pg.types.setTypeParser(type, read);
    },
  };
}

const password = "correct horse battery";
const facts = { requestId: null, address: "192.0.2.1", userAgent: null };
const seen: unknown[] = [];
const options = {
  secret: testSecret,
  passwords: { cost: 4 },
  profile: { team: indexed(z.string().max(9).nullable()), sizes: z.array(z.number()).default([]) },
  on: {
    userCreated: async ({ transaction }: { readonly transaction: HookTransaction }) => {
      const { rows } = await transaction.query("select '2026-01-01T00:00:00Z'::timestamptz as at, 12::bigint as size");
      seen.push(...rows);
    },
  },
};

/** Uses the core, and answers what does not change from one database to another. */
async function useCore(pool: pg.Pool, preparedStatements: boolean) {
  const auth = createAuth({ pool, preparedStatements }, options);
  await auth.initialize();
  await auth.register({ username: "alice", password, team: "a", sizes: [1.5, 2e21] }, facts);
  const { refreshToken } = await auth.signIn({ username: "alice", password }, facts);
  const refreshed = await auth.refresh(refreshToken, facts);
  const caller = await auth.authenticate([`Bearer ${refreshed.token}`]);
  const { users } = await auth.users.list({ profile: { team: "a" }, limit: 5 });
  const sessions = await auth.listSessions(caller);
  const { events } = await auth.listAuditEvents({ limit: 9 });
  const health = await auth.checkHealth();
  const answers = { refreshed, caller, users, sessions, events, health, exported: await auth.exportOwnData(caller) };
  expect(users).toEqual([caller.user]);
  await auth.purge();
  await auth.close();
  return toShape(answers);
}

/** What kinds of values an answer is made of, since times and ids differ. */
function toShape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toShape);
  if (typeof value !== "object" || value === null) return value === null ? null : typeof value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value.constructor.name;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toShape(item)]));
}

async function use(database: TestDatabase, { preparedStatements }: { preparedStatements: boolean }) {
  const pool = new pg.Pool({ ...database.connection, max: 3 });
  try {
    return await useCore(pool, preparedStatements);
  } finally {
    await pool.end();
  }
}

for (const { tags, cases } of shareOut([{ preparedStatements: true }, { preparedStatements: false }], 2))
  test.each(cases)(
    "a program that has its pg read columns otherwise changes no answer of the core, and has its own statements so: %o",
    { tags },
    async (how) => {
      await using plain = await createTestDatabase();
      await using odd = await createTestDatabase();
      const expected = await use(plain, how);
      seen.length = 0;
      using _told = tellPg();
      expect(await use(odd, how)).toEqual(expected);
      expect(seen).toEqual([{ at: "2026-01-01 00:00:00+00", size: 12n }]);
    },
  );

test("columns are read as pg does by itself, in every spelling of theirs", async () => {
  await using database = await createTestDatabase();
  const client = new pg.Client(database.connection);
  await client.connect();
  try {
    for (const bytes of ["hex", "escape"]) {
      await client.query(`set bytea_output = ${bytes}`);
      const text = `select true as yes, false as no, null::bool as none, '\\x005c5c417f80ff27'::bytea as bytes, ''::bytea as nothing,
        -7::smallint as small, 2147483647 as int, 9223372036854775807 as big, 1e-7::float8 as float, 'NaN'::float4 as nan, '-Infinity'::float8 as endless,
        123456789012345678901234.5 as number, '{"a": [1e3, "é"]}'::json as json, '[null, 12345678901234567890]'::jsonb as jsonb,
        'infinity'::timestamptz as never, '0044-03-15 12:00:00+00 BC'::timestamptz as ides, '{a,"b,c",null}'::text[] as texts,
        '00000000-0000-0000-0000-000000000001'::uuid as id, '1 day'::interval as day, 26::oid as oid, 'x'::name as name`;
      const { rows: expected } = await client.query(text);
      const { rows } = await client.query({ text, types: columnTypes });
      expect(rows).toEqual(expected);
    }
  } finally {
    await client.end();
  }
});
