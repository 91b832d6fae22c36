import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { noticeKinds } from "../../messages/notice.ts";
import { noticeTexts } from "../../messages/notice-texts.ts";
import { SendError } from "../../messages/sender.ts";
import { createInbox, createTestAuth, shareOut, showTotp, type TestAuth } from "../../testing/index.ts";

const [sms, email] = [createInbox(), createInbox()];
const [password, newPassword] = ["correct horse battery", "a better horse battery"];
const told: { kind: string; username: string | null }[] = [];
let isHookBroken = false;

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({
    // No country is named: notices go to every one.
    messages: { senders: { sms, email }, app: "Shop" },
    onError: () => {},
    on: {
      noticeKept({ user, notice }) {
        if (isHookBroken) throw new Error("broken by the test");
        told.push({ kind: notice.kind, username: user.username });
      },
    },
  });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;
const facts = (more = {}) => ({ ...service.facts, address: `2001:db8:${(++people).toString(16)}::1`, ...more });

/** Somebody with a number and an address that they have proved, signed in. */
async function createPerson({ isProved = true } = {}) {
  const username = `noticed_${++people}`;
  const phoneNumber = `+9053288${String(people).padStart(5, "0")}`;
  const address = `${username}@example.com`;
  const { id } = await auth.createUser({ username, phoneNumber, email: address, password });
  if (isProved)
    await service.database.query(
      `update latchkey.users set phone_proved_at = latchkey.now(), email_proved_at = latchkey.now() where id = $1`,
      [id],
    );
  const { token, deviceMark } = await auth.signIn({ username, password }, facts());
  return {
    id,
    username,
    phoneNumber,
    email: address,
    deviceMark,
    caller: await auth.authenticate([`Bearer ${token}`]),
  };
}

type Person = Awaited<ReturnType<typeof createPerson>>;

const listOf = async ({ caller }: Person) => (await auth.listNotices(caller, { limit: 100 })).notices;
const kindsOf = async (person: Person) => (await listOf(person)).map(({ kind }) => kind);

/** What was sent to somebody since, by where it went. */
async function sentTo(addresses: readonly string[]) {
  await auth.sendDueMessages();
  // What the process itself has taken meanwhile is on its way.
  const due = () => service.database.query("select from latchkey.notice_messages where due_at is not null");
  await expect.poll(due).toEqual([]);
  const all = [...sms.notices, ...email.notices];
  return addresses.map((to) => all.filter((notice) => notice.to === to).map(({ kind }) => kind));
}

/** Sends what is due, and then looks. */
const sending =
  <T>(by: Auth, look: () => T | Promise<T>) =>
  async () => {
    await by.sendDueMessages();
    return look();
  };

async function superuser() {
  const username = `boss_${++people}`;
  await auth.createUser({ username, password, isSuperuser: true });
  const { token } = await auth.signIn({ username, password }, facts());
  return { ...(await auth.authenticate([`Bearer ${token}`])), facts: facts() };
}

const signIn = ({ username }: Person, typed = password, deviceMark?: string) =>
  auth.signIn({ username, password: typed, deviceMark }, facts());

