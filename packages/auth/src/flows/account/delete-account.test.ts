import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";
import { codeOf, freshFacts, freshNumber, freshUsername, password, signInByCode } from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const [sms, email] = [createInbox(), createInbox()];
const newPassword = "a better horse battery";
const day = 86_400;
const told: string[] = [];

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({
    messages: { senders: { sms, email }, isEnforced: false },
    on: { userDeleted: ({ user }) => void told.push(user.id) },
  });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);

interface Person {
  readonly id: string;
  readonly username: string;
  readonly phoneNumber: string | null;
}

/** Somebody with a password, and a number that they have proved. */
async function createPerson({ hasNumber = true, hasPassword = true, isSuperuser = false } = {}): Promise<Person> {
  const username = freshUsername();
  const phoneNumber = hasNumber ? freshNumber() : null;
  const { id } = await auth.createUser({ username, password, isSuperuser, ...(phoneNumber && { phoneNumber }) });
  await service.database.query(
    `update latchkey.users set phone_vouched_at = null,
      phone_proved_at = case when phone_number is not null then latchkey.now() end,
      password = case when $2 then password else '!' end,
      username = case when $2 then username end, username_key = case when $2 then username_key end where id = $1`,
    [id, hasPassword],
  );
  return { id, username, phoneNumber };
}

async function signIn({ username }: Pick<Person, "username">, typed = password) {
  const answer = await auth.signIn({ username, password: typed }, facts());
  return { ...answer, caller: await auth.authenticate([`Bearer ${answer.token}`]) };
}

async function openByCode(number: string) {
  const answer = await signInByCode(service, { purpose: "sign_in", to: number, inbox: sms });
  if (!("token" in answer)) throw new Error("a ticket is not enough");
  return { ...answer, caller: await auth.authenticate([`Bearer ${answer.token}`]) };
}

const ask = (caller: Principal) => auth.deleteOwnAccount(caller, facts());

/** Somebody whose account waits to be deleted, and what they had. */
async function leave(more: Parameters<typeof createPerson>[0] = {}) {
  const person = await createPerson(more);
  const session = await signIn(person);
  return { ...person, ...session, deletion: await ask(session.caller) };
}

const isThere = async ({ id }: Pick<Person, "id">) =>
  (await service.database.query("select from latchkey.users where id = $1", [id])).length === 1;
const isWaiting = async ({ id }: Pick<Person, "id">) =>
  (await service.database.query("select from latchkey.account_deletions where user_id = $1", [id])).length === 1;

const wait = async (seconds: number) => {
  await service.clock.advance(seconds);
  await auth.purge();
};

async function eventsOf({ id }: Pick<Person, "id">) {
  const rows = await service.database.query<{ event: string; detail: Record<string, unknown>; address: string | null }>(
    "select event, detail, address from latchkey.audit_events where subject_id = $1 order by position",
    [id],
  );
  return rows;
}

const noticesOf = async ({ id }: Pick<Person, "id">) => {
  const rows = await service.database.query<{ kind: string }>(
    "select kind from latchkey.notices where user_id = $1 order by id",
    [id],
  );
  return rows.map(({ kind }) => kind);
};

async function messagesTo(number: string | null): Promise<string[]> {
  await auth.sendDueMessages();
  const due = () => service.database.query("select from latchkey.notice_messages where due_at is not null");
  await expect.poll(due).toEqual([]);
  return sms.notices.filter(({ to }) => to === number).map(({ kind }) => kind);
}

