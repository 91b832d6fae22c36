import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Auth, HookRefusal } from "../../index.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";
import { freshFacts, freshNumber, freshUsername, password, signInByCode } from "../../testing/people.ts";

const inbox = createInbox();
const hour = 3_600;

interface Told {
  readonly user: { readonly id: string; readonly phoneNumber: string | null };
  readonly by: string;
  readonly transaction: { query(text: string, values: readonly unknown[]): Promise<unknown> };
}

let told: { id: string; phoneNumber: string | null; by: string }[] = [];
/** What goes wrong in the hook's own code, for a call that is yet to come. */
let failures: unknown[] = [];

/** A team's own copy of who has which number, in which no number is there twice. */
async function mirror({ user: { id, phoneNumber }, by, transaction }: Told): Promise<void> {
  const failure = failures.shift();
  if (failure) throw failure;
  told.push({ id, phoneNumber, by });
  await transaction.query(
    "insert into public.customers (id, phone) values ($1, $2) on conflict (id) do update set phone = excluded.phone",
    [id, phoneNumber],
  );
}

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
  service = await createTestAuth({
    messages,
    codes: { signInByCode: "phone" },
    on: { userCreated: mirror, userUpdated: mirror },
  });
  auth = service.auth;
  await service.database.query("create table public.customers (id uuid primary key, phone text unique)");
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(() => {
  failures = [];
});

const facts = () => freshFacts(service);

/** Somebody with a number that was proved so many days ago, or with none. */
async function createPerson(days: number | null, hasPassword = true) {
  const [username, phoneNumber] = [freshUsername(), freshNumber()];
  const { id } = await auth.createUser({ username, ...(days !== null && { phoneNumber }), password });
  await service.database.query(
    `update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() - make_interval(days => $2),
      password = case when $3 then password else '!' end where id = $1`,
    [id, days, hasPassword],
  );
  return { id, username, phoneNumber };
}

async function openByCode(number: string) {
  const answer = await signInByCode(service, { purpose: "sign_in", to: number, inbox });
  if (!("token" in answer)) throw new Error("a ticket is not enough");
  return auth.authenticate([`Bearer ${answer.token}`]);
}

async function prove(caller: Awaited<ReturnType<typeof openByCode>>, to: string) {
  const { challenge } = await auth.startOwnName(caller, { kind: "phone", to }, facts());
  const { code } = await inbox.take(to);
  told = [];
  return auth.confirmOwnName(caller, { kind: "phone", challenge, code, isNotMine: true }, facts());
}

const readCopy = async (id: string) =>
  (await service.database.query("select phone from public.customers where id = $1", [id]))[0]?.phone ?? null;

describe("a number that moves to another person", () => {
  test("is told of with the account that loses it, before the one that has it, where it is confirmed", async () => {
    const [owner, person] = [await createPerson(46), await createPerson(null)];
    const { token } = await auth.signIn({ username: person.username, password }, facts());
    await prove(await auth.authenticate([`Bearer ${token}`]), owner.phoneNumber);
    expect(told).toEqual([
      { id: owner.id, phoneNumber: null, by: "another_person" },
      { id: person.id, phoneNumber: owner.phoneNumber, by: "owner" },
    ]);
    expect([await readCopy(owner.id), await readCopy(person.id)]).toEqual([null, owner.phoneNumber]);
  });

  test("the same where somebody registers with it", async () => {
    const owner = await createPerson(46);
    const { challenge } = await auth.startCode({ purpose: "enter", to: owner.phoneNumber }, facts());
    const { code } = await inbox.take(owner.phoneNumber);
    const answer = await auth.signInByCode({ challenge, code }, facts());
    if (!("ticket" in answer)) throw new Error("a recycled number opened the account");
    told = [];
    const { user } = await auth.register({ ticket: answer.ticket, isNotMine: true }, facts());
    expect(told).toEqual([
      { id: owner.id, phoneNumber: null, by: "another_person" },
      { id: user.id, phoneNumber: owner.phoneNumber, by: "registration" },
    ]);
  });

  test("the same where the change has waited", async () => {
    const [owner, person] = [await createPerson(46), await createPerson(1, false)];
    const answer = await prove(await openByCode(person.phoneNumber), owner.phoneNumber);
    expect(answer.pending?.kind).toBe("set_phone");
    told = [];
    await service.clock.advance(73 * hour);
    await auth.applyDueChanges();
    expect(told).toEqual([
      { id: owner.id, phoneNumber: null, by: "another_person" },
      { id: person.id, phoneNumber: owner.phoneNumber, by: "owner" },
    ]);
  });
});

describe("a change that has waited, and whose hook", () => {
  const waiting = async () => {
    const [person, number] = [await createPerson(1, false), freshNumber()];
    await prove(await openByCode(person.phoneNumber), number);
    await service.clock.advance(73 * hour);
    return { ...person, number };
  };
  const readDrops = async (id: string) =>
    (
      await service.database.query<{ because: string }>(
        "select detail ->> 'because' as because from latchkey.audit_events where event = 'change_dropped' and subject_id = $1",
        [id],
      )
    ).map(({ because }) => because);

  test("fails, waits for the next run, and the operator is told", async () => {
    const { id, number } = await waiting();
    failures = [new Error("a deadlock in the team's own table")];
    await expect(auth.applyDueChanges()).rejects.toMatchObject({ code: "hook_failed" });
    expect(await readDrops(id)).toEqual([]);
    expect(await auth.applyDueChanges()).toBe(1);
    expect(await readCopy(id)).toBe(number);
  });

  test("fails for three days, is dropped, and its owner is told", { tags: ["long"] }, async () => {
    const { id } = await waiting();
    failures = [new Error("a defect"), new Error("a defect")];
    await expect(auth.applyDueChanges()).rejects.toMatchObject({ code: "hook_failed" });
    await service.clock.advance(72 * hour);
    expect(await auth.applyDueChanges()).toBe(1);
    expect(await readDrops(id)).toEqual(["hook"]);
    const notices = await service.database.query("select kind from latchkey.notices where user_id = $1", [id]);
    expect(notices.map(({ kind }) => kind)).toContain("change_stopped");
  });

  test("refuses it, is dropped at once, and its owner is told", async () => {
    const { id } = await waiting();
    failures = [new HookRefusal("Not this number")];
    expect(await auth.applyDueChanges()).toBe(1);
    expect(await readDrops(id)).toEqual(["hook"]);
    const notices = await service.database.query("select kind from latchkey.notices where user_id = $1", [id]);
    expect(notices.map(({ kind }) => kind)).toContain("change_stopped");
  });
});
