import pg from "pg";
import { expect, test } from "vitest";
import { createAuth } from "../../create-auth.ts";
import { importLock } from "../../imported-users/staging-store.ts";
import { createTestAuth, testSecret } from "../../testing/index.ts";

const day = 86_400;
const password = "correct horse battery";

test("audit events are kept for as long as the options say, to the second, by the database's clock", async () => {
  await using test = await createTestAuth({ auditRetention: 10 * day });
  const { auth, clock, database } = test;
  const readEvents = async () => (await database.query("select event from latchkey.audit_events")).length;
  await auth.createUser({ username: "alice", password });
  await database.query("update latchkey.audit_events set occurred_at = latchkey.now()");
  await clock.advance(5 * day);
  await auth.createUser({ username: "bob", password });
  const [{ passed = 0 } = {}] = await database.query<{ passed: number }>(
    "select extract(epoch from latchkey.now() - min(occurred_at))::float8 as passed from latchkey.audit_events",
  );
  await clock.advance(5 * day - Math.ceil(passed - 5 * day) - 60);
  expect(await auth.purge()).toMatchObject({ auditEvents: 0 });
  await clock.advance(61);
  expect(await auth.purge()).toMatchObject({ auditEvents: 1 });
  expect(await readEvents()).toBe(1);
  await clock.advance(5 * day);
  expect(await auth.purge()).toMatchObject({ auditEvents: 1 });
  expect(await readEvents()).toBe(0);
});

test("more than one batch goes in one purge, and two processes share the work", async () => {
  await using test = await createTestAuth({ auditRetention: 10 * day });
  await test.database.query(`insert into latchkey.audit_events (id, event, occurred_at)
    select uuidv7(), 'signed_out', latchkey.now() - interval '11 days' from generate_series(1, 1200)`);
  const processes = [test.auth, await test.another()];
  const purged = await Promise.all(processes.map((auth) => auth.purge()));
  expect(purged.reduce((sum, { auditEvents }) => sum + auditEvents, 0)).toBe(1_200);
});

test("addresses of somebody who was deleted go in steps that read no more for all the events that are left", {
  tags: ["long"],
}, async () => {
  await using test = await createTestAuth();
  const { auth, database } = test;
  const [person, events] = ["00000000-0000-4000-8000-000000000001", 20_000];
  await database.query(
    `insert into latchkey.audit_events (id, event, actor_id, subject_id, address)
      select uuidv7(), 'signed_in', $1, $1, '192.0.2.1' from generate_series(1, $2::int)`,
    [person, events],
  );
  await database.query("insert into latchkey.erasures (user_id) values ($1)", [person]);
  await auth.purge();
  const addresses = "select distinct address from latchkey.audit_events where actor_id = $1";
  expect(await database.query(addresses, [person])).toEqual([{ address: null }]);

  // PostgreSQL counts when the connection that read them has ended.
  const countRead = async () => {
    const [{ read = 0 } = {}] = await database.query<{ read: number }>(`select sum(idx_tup_read)::float8 as read
      from pg_stat_user_indexes where schemaname = 'latchkey' and relname = 'audit_events'`);
    return read;
  };
  await expect.poll(countRead).toBeGreaterThan(2 * events);
  expect(await countRead()).toBeLessThan(10 * events);
});

test("what an import left that was killed is cleared away, and nothing of one that is under way", async () => {
  await using test = await createTestAuth();
  const { auth, database } = test;
  await database.query(
    `insert into latchkey.import_issues (run_id, old_id, code, field, proposal)
      select gen_random_uuid(), n::text, 'phone_shared', 'phoneNumber', 'drop' from generate_series(1, 1500) n`,
  );
  const under = new pg.Client(database.connection);
  await under.connect();
  await under.query(`select pg_advisory_lock(${importLock})`);
  expect(await auth.purge()).toMatchObject({ staged: 0 });
  await under.end();
  let staged = 0;
  const purge = async () => {
    staged += (await auth.purge()).staged;
    return staged;
  };
  await expect.poll(purge, { timeout: 20_000 }).toBe(1_500);
  expect(await database.query("select from latchkey.import_issues")).toHaveLength(0);
});

test("an account that has had no name for its time goes, unless a session of it goes on or it holds rights, and may come over again", async () => {
  const told: string[] = [];
  await using test = await createTestAuth({
    parkedRetention: 90 * day,
    sessions: { lifetime: 400 * day, idleLifetime: 60 * day },
    on: { userDeleted: ({ user }) => void told.push(user.firstName) },
  });
  const { auth, clock, database, facts } = test;
  const park = async (firstName: string, { isStaff = false } = {}) => {
    const username = `parked_${firstName}`;
    const { id } = await auth.createUser({ username, password, isStaff, profile: { firstName } });
    const session = await auth.signIn({ username, password }, facts);
    await database.query(
      "update latchkey.users set username = null, username_key = null, parked_at = latchkey.now() where id = $1",
      [id],
    );
    return { id, session };
  };
  const [gone, used, staff, found] = [
    await park("gone"),
    await park("used"),
    await park("staff", { isStaff: true }),
    await park("found"),
  ];
  await database.query(
    `insert into latchkey.imported_users (source, old_id, user_id, old_username, named_since, seen_at)
      values ('django', '1', $1, 'gone', latchkey.now(), latchkey.now())`,
    [gone.id],
  );
  await clock.advance(20 * day);
  const { refreshToken } = await auth.refresh(used.session.refreshToken, facts);
  await clock.advance(20 * day);
  await auth.refresh(refreshToken, facts);
  await database.query(
    "update latchkey.users set username = 'found', username_key = 'found', parked_at = null where id = $1",
    [found.id],
  );
  await clock.advance(49 * day);
  expect(await auth.purge()).toMatchObject({ parked: 0 });
  await clock.advance(2 * day);
  const processes = [auth, await test.another()];
  const purged = await Promise.all(processes.map((process) => process.purge()));
  expect(purged.reduce((sum, { parked }) => sum + parked, 0)).toBe(1);
  const left = await database.query<{ id: string }>("select id from latchkey.users");
  expect(left.map(({ id }) => id).sort()).toEqual([used.id, staff.id, found.id].sort());
  expect(told).toEqual(["gone"]);
  const imported = "select user_id, deleted_at, old_username from latchkey.imported_users";
  expect(await database.query(imported)).toEqual([{ user_id: null, deleted_at: null, old_username: "gone" }]);
  const [event] = (await auth.listAuditEvents({ userId: gone.id, event: "user_deleted", limit: 1 })).events;
  expect(event).toMatchObject({ actorId: null, detail: { by: "parked" } });
});

