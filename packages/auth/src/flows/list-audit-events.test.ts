import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import type { Administrator } from "./administer-users.ts";

const password = "kanarya phrase one";
const newPassword = "kanarya phrase two";
const canaries = {
  phoneNumber: "+905321239876",
  email: "kanarya@example.com",
  firstName: "Kanarya",
  city: "Kanaryaköy",
};

let service: TestAuth;
let admin: Administrator;
beforeAll(async () => {
  service = await createTestAuth({ models: ["notes.note"] });
  admin = await signInAsSuperuser();
});
afterAll(() => service[Symbol.asyncDispose]());

const freshName = () => `p${randomUUID().replaceAll("-", "")}`;

async function signInAsSuperuser(): Promise<Administrator> {
  const { auth, facts } = service;
  await auth.createUser({ username: "boss", password, isSuperuser: true });
  const { token } = await auth.login({ username: "boss", password }, facts);
  return { ...(await auth.authenticate([`Bearer ${token}`])), facts };
}

/** Somebody new with a session and a code to set a password, and a group: what the deeds below are done to. */
async function prepareTarget() {
  const { auth, facts } = service;
  const username = freshName();
  const { user, setPasswordCode: code } = await auth.users.create(admin, { username });
  await auth.operator.changePassword(username, password);
  const { token } = await auth.login({ username, password }, facts);
  const caller = await auth.authenticate([`Bearer ${token}`]);
  const group = await auth.groups.create(admin, { name: freshName(), permissions: [] });
  return { id: user.id, username, code, caller, group };
}

type Target = Awaited<ReturnType<typeof prepareTarget>>;

interface Deed {
  readonly does: string;
  run(target: Target): Promise<unknown>;
  /** The events that it leaves, in order, and of the last: whose deed it is and whom it is about. */
  readonly leaves: readonly string[];
  readonly actor: "admin" | "self" | "nobody";
  readonly subject: "target" | "nobody" | "somebody new";
  readonly detail?: (target: Target) => unknown;
}

const byAdmin = { actor: "admin", subject: "target" } as const;
const byOperator = { actor: "nobody", subject: "target" } as const;

const deeds: readonly Deed[] = [
  {
    does: "register",
    run: () => service.auth.register({ username: freshName(), password, ...canaries }, service.facts),
    leaves: ["user_created"],
    actor: "self",
    subject: "somebody new",
    detail: () => ({ by: "registration" }),
  },
  {
    does: "resetPassword",
    run: ({ username, code }) => service.auth.resetPassword({ username, code, newPassword }, service.facts),
    leaves: ["password_reset"],
    actor: "nobody",
    subject: "target",
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    does: "users.create",
    run: () => service.auth.users.create(admin, { username: freshName(), firstName: "Kanarya" }),
    leaves: ["user_created", "set_password_code_issued"],
    actor: "admin",
    subject: "somebody new",
    detail: () => ({}),
  },
  {
    ...byAdmin,
    does: "users.update",
    run: ({ id }) =>
      service.auth.users.update(admin, id, { city: "Kanaryaköy", isActive: false, phoneNumber: null, email: null }),
    leaves: ["user_updated"],
    detail: () => ({ fields: ["city", "isActive", "phoneNumber", "email"] }),
  },
  {
    ...byAdmin,
    does: "users.delete",
    run: ({ id }) => service.auth.users.delete(admin, id),
    leaves: ["user_deleted"],
    detail: () => ({}),
  },
  {
    ...byAdmin,
    does: "users.setGroups",
    run: ({ id, group }) => service.auth.users.setGroups(admin, id, [group.id]),
    leaves: ["groups_set"],
    detail: ({ group }) => ({ groups: [group.id] }),
  },
  {
    ...byAdmin,
    does: "users.setPermissions",
    run: ({ id }) => service.auth.users.setPermissions(admin, id, ["notes.add_note"]),
    leaves: ["permissions_set"],
    detail: () => ({ permissions: ["notes.add_note"] }),
  },
  {
    ...byAdmin,
    does: "users.endSessions",
    run: ({ id }) => service.auth.users.endSessions(admin, id),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "ended_by_administrator", count: 1 }),
  },
  {
    does: "groups.create",
    run: () => service.auth.groups.create(admin, { name: freshName(), permissions: ["notes.add_note"] }),
    leaves: ["group_created"],
    actor: "admin",
    subject: "nobody",
  },
  {
    does: "groups.update",
    run: ({ group }) => service.auth.groups.update(admin, group.id, { permissions: ["notes.add_note"] }),
    leaves: ["group_updated"],
    actor: "admin",
    subject: "nobody",
    detail: ({ group }) => ({ group: group.id, permissions: ["notes.add_note"] }),
  },
  {
    does: "groups.delete",
    run: ({ group }) => service.auth.groups.delete(admin, group.id),
    leaves: ["group_deleted"],
    actor: "admin",
    subject: "nobody",
    detail: ({ group }) => ({ group: group.id }),
  },
  {
    ...byOperator,
    does: "operator.changePassword",
    run: ({ username }) => service.auth.operator.changePassword(username, newPassword),
    leaves: ["password_reset"],
    detail: () => ({ sessionsEnded: 1 }),
  },
  {
    ...byOperator,
    does: "operator.grant, of a permission",
    run: ({ username }) => service.auth.operator.grant(username, { permission: "notes.add_note" }),
    leaves: ["permissions_set"],
    detail: () => ({ permissions: ["notes.add_note"] }),
  },
  {
    ...byOperator,
    does: "operator.grant, of a group",
    run: ({ username, group }) => service.auth.operator.grant(username, { group: group.name }),
    leaves: ["groups_set"],
    detail: ({ group }) => ({ groups: [group.id] }),
  },
  {
    ...byOperator,
    does: "operator.revoke",
    run: ({ username }) => service.auth.operator.revoke(username, { permission: "notes.add_note" }),
    leaves: ["permissions_set"],
    detail: () => ({ permissions: [] }),
  },
  {
    ...byOperator,
    does: "operator.endSessions",
    run: ({ username }) => service.auth.operator.endSessions(username),
    leaves: ["sessions_ended"],
    detail: () => ({ because: "ended_by_administrator", count: 1 }),
  },
];

