import pg from "pg";
import { expect, test } from "vitest";
import { z } from "zod";
import { createAuth } from "../create-auth.ts";
import { createTestDatabase, testSecret } from "../testing/index.ts";
import { indexed } from "../users/own-field.ts";

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

const facts = { requestId: null, address: "192.0.2.1", userAgent: null };
