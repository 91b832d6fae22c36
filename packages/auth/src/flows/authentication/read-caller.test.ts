import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { openStorage, type Storage } from "../../storage/database.ts";
import { createTestDatabase } from "../../testing/index.ts";
import { defineProfile } from "../../users/profile.ts";
import { createCallerColumns } from "../steps/caller-row.ts";
import { createCallerReader } from "./read-caller.ts";

const readerOptions: Parameters<typeof createCallerReader>[2] = {
  secondFactor: "optional",
  rememberedDevices: { lifetime: "off", of: "no_rights" },
  codes: { phoneTrust: 1, holdersByCode: false },
  watch: (_work, _about, run) => run(),
};

const openReader = (storage: Storage) =>
  createCallerReader(storage, createCallerColumns(defineProfile()), readerOptions);

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

const oddTimes = [
  ...["infinity", "-infinity", "0044-03-15 12:00:00.5+00 BC", "4713-01-01 00:00:00+00 BC", "0001-01-01 00:00:00+00"],
  ...[
    "0099-12-31 23:59:59.999999+00",
    "1883-11-18 12:03:58-04:56:02",
    "1969-12-31 23:59:59.9995+00",
    "1970-01-01 00:00:00+00",
  ],
  ...[
    "2026-11-27 08:59:59.1+05:45",
    "9999-12-31 23:59:59.999+00",
    "10000-01-01 00:00:00+00",
    "294276-12-31 23:59:59.999999+00",
  ],
];
const oddTexts = [
  ...[
    "",
    " ",
    "null",
    "true",
    "1e3",
    "infinity",
    "2026-11-25T21:28:31+00:00",
    '"',
    "\\",
    "\\u0000",
    "\u2028\u2029\u0085\u007f\u0001\t\r\n",
  ],
  ...[
    "</script>",
    "ğüşİıöç",
    "e\u0301",
    "\u{1f469}\u200d\u{1f4bb}",
    "\u202eabc",
    "\ufeff",
    "\ufffe\uffff",
    "{a,NULL}",
    "__proto__",
    "x".repeat(90),
  ],
];
const oddProfiles = [
  ...[
    "{}",

    '{"own": -0}',
    '{"own": 0.1}',
    '{"own": 1e400}',
    '{"own": 5e-324}',
    '{"own": 12345678901234567890}',
  ],
  ...[
    '{"own": 1.7976931348623157e308}',
    '{"own": null}',
    '{"own": {"__proto__": {"toJSON": 1}, "constructor": []}}',
    '{"own": [[[[[[[["deep"]]]]]]]]}',
  ],
  ...[
    '{"own": {"b": 1, "a": 2, "10": 3, "9": 4}}',
    '{"own": "\\\\ \\u2028 \\"", "other": "2026-11-25T21:28:31.123456+00:00"}',
    '{"OWN": 1, "own ": 2}',
  ],
];

const asStored = (stored: unknown) => stored;

test("whatever stands in a row, in JSON a session and its user are what they are column by column, to the byte", async () => {
  await using database = await createTestDatabase();
  const pick = (of: readonly string[], nth: number) => of[nth % of.length];
  const cases = Array.from({ length: oddTexts.length * oddTimes.length }, (_, nth) => ({
    ...{
      time: pick(oddTimes, nth),
      other: pick(oddTimes, nth * 5 + 3),
      text: pick(oddTexts, nth),
      profile: pick(oddProfiles, nth),
    },
    ...{ acr: pick(["1", "2"], nth), amr: pick(["pwd", "pwd otp", "sms", "hwk user"], nth), isYes: nth % 3 === 0 },
  }));
  await database.query(
    `with given as (
      select gen_random_uuid() as id, row_number() over () as nth, * from json_to_recordset($1) as
        given ("time" timestamptz, other timestamptz, text text, profile text, acr smallint, amr text, "isYes" boolean)
    ), person as (
      insert into latchkey.users (id, username, username_key, password, first_name, last_name, city, country, is_staff, date_joined, last_login, profile)
      select id, 'person' || nth, 'person' || nth, '!', text, reverse(text), nullif(text, ''), nullif(left(text, 2), ''), "isYes", "time", other, profile::jsonb from given
    )
    insert into latchkey.sessions (id, user_id, refresh_hash, created_at, last_used_at, idle_expires_at, expires_at, acr, amr, auth_time, adopted_from)
    select id, id, sha256(id::text::bytea), least("time", other), other, greatest("time", other), greatest("time", other), acr, amr, case when "isYes" then "time" end, nullif(text, '') from given
    where "time" <> other`,
    [JSON.stringify(cases)],
  );
  const storage = openStorage(database.connection);
  try {
    const profile = defineProfile({ other: z.string().max(99).nullable() });
    const ownFields = profile.ownFields.flatMap((field) => [field, { ...field, name: "own", read: asStored }]);
    const columns = createCallerColumns({ ...profile, ownFields });
    const read = createCallerReader(storage, columns, readerOptions);
    const { rows } = await storage.prepare<Record<string, unknown>>(
      "by-columns",
      `select ${columns.text} from latchkey.sessions session join latchkey.users caller on caller.id = session.user_id`,
    )([]);
    expect(rows).toHaveLength(cases.filter(({ time, other }) => time !== other).length);
    const byColumn = rows.map((row) => columns.read(row));
    const callers = await Promise.all(byColumn.map(({ session: { id } }) => read({ sessionId: id, kid: null })));
    const inJson = callers.map((caller) => ({ session: caller?.session, user: caller?.user }));
    expect(inJson).toEqual(byColumn);
    expect(inJson.map((caller) => JSON.stringify(caller))).toEqual(byColumn.map((caller) => JSON.stringify(caller)));
  } finally {
    await storage.close();
  }
});
