import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person, password, toAdministrator } from "../permissions/accounts-in-core.ts";
import { fillBeforeIndexes } from "../production/large-database.ts";

/** How much past there is, and for how many milliseconds a statement may go on: twice as long as elsewhere, since other tests run beside. */
const scale = { events: 1_000_000, sessions: 100_000, members: 100_000, statement: 2_000 };

const group = "00000000-0000-4000-8000-000000000001";

let service: TestAuth;
/** A core whose statements may take no longer than in production, or less for less. */
let auth: TestAuth["auth"];
let admin: Awaited<ReturnType<typeof toAdministrator>>;
/** Somebody who did a lot, and an administrator who did as much to others. */
let busy: Person;
let clerk: Person;

beforeAll(async () => {
  service = await createTestAuth();
  const { query } = service.database;
  await query("alter table latchkey.users drop constraint users_username_grammar");
  await query(
    `insert into latchkey.users (id, username, username_key, password)
      select gen_random_uuid(), name, name, 'bcrypt$' || name from (select concat('m', lpad(n::text, 7, '0')) as name from generate_series(1, $1::int) n) names`,
    [scale.members],
  );
  await query("insert into latchkey.groups (id, name) values ($1, 'everybody')", [group]);
  await query("insert into latchkey.user_groups select id, $1 from latchkey.users", [group]);
  await query("insert into latchkey.user_permissions select id, 'auth.view_group' from latchkey.users");
  const root = await createPerson(service, { isSuperuser: true });
  busy = await createPerson(service, { username: "busy" });
  clerk = await createPerson(service, { username: "clerk", isStaff: true });
  await query(
    `insert into latchkey.sessions (id, user_id, refresh_hash, idle_expires_at, expires_at, ended_at, end_reason)
      select gen_random_uuid(), $1, sha256(n::text::bytea), latchkey.now() + interval '9 days', latchkey.now() + interval '9 days', latchkey.now(), 'revoked'
      from generate_series(1, $2::int) n`,
    [busy.id, scale.sessions],
  );
  for (let session = 0; session < 48; session++)
    await service.auth.signIn({ username: "busy", password }, service.facts);
  // The person's own, strangers at their name, and what the clerk did to somebody else. Of a fifth it is known from where, many in a row.
  await fillBeforeIndexes(query, "audit_events", () =>
    query(
      `insert into latchkey.audit_events (id, event, actor_id, subject_id, address)
        select uuidv7(), 'signed_in', case when n % 10 = 0 then null else $1::uuid end, $1, case when n / 10000 % 5 = 4 then '192.0.2.1' end
          from generate_series(1, $3::int) n
        union all
        select uuidv7(), 'user_updated', $2::uuid, $1, case when n / 10000 % 5 = 4 then '192.0.2.9' end from generate_series(1, $3::int / 5) n`,
      [busy.id, clerk.id, scale.events],
    ),
  );
  auth = await service.another();
  for (const client of await Promise.all(Array.from({ length: 10 }, () => auth.pool.connect()))) {
    await client.query(`set statement_timeout = ${scale.statement}`);
    client.release();
  }
  admin = await toAdministrator(service, root);
}, 600_000);
afterAll(() => service[Symbol.asyncDispose]());

describe("whatever somebody's past, and without any statistics,", () => {
  test("they are listed, looked at, renamed, disabled, enabled and signed out", async () => {
    await auth.users.list({ username: "busy", limit: 10 });
    await auth.users.list({ groupId: group, limit: 10 });
    await auth.users.get(busy.id);
    expect(await auth.users.listSessions(admin, busy.id)).toHaveLength(49);
    await auth.signIn({ username: "busy", password }, service.facts);
    await auth.users.endSessions(admin, busy.id);
    await auth.users.update(admin, busy.id, { username: "busy2" });
    await auth.users.update(admin, busy.id, { isActive: false });
    await auth.users.update(admin, busy.id, { isActive: true });
    await auth.users.setGroups(admin, busy.id, [group]);
    await auth.users.setPermissions(admin, busy.id, ["auth.view_user"]);
  });

  test("their events are read page by page, the deep ones and the rare ones too", async () => {
    const first = await auth.listAuditEvents({ userId: busy.id, limit: 50 });
    expect(first.events).toHaveLength(50);
    const [middle] = await service.database.query<{ position: string }>(
      "select (max(position) / 2)::bigint as position from latchkey.audit_events",
    );
    const deep = await auth.listAuditEvents({ userId: busy.id, cursor: middle?.position, limit: 50 });
    expect(deep.events).toHaveLength(50);
    expect(new Set(deep.events.map(({ address }) => address))).toEqual(new Set(["192.0.2.1"]));
    const rare = await auth.listAuditEvents({ userId: busy.id, event: "user_created", limit: 50 });
    expect(rare.events.map(({ event }) => event)).toEqual(["user_created"]);
    expect((await auth.listAuditEvents({ event: "sessions_ended", limit: 50 })).events.length).toBeGreaterThan(0);
    expect((await auth.listAuditEvents({ event: "keys_rotated", limit: 50 })).events).toEqual([]);
    const never = await auth.listAuditEvents({ userId: group, event: "signed_in", limit: 50 });
    expect(never).toEqual({ events: [], nextCursor: null });
  });

  test("a group of very many is renamed, changed and deleted, and a permission of very many is pruned", async () => {
    await auth.groups.update(admin, group, { name: "all", permissions: ["auth.view_user"] });
    await auth.groups.update(admin, group, { permissions: [] });
    await auth.groups.delete(admin, group);
    expect(await service.database.query("select from latchkey.user_groups")).toEqual([]);
    await service.database.query("insert into latchkey.permissions values ('old.view_thing')");
    await service.database.query(
      "insert into latchkey.user_permissions select id, 'old.view_thing' from latchkey.users",
    );
    expect((await auth.syncPermissions({ prune: true })).removed).toEqual(["old.view_thing"]);
  });

  test("they are deleted at once; where they were is shown no more, and goes from the table in steps", async () => {
    await auth.users.delete(admin, busy.id);
    await auth.users.delete(admin, clerk.id);
    const addresses =
      "select distinct address from latchkey.audit_events where actor_id = $1 or (subject_id = $1 and actor_id is null)";
    const [middle] = await service.database.query<{ position: string }>(
      "select (max(position) / 2)::bigint as position from latchkey.audit_events",
    );
    const { events } = await auth.listAuditEvents({ userId: busy.id, cursor: middle?.position, limit: 50 });
    expect(new Set(events.map(({ address }) => address))).toEqual(new Set([null]));
    expect(await service.database.query(addresses, [busy.id])).toHaveLength(2);

    const another = await service.another();
    await Promise.all([auth.purge(), another.purge()]);
    await auth.purge();
    for (const id of [busy.id, clerk.id])
      expect(await service.database.query(addresses, [id])).toEqual([{ address: null }]);
    expect(await service.database.query("select from latchkey.erasures")).toEqual([]);
    expect(await service.database.query("select distinct address from latchkey.audit_events")).not.toEqual([
      { address: null },
    ]);
  });
});