describe("a person who deletes their account", () => {
  test("is signed out everywhere at once, is told by each proved way, and is gone after 14 days, to the last row", async () => {
    const person = await createPerson();
    const [session, other] = [await signIn(person), await signIn(person)];
    const { dueAt, kept } = await ask(session.caller);
    expect(Math.round((dueAt.getTime() - service.clock.now().getTime()) / (day * 1000))).toBe(14);
    expect(kept.map(({ what }) => what)).toEqual(["audit_trail", "erasure"]);
    for (const { token, refreshToken } of [session, other]) {
      expect(await auth.authenticate([`Bearer ${token}`]).catch(codeOf)).toBe("session_ended");
      expect(await auth.refresh(refreshToken, facts()).catch(codeOf)).toBe("session_ended");
    }
    expect(await messagesTo(person.phoneNumber)).toContain("deletion_requested");
    await wait(14 * day - 60);
    expect(await isThere(person)).toBe(true);
    await wait(120);
    expect(await isThere(person)).toBe(false);
    expect(told).toContain(person.id);
    expect((await eventsOf(person)).at(-1)).toMatchObject({ event: "user_deleted", detail: { by: "owner" } });
    expect((await eventsOf(person)).filter(({ address }) => address !== null)).toEqual([]);
    const { digest } = (
      await service.database.query<{ digest: string }>(
        "select encode(digest, 'hex') as digest from latchkey.erased_users where digest = sha256(convert_to($1, 'UTF8'))",
        [person.id],
      )
    )[0] ?? { digest: "" };
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    // Their names are anybody's.
    const next = await auth.createUser({
      username: person.username,
      phoneNumber: person.phoneNumber ?? "",
      password,
    });
    expect(next.id).not.toBe(person.id);
  });

  test("takes it back by signing in, on the last day too, which the answer, a notice and a message say", async () => {
    const person = await leave();
    await wait(14 * day - 120);
    const { deletionStopped, token } = await auth.signIn({ username: person.username, password }, facts());
    expect(deletionStopped).toBe(true);
    expect(await messagesTo(person.phoneNumber)).toContain("deletion_stopped");
    await wait(30 * day);
    expect(await isThere(person)).toBe(true);
    expect(await noticesOf(person)).toEqual(expect.arrayContaining(["deletion_requested", "deletion_stopped"]));
    expect((await eventsOf(person)).filter(({ event }) => event === "deletion_stopped")).toMatchObject([
      { detail: { by: "sign_in" } },
    ]);
    expect(token).not.toBe("");
    expect((await auth.signIn({ username: person.username, password }, facts())).deletionStopped).toBeUndefined();
  });

  test("whom no message reaches has 30 days, since nothing tells them before they come back", async () => {
    const person = await leave({ hasNumber: false });
    await wait(29 * day);
    expect(await isThere(person)).toBe(true);
    await wait(2 * day);
    expect(await isThere(person)).toBe(false);
  });

  test("has 30 days where the number is told that they proved long ago, since another person may have it by now", async () => {
    const person = await createPerson();
    const old = "update latchkey.users set phone_proved_at = latchkey.now() - interval '41 days' where id = $1";
    await service.database.query(old, [person.id]);
    const { caller } = await signIn(person);
    const { dueAt } = await ask(caller);
    expect(Math.round((dueAt.getTime() - service.clock.now().getTime()) / (day * 1000))).toBe(30);
    expect(await messagesTo(person.phoneNumber)).toContain("deletion_requested");
    expect((await eventsOf(person)).at(-1)).toMatchObject({
      event: "deletion_requested",
      detail: { seconds: 30 * day },
    });
  });

  test("whose number is all they have shows its code, and takes it back by one", { tags: ["long"] }, async () => {
    const person = await createPerson({ hasPassword: false });
    const number = person.phoneNumber ?? "";
    const { caller } = await openByCode(number);
    await service.clock.advance(700);
    expect(await ask(caller).catch(codeOf)).toBe("reauthentication_required");
    const { challenge } = await auth.startReauthentication(caller, { current: "phone" }, facts());
    await auth.reauthenticateByCode(caller, { challenge, code: (await sms.take(number)).code }, facts());
    await ask(caller);
    await wait(13 * day);
    expect((await openByCode(number)).deletionStopped).toBe(true);
    await wait(30 * day);
    expect(await isThere(person)).toBe(true);
  });

  test("asks for it twice at once and is answered once", async () => {
    const person = await createPerson();
    const { caller } = await signIn(person);
    const answers = await Promise.all([ask(caller).catch(codeOf), ask(caller).catch(codeOf)]);
    expect(answers.filter((answer) => answer === "session_ended")).toHaveLength(1);
    expect((await noticesOf(person)).filter((kind) => kind === "deletion_requested")).toHaveLength(1);
  });
});

