import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { openStorage, type Storage } from "../../storage/database.ts";
import { createTestDatabase } from "../../testing/index.ts";
import { defineProfile } from "../../users/profile.ts";
import { createCallerColumns } from "../steps/caller-row.ts";
import { createCallerReader } from "./read-caller.ts";

const openReader = (storage: Storage) =>
  createCallerReader(storage, createCallerColumns(defineProfile()), {
    secondFactor: "optional",
    rememberedDevices: { lifetime: "off", of: "no_rights" },
    codes: { phoneTrust: 1, holdersByCode: false },
    watch: (_work, _about, run) => run(),
  });

/** Rows that the transaction has read so far. */
async function countReads({ pool }: Storage): Promise<{ readonly sessions: number; readonly users: number }> {
  const { rows } = await pool.query(`
    select sum(seq_tup_read + idx_tup_fetch) filter (where relname = 'sessions')::int as sessions,
      sum(seq_tup_read + idx_tup_fetch) filter (where relname = 'users')::int as users
    from pg_stat_xact_user_tables`);
  return rows[0];
}

const strangers = (calls: number) => Array.from({ length: calls }, () => ({ sessionId: randomUUID(), kid: "unknown" }));

test("sessions are read by one plan, however many calls share the query", async () => {
  await using database = await createTestDatabase();
  const storage = openStorage({ ...database.connection, max: 1 });
  try {
    const read = openReader(storage);
    const readTogether = (calls: number) => Promise.all(strangers(calls).map(read));
    for (let query = 0; query < 10; query++) expect(await readTogether(1 + (query % 3))).not.toContain(undefined);

    const { rows } = await storage.pool.query(
      "select generic_plans from pg_prepared_statements where name = 'read-callers'",
    );
    // PostgreSQL makes five plans for what it is given before it settles for one; it makes them for ever where these look cheaper.
    expect(rows).toEqual([{ generic_plans: "5" }]);
  } finally {
    await storage.close();
  }
});

test("each call reads its own session and user, and no others of the few thousand that a table has", async () => {
  await using database = await createTestDatabase();
  await database.query(`
    with people as (
      insert into latchkey.users (id, username, username_key, password)
      select gen_random_uuid(), 'user' || nth, 'user' || nth, '!' from generate_series(1, 1500) nth returning id
    )
    insert into latchkey.sessions (id, user_id, refresh_hash, idle_expires_at, expires_at)
    select gen_random_uuid(), id, sha256(id::text::bytea), now() + interval '1 day', now() + interval '1 day' from people`);
  await database.query("vacuum analyze latchkey.users, latchkey.sessions");
  const some = await database.query("select id from latchkey.sessions limit 20");
  const storage = openStorage({ ...database.connection, max: 1 });
  try {
    const read = openReader(storage);
    const readTogether = () => Promise.all(some.map(({ id }) => read({ sessionId: String(id), kid: "unknown" })));
    for (let query = 0; query < 10; query++) await readTogether();
    await storage.pool.query("begin");
    const before = await countReads(storage);
    const callers = await readTogether();
    const after = await countReads(storage);
    await storage.pool.query("rollback");
    expect(new Set(callers.map((caller) => caller?.session.id)).size).toBe(20);
    const { sessions, users } = after;
    expect({ sessions: sessions - before.sessions, users: users - before.users }).toEqual({ sessions: 20, users: 20 });
  } finally {
    await storage.close();
  }
});

test("who shows enough by a password is looked up in no other table, and who came by a code is asked for rights", async () => {
  await using database = await createTestDatabase();
  await database.query("insert into latchkey.permissions values ('shop.view_order')");
  const opened = await database.query<{ id: string; amr: string }>(`
    with person as (
      insert into latchkey.users (id, username, username_key, password) values (gen_random_uuid(), 'alice', 'alice', '!') returning id
    ), granted as (
      insert into latchkey.user_permissions (user_id, permission) select id, 'shop.view_order' from person
    )
    insert into latchkey.sessions (id, user_id, refresh_hash, idle_expires_at, expires_at, acr, amr)
    select gen_random_uuid(), id, sha256(amr::bytea), now() + interval '1 day', now() + interval '1 day', 1, amr
    from person, unnest(array['pwd', 'sms']) amr returning id, amr`);
  const storage = openStorage({ ...database.connection, max: 1 });
  try {
    const read = openReader(storage);
    const lookUp = async (wanted: string) => {
      const sessionId = opened.find(({ amr }) => amr === wanted)?.id ?? "";
      await storage.pool.query("begin");
      const caller = await read({ sessionId, kid: null });
      const { rows } = await storage.pool.query<{ name: string }>(`
        select relname as name from pg_locks l join pg_class c on c.oid = l.relation and relkind = 'r'
        where l.pid = pg_backend_pid() and c.relnamespace = 'latchkey'::regnamespace order by 1`);
      await storage.pool.query("rollback");
      return { isLive: caller?.isLive, tables: rows.map(({ name }) => name) };
    };
    expect(await lookUp("pwd")).toEqual({ isLive: true, tables: ["sessions", "signing_keys", "users"] });
    const { isLive, tables } = await lookUp("sms");
    expect({ isLive, tables }).toEqual({ isLive: false, tables: expect.arrayContaining(["user_permissions"]) });
  } finally {
    await storage.close();
  }
});