interface EventRow {
  event: string;
  actor_id: string | null;
  subject_id: string | null;
  address: string | null;
  request_id: string | null;
  detail: unknown;
}

const readEvents = () => service.database.query<EventRow>("select * from latchkey.audit_events order by position");

describe.each(deeds)("$does", (deed) => {
  test("leaves its event, with who, whom, from where and in which request", async () => {
    const target = await prepareTarget();
    const before = await readEvents();
    await deed.run(target);
    const left = (await readEvents()).slice(before.length);
    expect(left.map(({ event }) => event)).toEqual(deed.leaves);
    const last = left.at(-1);
    const actors = { admin: admin.user.id, self: last?.subject_id, nobody: null };
    const subjects = { target: target.id, nobody: null, "somebody new": expect.stringMatching(/^[0-9a-f-]{36}$/) };
    expect(last).toMatchObject({ actor_id: actors[deed.actor], subject_id: subjects[deed.subject] });
    if (deed.detail) expect(last?.detail).toEqual(deed.detail(target));
    const isOperator = deed.does.startsWith("operator");
    const { address, requestId } = isOperator ? { address: null, requestId: null } : service.facts;
    expect(last).toMatchObject({ address, request_id: requestId });
  });

  test("leaves nothing at all, neither deed nor event, when it fails at the very end", async () => {
    const target = await prepareTarget();
    await using _broken = await breakCommits();
    const before = await readEverything();
    await expect(deed.run(target)).rejects.toThrow("broken by the test");
    expect(await readEverything()).toEqual(before);
  });
});

/** Whatever writes an event fails when it commits, after everything that it does. */
async function breakCommits(): Promise<AsyncDisposable> {
  const { query } = service.database;
  await query(`create or replace function latchkey.fail() returns trigger language plpgsql
    as $$ begin raise exception 'broken by the test'; end $$`);
  await query(`create constraint trigger broken after insert on latchkey.audit_events
    deferrable initially deferred for each row execute function latchkey.fail()`);
  return {
    async [Symbol.asyncDispose]() {
      await query("drop trigger broken on latchkey.audit_events");
    },
  };
}

async function readEverything(): Promise<unknown> {
  const tables = await service.database.query<{ name: string }>(
    // An attempt counts whatever comes of it.
    "select tablename as name from pg_tables where schemaname = 'latchkey' and tablename <> 'throttles' order by 1",
  );
  return Promise.all(
    tables.map(async ({ name }) => [
      name,
      await service.database.query(`select t::text from latchkey.${name} t order by 1`),
    ]),
  );
}

test("no event holds a password, a code, a name, a phone number or an e-mail address, whatever was done", async () => {
  const target = await prepareTarget();
  const { auth, facts } = service;
  await auth.updateProfile(target.caller, { firstName: canaries.firstName, city: canaries.city }, facts);
  await auth.users.update(admin, target.id, {
    ...canaries,
    email: "kanarya2@example.com",
    phoneNumber: "+905321239877",
  });
  await expect(auth.login({ username: "kanarya2@example.com", password: newPassword }, facts)).rejects.toThrow();
  await expect(
    auth.resetPassword({ username: target.username, code: "KANAR-YAKAN", newPassword }, facts),
  ).rejects.toThrow();
  await auth.resetPassword({ username: target.username, code: target.code, newPassword }, facts);
  await auth.register({ username: freshName(), password, ...canaries, phoneNumber: "+905321239878" }, facts);
  const events = JSON.stringify(await readEvents());
  expect(events).toContain(target.id);
  for (const secret of [target.code, target.code.replaceAll("-", ""), target.username, "+90532123987", "bcrypt"]) {
    expect(events).not.toContain(secret);
  }
  expect(events).not.toMatch(/kanar/i);
});