test("a parked account that a table of a team's own holds keeps neither the others nor what their owners asked for", {
  tags: ["long"],
}, async () => {
  await using test = await createTestAuth({ parkedRetention: 90 * day });
  const { auth, clock, database, facts } = test;
  const [held, parked] = [
    await auth.createUser({ username: "held", password }),
    await auth.createUser({ username: "parked", password }),
  ];
  await database.query("create table public.orders (user_id uuid references latchkey.users)");
  await database.query("insert into public.orders values ($1)", [held.id]);
  for (const { id } of [held, parked]) {
    await database.query(
      "update latchkey.users set username = null, username_key = null, parked_at = latchkey.now() where id = $1",
      [id],
    );
    await clock.advance(1);
  }
  await clock.advance(60 * day);
  const leaver = await auth.createUser({ username: "leaver", password });
  const { token } = await auth.signIn({ username: "leaver", password }, facts);
  await auth.deleteOwnAccount(await auth.authenticate([`Bearer ${token}`]), facts);
  await clock.advance(31 * day);
  await expect(auth.purge()).rejects.toThrow("orders");
  const left = (await database.query<{ id: string }>("select id from latchkey.users")).map(({ id }) => id);
  expect(left).toContain(held.id);
  expect(left).not.toContain(parked.id);
  expect(left).not.toContain(leaver.id);
});

test("what a purge looks for among the seals of the trail it finds by an index, however many there are", async () => {
  await using test = await createTestAuth({ auditRetention: 10 * day });
  const { database } = test;
  const options = { secret: testSecret, clock: test.clock, auditRetention: 10 * day };
  const other = createAuth(database.connection, options);
  await other.initialize({ migrations: "off" });
  await database.query(`insert into latchkey.audit_events (id, event, occurred_at)
    values (uuidv7(), 'signed_out', latchkey.now() - interval '11 days')`);
  await database.query(`insert into latchkey.audit_seals
      (number, kind, first_position, last_position, events, entries, newest_at, key_id, previous, mac, sealed_at)
    select n, 'events', n, n, 0, '', latchkey.now(), 'key', '', '', latchkey.now() from generate_series(1, 20000) n`);
  await database.query("analyze latchkey.audit_seals");
  const countOf = async (what: string) => {
    const [{ count = 0 } = {}] = await database.query<{ count: number }>(`select ${what}::int as count`);
    return count;
  };
  const readInAll = () =>
    countOf("(select seq_tup_read from pg_stat_user_tables where relid = 'latchkey.audit_seals'::regclass)");
  const before = await readInAll();
  expect(await other.purge()).toMatchObject({ auditEvents: 1 });
  // PostgreSQL counts when the connection that read them has ended.
  await other.close();
  const looks = () =>
    countOf("(select idx_scan from pg_stat_user_indexes where indexrelname = 'audit_seals_retention')");
  await expect.poll(looks, { timeout: 20_000 }).toBeGreaterThan(1);
  expect((await readInAll()) - before).toBeLessThan(20_000);
});

test("what fails keeps nothing else from being cleared away, and is thrown", async () => {
  await using test = await createTestAuth({ auditRetention: 10 * day });
  const { auth, clock, database } = test;
  await auth.createUser({ username: "alice", password });
  await auth.signIn({ username: "alice", password }, test.facts);
  await database.query(`create function public.refuse() returns trigger language plpgsql
    as $$ begin raise exception 'not from %', tg_table_name; end $$`);
  for (const table of ["webhook_events", "remembered_devices"])
    await database.query(`create trigger refuse before delete on latchkey.${table} execute function public.refuse()`);
  await clock.advance(500 * day);
  await expect(auth.purge()).rejects.toThrow("not from webhook_events");
  const left = `select (select count(*)::int from latchkey.sessions) as sessions,
    (select count(*)::int from latchkey.audit_events where occurred_at < latchkey.now() - interval '400 days') as events`;
  expect(await database.query(left)).toEqual([{ sessions: 0, events: 0 }]);
});

test("health names the tables on which the running role lacks a right that it needs, and no others", async () => {
  await using test = await createTestAuth();
  const missing = async () => (await test.auth.checkHealth()).warnings.filter((line) => line.includes("lacks"));
  await test.database.query("revoke update, delete on latchkey.audit_events, latchkey.audit_seals from current_user");
  await test.database.query("revoke insert, update, delete on latchkey.kysely_migration from current_user");
  expect(await missing()).toEqual([]);
  await test.database.query("revoke delete on latchkey.remembered_devices, latchkey.webhook_events from current_user");
  expect(await missing()).toEqual([
    'This role lacks delete on remembered_devices, webhook_events: run what "latchkey grants --role …" prints again, as the role that migrates.',
  ]);
});