const happenings: readonly [kind: string, happens: (person: Person) => Promise<unknown>][] = [
  [
    "password_changed",
    ({ caller }) => auth.changePassword(caller, { currentPassword: password, newPassword }, facts()),
  ],
  ["password_reset", ({ username }) => auth.operator.changePassword(username, newPassword)],
  ["password_code_issued", async ({ id }) => auth.users.createPasswordCode(await superuser(), id)],
  ["name_changed", async ({ id }) => auth.users.update(await superuser(), id, { username: `other_${++people}` })],
  [
    "change_stopped",
    async ({ caller, username }) => {
      const kind = "email";
      const { challenge } = await auth.startOwnName(caller, { kind, to: `next_of_${username}@example.com` }, facts());
      const { code } = await email.take(`next_of_${username}@example.com`);
      const { pending } = await auth.confirmOwnName(caller, { kind, challenge, code }, facts());
      await auth.stopPendingChange(caller, pending?.id ?? "", facts());
    },
  ],
  ["rights_changed", async ({ id }) => auth.users.setPermissions(await superuser(), id, ["auth.view_user"])],
  [
    "second_factor_changed",
    async ({ caller }) => {
      const { ticket, secret } = await auth.startTotp(caller, facts());
      await auth.confirmTotp(caller, { ticket, totp: await showTotp(service, secret) }, facts());
    },
  ],
  ["recovery_codes_created", ({ caller }) => auth.createRecoveryCodes(caller, facts())],
  ["new_device", (person) => signIn(person)],
  [
    "failed_sign_ins",
    async (person) => {
      for (let time = 0; time < 6; time += 1) await signIn(person, "a guess").catch(() => {});
    },
  ],
];