describe("an account is not deleted", () => {
  test("by a thief with a session, who has not shown within ten minutes that it is them", async () => {
    const person = await createPerson();
    const { caller } = await signIn(person);
    await service.clock.advance(601);
    expect(await ask(caller).catch(codeOf)).toBe("reauthentication_required");
    expect(await isWaiting(person)).toBe(false);
  });

  test("by an ex-partner who knows the password and changed it: a device that was known stops it, forgotten or not", async () => {
    const person = await createPerson({ hasNumber: false });
    const { deviceMark } = await signIn(person);
    const thief = await signIn(person);
    await auth.changePassword(thief.caller, { currentPassword: password, newPassword }, facts());
    await auth.forgetDevices(thief.caller, facts());
    await service.clock.advance(10 * day);
    const { caller } = await signIn(person, newPassword);
    await ask(caller);
    await service.clock.advance(29 * day);
    await auth.stopPendingChanges({ username: person.username, deviceMark }, facts());
    expect(await isWaiting(person)).toBe(false);
    await wait(30 * day);
    expect(await isThere(person)).toBe(true);
  });

  test("once its owner has set a new password by a code, without a sign-in after it", { tags: ["long"] }, async () => {
    const person = await leave();
    const { challenge } = await auth.startReset({ username: person.phoneNumber ?? "" }, facts());
    const { code } = await sms.take(person.phoneNumber ?? "");
    await auth.resetPasswordByCode({ challenge, code, newPassword }, facts());
    expect(await isWaiting(person)).toBe(false);
    expect(await noticesOf(person)).toContain("deletion_stopped");
  });

  test("while it is disabled: whoever is disabled cannot take it back", async () => {
    const person = await leave();
    await auth.operator.update(person.username, { isActive: false });
    expect(await isWaiting(person)).toBe(false);
    const other = await leave();
    // As a process of the release before does it, which knows of no deletion.
    await service.database.query("update latchkey.users set is_active = false where id = $1", [other.id]);
    await wait(15 * day);
    expect([await isThere(person), await isThere(other)]).toEqual([true, true]);
  });

  test("twice: an administrator who deletes it meanwhile leaves nothing to do", async () => {
    const person = await leave();
    await auth.operator.delete(person.username);
    await wait(15 * day);
    expect((await eventsOf(person)).filter(({ event }) => event === "user_deleted")).toHaveLength(1);
  });

  test("where a table of a team's own holds on to it: that is told, and keeps nobody else's from being deleted", async () => {
    const [held, free] = [await leave(), await leave()];
    const { query } = service.database;
    await query("create table public.orders (user_id uuid references latchkey.users)");
    await query("insert into public.orders values ($1)", [held.id]);
    await service.clock.advance(15 * day);
    await expect(auth.purge()).rejects.toThrow("orders");
    expect([await isThere(held), await isThere(free)]).toEqual([true, false]);
    await query("drop table public.orders");
    await auth.purge();
    expect(await isThere(held)).toBe(false);
  });

  test("where it is the last superuser's, when it is asked for and when it is due", { tags: ["long"] }, async () => {
    await using alone = await createTestAuth();
    const open = async (username: string) => {
      await alone.auth.createUser({ username, password, isSuperuser: true });
      const { token } = await alone.auth.signIn({ username, password }, alone.facts);
      return alone.auth.authenticate([`Bearer ${token}`]);
    };
    const first = await open("first_boss");
    expect(await alone.auth.deleteOwnAccount(first, alone.facts).catch(codeOf)).toBe("permission_denied");
    await open("second_boss");
    await alone.auth.deleteOwnAccount(first, alone.facts);
    await alone.auth.operator.delete("second_boss");
    await alone.clock.advance(40 * day);
    expect(await alone.auth.purge()).toMatchObject({ accounts: 0 });
    expect(await alone.database.query("select from latchkey.users")).toHaveLength(1);
  });

  test("by two processes at once more than once, nor by one beside a sign-in that came first", async () => {
    const people = await Promise.all(Array.from({ length: 4 }, () => leave()));
    await service.clock.advance(15 * day);
    const stays = people.slice(0, 2);
    await Promise.all(stays.map((person) => signIn(person)));
    const runs = await Promise.all([auth, await service.another()].map((process) => process.purge()));
    expect(runs.reduce((sum, { accounts }) => sum + accounts, 0)).toBe(2);
    expect(await Promise.all(people.map(isThere))).toEqual([true, true, false, false]);
  });
});

test("somebody who came from another system leaves a marker, so that the next import does not bring them back", async () => {
  const username = freshUsername();
  const key = { source: "django", oldId: "4711" };
  const round = await auth.importedUsers.startRound({ source: "django", startedAt: service.clock.now() });
  await auth.importedUsers.record(round, [{ oldId: key.oldId, username, phoneNumber: null }]);
  await auth.importedUsers.completeRound(round, { people: 1 });
  const { id } = await auth.createUser({ username, password, importedFrom: key });
  const { caller } = await signIn({ username });
  expect((await ask(caller)).kept.map(({ what }) => what)).toEqual(["audit_trail", "erasure", "imported_person"]);
  await wait(31 * day);
  expect(await isThere({ id })).toBe(false);
  expect(await auth.importedUsers.listWithoutAccount("django")).toEqual([]);
});