describe("a notice", () => {
  for (const { tags, cases } of shareOut(happenings, 6))
    test.each(cases)(
      "%s is kept and sent to each number and address that was proved",
      { tags },
      async (kind, happens) => {
        const person = await createPerson();
        await happens(person);
        const { token } = await auth
          .signIn(
            {
              username: (await auth.users.get(person.id)).user.username ?? "",
              password: kind.startsWith("password_") && kind !== "password_code_issued" ? newPassword : password,
              deviceMark: person.deviceMark,
            },
            facts(),
          )
          .catch(() => ({ token: "" }));
        const caller = token ? await auth.authenticate([`Bearer ${token}`]) : person.caller;
        expect(await kindsOf({ ...person, caller })).toContain(kind);
        const [bySms, byEmail] = await sentTo([person.phoneNumber, person.email]);
        expect([bySms?.filter((one) => one === kind), byEmail?.filter((one) => one === kind)]).toEqual([
          [kind],
          [kind],
        ]);
      },
    );

  test("goes nowhere that is not proved, and is in the list all the same", async () => {
    const person = await createPerson({ isProved: false });
    await auth.createRecoveryCodes(person.caller, facts());
    expect(await kindsOf(person)).toEqual(["recovery_codes_created"]);
    expect(await sentTo([person.phoneNumber, person.email])).toEqual([[], []]);
  });

  test("of a recovery code says so, and in the language of the one who used it how to undo it", async () => {
    const person = await createPerson();
    const { codes } = await auth.createRecoveryCodes(person.caller, facts());
    const { ticket } = await auth.startRecovery({ code: codes[0] ?? "" }, facts());
    await auth.recover({ ticket, newPassword }, facts({ locale: "fr-CA" }));
    await sentTo([person.phoneNumber]);
    const notice = sms.notices.find(({ to, kind }) => to === person.phoneNumber && kind === "recovery_code_used");
    expect(notice).toMatchObject({ locale: "fr", channel: "sms" });
    expect(notice?.text).toBe(
      "Un code de secours a défini un nouveau mot de passe Shop; tous les appareils sont déconnectés. Ce n'est pas vous? Changez le mot de passe maintenant et créez de nouveaux codes de secours.",
    );
  });

  test("of codes that a thief has made says what rids the owner of them, which another password does not", async () => {
    const person = await createPerson();
    const { codes } = await auth.createRecoveryCodes(person.caller, facts());
    await sentTo([person.phoneNumber]);
    const notice = sms.notices.find(({ to, kind }) => to === person.phoneNumber && kind === "recovery_codes_created");
    expect(notice?.text).toContain("Set a new password now and make new recovery codes.");
    const refusalOf = (code = "") =>
      auth.startRecovery({ code }, facts()).then(
        () => null,
        (error) => error.code,
      );
    await auth.changePassword(person.caller, { currentPassword: password, newPassword }, facts());
    await auth.revokeOtherSessions(person.caller, facts());
    expect(await refusalOf(codes[0])).toBeNull();
    await auth.createRecoveryCodes(person.caller, facts());
    for (const code of codes) expect(await refusalOf(code)).toBe("code_invalid");
  });

  test.each(Object.entries(noticeTexts))("of what goes on after another password says so in %s", (_, texts) => {
    const { undo, undoCodes, undoFactors } = texts;
    expect(new Set([undo, undoCodes, undoFactors]).size).toBe(3);
    expect([undo, undoCodes, undoFactors]).not.toContain(undefined);
  });

  test("is in its owner's language, whatever the program of whoever acts asks for, and where nobody's does", async () => {
    const person = await createPerson();
    await auth.signIn({ username: person.username, password, deviceMark: person.deviceMark }, facts({ locale: "tr" }));
    await signIn(person);
    await auth.signIn({ username: person.username, password }, facts({ locale: "hi" }));
    await auth.operator.changePassword(person.username, newPassword);
    await sentTo([person.phoneNumber]);
    const own = sms.notices.filter(({ to }) => to === person.phoneNumber);
    expect(own.map(({ kind, locale }) => [kind, locale])).toEqual([
      ["new_device", "tr"],
      ["new_device", "tr"],
      ["password_reset", "tr"],
    ]);
  });

  test("of a number that an administrator replaced goes to the number before, and the new one is not proved", async () => {
    const person = await createPerson();
    const next = `+9053289${String(++people).padStart(5, "0")}`;
    await auth.users.update(await superuser(), person.id, { phoneNumber: next });
    expect(await sentTo([person.phoneNumber, person.email, next])).toEqual([["name_changed"], ["name_changed"], []]);
  });

  test("of a number that went goes to that number though its proof is old: most owners can be reached by nothing else", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson();
    await service.database.query(
      "update latchkey.users set phone_proved_at = latchkey.now() - interval '50 days', email = null, email_key = null, email_proved_at = null where id = $1",
      [person.id],
    );
    await auth.users.update(await superuser(), person.id, { phoneNumber: null });
    expect(await sentTo([person.phoneNumber])).toEqual([["name_changed"]]);
  });

  test("of a number that another person has proved never goes to that number", async () => {
    const person = await createPerson();
    const { id, phoneNumber } = person;
    const old = "update latchkey.users set phone_proved_at = latchkey.now() - interval '50 days' where id = $1";
    await service.database.query(old, [id]);
    const stranger = await service.another({
      messages: { senders: { sms, email }, isEnforced: false },
      onError: () => {},
    });
    const { challenge } = await stranger.startCode({ purpose: "enter", to: phoneNumber }, facts());
    const { code } = await sms.take(phoneNumber);
    const answer = await stranger.signInByCode({ challenge, code }, facts());
    if (!("ticket" in answer)) throw new Error("the number was not beyond its trust");
    await stranger.register({ ticket: answer.ticket, isNotMine: true }, facts());
    expect(await sentTo([phoneNumber, person.email])).toEqual([[], ["name_lost"]]);
    expect(await kindsOf(person)).toEqual(["name_lost"]);
    // Where the other person is, is told to nobody whose number it was.
    const { events } = await auth.listActivity(person.caller, { limit: 10 });
    const lost = events.find(({ event }) => event === "name_lost");
    expect(lost).toMatchObject({ isByOther: true, address: null });
  });

  test("of a device is for the first sign-in with it alone", async () => {
    const person = await createPerson();
    await signIn(person, password, person.deviceMark);
    expect(await kindsOf(person)).toEqual([]);
    await signIn(person);
    expect(await listOf(person)).toMatchObject([
      { kind: "new_device", address: expect.stringContaining("2001:db8"), device: "test" },
    ]);
  });

  test("of failed sign-ins begins with the fifth, once a day, and tells nothing of who tried", async () => {
    const person = await createPerson();
    const guess = () => signIn(person, "a guess").catch(() => {});
    for (let time = 0; time < 4; time += 1) await guess();
    expect(await kindsOf(person)).toEqual([]);
    for (let time = 0; time < 4; time += 1) await guess();
    expect(await listOf(person)).toMatchObject([{ kind: "failed_sign_ins", address: null, device: null }]);
  });

  test("of failed sign-ins counts wrong passwords in a session as well", { tags: ["long"] }, async () => {
    const person = await createPerson();
    const { caller } = person;
    const show = () => auth.reauthenticate(caller, { password: "a guess" }, facts()).catch(() => {});
    const change = () =>
      auth.changePassword(caller, { currentPassword: "a guess", newPassword }, facts()).catch(() => {});
    await signIn(person, "a guess").catch(() => {});
    for (const guess of [show, show, change]) await guess();
    expect(await kindsOf(person)).toEqual([]);
    await change();
    expect(await kindsOf(person)).toEqual(["failed_sign_ins"]);
  });

  test("is sent three times a day of one kind at most; the list has them all", async () => {
    const person = await createPerson();
    for (let time = 0; time < 5; time += 1) await signIn(person);
    expect(await kindsOf(person)).toHaveLength(5);
    expect((await sentTo([person.phoneNumber]))[0]).toHaveLength(3);
  });

  test("is nobody else's to read or to mark, and is read in pages", async () => {
    const [person, other] = [await createPerson(), await createPerson()];
    for (let time = 0; time < 3; time += 1) await signIn(person);
    const first = await auth.listNotices(person.caller, { limit: 2 });
    expect(first).toMatchObject({ unread: 3, notices: [{ readAt: null }, { readAt: null }] });
    const second = await auth.listNotices(person.caller, { limit: 2, cursor: first.nextCursor ?? undefined });
    expect([...first.notices, ...second.notices].map(({ id }) => id)).toEqual(
      (await listOf(person)).map(({ id }) => id),
    );
    expect(second.nextCursor).toBeNull();
    const ids = first.notices.slice(0, 1).map(({ id }) => id);
    await auth.markNoticesRead(other.caller, { ids });
    expect(await auth.listNotices(person.caller, { limit: 1 })).toMatchObject({ unread: 3 });
    await auth.markNoticesRead(person.caller, { ids });
    expect(await auth.listNotices(person.caller, { limit: 1 })).toMatchObject({ unread: 2 });
    await auth.markNoticesRead(person.caller, {});
    expect(await auth.listNotices(person.caller, { limit: 1 })).toMatchObject({ unread: 0 });
    expect(await auth.listNotices(other.caller, { limit: 1 })).toEqual({ notices: [], unread: 0, nextCursor: null });
  });

  test("and where it went are deleted when their time has come", async () => {
    const person = await createPerson();
    await signIn(person);
    await sentTo([]);
    await service.clock.advance(4 * 86_400 + 1);
    await auth.purge();
    expect(await service.database.query("select from latchkey.notice_messages")).toEqual([]);
    expect(await kindsOf(person)).toEqual(["new_device"]);
    await service.clock.advance(179 * 86_400);
    await auth.purge();
    expect(await service.database.query("select from latchkey.notices where user_id = $1", [person.id])).toEqual([]);
  });

  test("is told to the hook, and again where that failed", async () => {
    const person = await createPerson();
    const mine = () => told.filter(({ username }) => username === person.username).map(({ kind }) => kind);
    await signIn(person);
    await expect.poll(sending(auth, () => mine())).toEqual(["new_device"]);
    isHookBroken = true;
    await auth.createRecoveryCodes(person.caller, facts());
    const tries = () => service.database.query("select hook_tries from latchkey.notices where hook_tries > 0");
    await expect.poll(sending(auth, tries)).toHaveLength(1);
    isHookBroken = false;
    await service.clock.advance(61);
    await expect.poll(sending(auth, () => mine())).toEqual(["new_device", "recovery_codes_created"]);
  });
});

describe("a provider", () => {
  const open = async (senders: object, more: object = {}) => {
    const database = await createTestAuth({ messages: { senders, ...more } });
    const { id } = await database.auth.createUser({ username: "ada", phoneNumber: "+905321234567", password });
    await database.database.query("update latchkey.users set phone_proved_at = latchkey.now() where id = $1", [id]);
    await database.auth.signIn({ username: "ada", password }, service.facts);
    return database;
  };
  const states = (one: TestAuth) =>
    one.database.query<{ failure: string | null }>(
      "select failure, due_at is null as done from latchkey.notice_messages order by created_at, id",
    );

  test("that is away neither slows nor fails what is told, and is asked again", async () => {
    let isAway = true;
    const sent: string[] = [];
    const sender = {
      send: async () => ({}),
      sendNotice: async ({ text }: { text: string }) => {
        if (isAway) throw new SendError("busy", "is away");
        sent.push(text);
      },
    };
    await using one = await open({ sms: sender });
    await one.auth.signIn({ username: "ada", password }, service.facts);
    await expect.poll(sending(one.auth, () => states(one))).toEqual([{ failure: "busy", done: false }]);
    isAway = false;
    await one.clock.advance(6);
    await expect.poll(sending(one.auth, () => sent)).toHaveLength(1);
  });

  test("that sends codes only is handed none", { tags: ["long"] }, async () => {
    await using one = await open({ sms: { send: async () => ({}) } });
    await one.auth.signIn({ username: "ada", password }, service.facts);
    expect(await states(one)).toEqual([]);
  });

  test("is handed no more than the day's budget, of which strangers can use up two thirds, and the rest when there is room", async () => {
    const inbox = createInbox();
    await using one = await open({ sms: inbox }, { noticesPerDay: 1 });
    const kinds = () => inbox.notices.map(({ kind }) => kind);
    for (let time = 0; time < 5; time += 1)
      await one.auth.signIn({ username: "ada", password: "a guess" }, service.facts).catch(() => {});
    await expect.poll(sending(one.auth, () => states(one))).toEqual([{ failure: "budget", done: false }]);
    await one.auth.signIn({ username: "ada", password }, service.facts);
    await expect.poll(sending(one.auth, kinds)).toEqual(["new_device"]);
    await one.auth.operator.changePassword("ada", newPassword);
    await expect.poll(sending(one.auth, async () => (await states(one)).at(-1)?.failure)).toBe("budget");
    expect(inbox.notices).toHaveLength(1);
    await one.clock.advance(86_400);
    await expect.poll(sending(one.auth, kinds)).toEqual(["new_device", "password_reset"]);
    await one.clock.advance(2 * 86_400);
    const left = async () => (await states(one)).filter(({ failure }) => failure !== null);
    await expect.poll(sending(one.auth, left)).toEqual([{ failure: "budget", done: true }]);
    expect(inbox.notices).toHaveLength(2);
  });

  test("is handed what somebody is told first, however much a few accounts have told themselves", {
    tags: ["long"],
  }, async () => {
    const inbox = createInbox();
    await using one = await open({ sms: inbox }, { noticesPerDay: 12 });
    const toldTo = async (phoneNumber: string) => {
      await one.auth.sendDueMessages();
      const waiting = "select from latchkey.notice_messages where due_at <= latchkey.now()";
      await expect.poll(() => one.database.query(waiting)).toEqual([]);
      return inbox.notices.filter(({ to }) => to === phoneNumber).length;
    };
    const createTold = async (username: string, phoneNumber: string) => {
      const { id } = await one.auth.createUser({ username, phoneNumber, password });
      await one.database.query("update latchkey.users set phone_proved_at = latchkey.now() where id = $1", [id]);
      await one.auth.signIn({ username, password }, service.facts);
      return { username, phoneNumber };
    };
    /** Twelve messages of four kinds to an account's own number. */
    const tellOneself = async ({ username, phoneNumber }: { username: string; phoneNumber: string }) => {
      for (let time = 0; time < 3; time += 1) {
        const { token } = await one.auth.signIn({ username, password }, service.facts);
        const caller = await one.auth.authenticate([`Bearer ${token}`]);
        await one.auth.createRecoveryCodes(caller, service.facts);
        await one.auth.changePassword(caller, { currentPassword: password, newPassword }, service.facts);
        await one.auth.operator.changePassword(username, password);
      }
      return toldTo(phoneNumber);
    };
    expect(await tellOneself({ username: "ada", phoneNumber: "+905321234567" })).toBe(8);
    expect(await tellOneself(await createTold("bob", "+905321234568"))).toBe(2);
    const owner = await createTold("eve", "+905321234569");
    await one.auth.operator.changePassword(owner.username, newPassword);
    expect(await toldTo(owner.phoneNumber)).toBe(1);
  });

  test("is handed what an old account is told of a change, however long new accounts tell themselves", {
    tags: ["long"],
  }, async () => {
    const inbox = createInbox();
    await using one = await open({ sms: inbox }, { noticesPerDay: 5 });
    const toldTo = (phoneNumber: string) => inbox.notices.filter(({ to }) => to === phoneNumber).length;
    const isNothingDue = "select from latchkey.notice_messages where due_at <= latchkey.now()";
    const send = async () => {
      await one.auth.sendDueMessages();
      await expect.poll(() => one.database.query(isNothingDue)).toEqual([]);
    };
    for (let nth = 0; nth < 5; nth += 1)
      await one.auth.createUser({ username: `new${nth}`, phoneNumber: `+9053211111${nth}0`, password });
    await one.database.query("update latchkey.users set phone_proved_at = latchkey.now()");
    const flood = async () => {
      for (let nth = 0; nth < 5; nth += 1) await one.auth.operator.changePassword(`new${nth}`, newPassword);
      await send();
    };
    await one.database.query(
      "update latchkey.users set date_joined = date_joined - interval '8 days' where username = 'ada'",
    );
    await flood();
    await one.clock.advance(600);
    await one.auth.operator.changePassword("ada", newPassword);
    await send();
    expect(toldTo("+905321234567")).toBe(0);
    // What new accounts cause is due at once when there is room again, and the message that waits only minutes later.
    for (let days = 0; days < 2; days += 1) {
      await one.clock.advance(23 * 3_600);
      await send();
      await one.clock.advance(3_300);
      await flood();
      await one.clock.advance(400);
      await send();
    }
    expect(toldTo("+905321234567")).toBe(1);
  });

  test("is handed ten e-mails for each SMS of the budget, and e-mails take nothing of what SMS may be", {
    tags: ["long"],
  }, async () => {
    const inbox = createInbox();
    await using one = await open({ sms: inbox, email: inbox }, { noticesPerDay: 1 });
    await one.auth.createUser({ username: "bob", email: "bob@example.com", password });
    await one.database.query("update latchkey.users set email_proved_at = latchkey.now() where email is not null");
    for (let time = 0; time < 3; time += 1) await one.auth.operator.changePassword("bob", newPassword);
    const channels = () => inbox.notices.map(({ channel }) => channel);
    await expect.poll(sending(one.auth, channels)).toEqual(["email", "email", "email"]);
    await one.auth.operator.changePassword("ada", newPassword);
    await expect.poll(sending(one.auth, channels)).toEqual(["email", "email", "email", "sms"]);
  });
});

test.each(Object.entries(noticeTexts))("every kind has its text in %s, which names the service", (_, { happened }) => {
  expect(Object.keys(happened).sort()).toEqual([...noticeKinds].sort());
  for (const text of Object.values(happened)) expect(text).toContain("{app}");
});
