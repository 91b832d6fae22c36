import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createInbox, createTestAuth, shareOut, showTotp, type TestAuth } from "../../testing/index.ts";
import { codeOf, freshFacts, freshNumber, freshUsername, password, signInByCode } from "../../testing/people.ts";
import type { Administrator } from "../steps/authority.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const newPassword = "a better horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
const testNumber = "+905550000001";
const [hour, day] = [3_600, 86_400];

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  const until = new Date(Date.now() + 400 * day * 1_000);
  const testNumbers = { numbers: [{ number: testNumber, code: "123456" }], until };
  service = await createTestAuth({ messages: { ...messages, testNumbers } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

let count = 0;
const freshAddress = () => `p${++count}@example.com`;
const facts = () => freshFacts(service);

interface Person {
  readonly id: string;
  readonly username: string;
  readonly number: string | null;
  readonly address: string | null;
}

interface PersonInput {
  /** Days since the number was proved; null for never. Absent: there is none. */
  readonly phone?: number | null;
  readonly email?: number | null;
  readonly hasPassword?: boolean;
  readonly hasUsername?: boolean;
  readonly isStaff?: boolean;
  readonly hasApp?: boolean;
}

async function createPerson({ phone, email, hasPassword = true, ...more }: PersonInput = {}): Promise<Person> {
  const { hasUsername = true, isStaff = false } = more;
  const [number, address] = [phone === undefined ? null : freshNumber(), email === undefined ? null : freshAddress()];
  const username = freshUsername();
  const names = { ...(number && { phoneNumber: number }), ...(address && { email: address }) };
  const { id } = await auth.createUser({ username, ...names, password });
  await service.database.query(
    `update latchkey.users set phone_vouched_at = null, email_vouched_at = null, is_staff = $6,
      phone_proved_at = latchkey.now() - make_interval(days => $2), email_proved_at = latchkey.now() - make_interval(days => $3),
      password = case when $4 then password else '!' end,
      username = case when $5 then username end, username_key = case when $5 then username_key end where id = $1`,
    [id, phone ?? null, email ?? null, hasPassword, hasUsername, isStaff],
  );
  return { id, username, number, address };
}

interface Session {
  readonly token: string;
  readonly caller: Principal;
  readonly deviceMark: string;
}

async function signIn(username: string, typed = password): Promise<Session> {
  const { token, deviceMark } = await auth.signIn({ username, password: typed }, facts());
  return { token, deviceMark, caller: await auth.authenticate([`Bearer ${token}`]) };
}

async function openByCode(number: string): Promise<Session> {
  const answer = await signInByCode(service, { purpose: "sign_in", to: number, inbox });
  if (!("token" in answer)) throw new Error("a ticket is not enough");
  return { ...answer, caller: await auth.authenticate([`Bearer ${answer.token}`]) };
}

/** A superuser who has just signed in. */
async function administrator(): Promise<Administrator> {
  const username = freshUsername();
  await auth.createUser({ username, password, isSuperuser: true });
  return { ...(await signIn(username)).caller, facts: facts() };
}

/** Sets up an authenticator app. */
async function enrollApp(caller: Principal): Promise<void> {
  const { ticket, secret } = await auth.startTotp(caller, facts());
  await auth.confirmTotp(caller, { ticket, totp: await showTotp(service, secret) }, facts());
}

const kindOf = (to: string): "phone" | "email" => (to.includes("@") ? "email" : "phone");

/** Asks for a code and reads it, as whoever has the number does. */
async function ask({ caller }: Session, to: string, typed: string | undefined = to) {
  const kind = kindOf(to);
  const { challenge } = await auth.startOwnName(caller, { kind, to: typed }, facts());
  return { kind, challenge, code: (await inbox.take(to)).code } as const;
}

type Asked = Awaited<ReturnType<typeof ask>>;

const confirm = ({ caller }: Session, asked: Asked, more: { isNotMine?: boolean } = {}) =>
  auth.confirmOwnName(caller, { ...asked, ...more }, facts());

/** Gives the caller's account a number or an address: what waits, `done`, or why it was refused. */
async function take(session: Session, to: string, more: { isNotMine?: boolean } = {}): Promise<string> {
  const answer = await ask(session, to)
    .then((asked) => confirm(session, asked, more))
    .catch(codeOf);
  return typeof answer === "string" ? answer : (answer.pending?.kind ?? "done");
}

async function remove({ caller }: Session, kind: "phone" | "email"): Promise<string> {
  const answer = await auth.removeOwnName(caller, { kind }, facts()).catch(codeOf);
  return typeof answer === "string" ? answer : (answer.pending?.kind ?? "done");
}

const read = async ({ id }: Pick<Person, "id">) =>
  (await service.database.query<Record<string, unknown>>("select * from latchkey.users where id = $1", [id]))[0] ?? {};

const isAskedAgain = (session: Session, to: string) => ask(session, to).then(() => "asked", codeOf);

/** Whether a code of a number signs in. */
async function opensByCode(number: string): Promise<boolean> {
  return "token" in (await signInByCode(service, { purpose: "enter", to: number, inbox }));
}

const wait = async (seconds: number) => {
  await service.clock.advance(seconds);
  await auth.applyDueChanges();
};

describe("the number that the account has", () => {
  test("is proved once more by its code alone, and nothing waits", { tags: ["long"] }, async () => {
    const person = await createPerson({ phone: 39 });
    const session = await signIn(person.username);
    await service.clock.advance(700);
    expect(await take(session, person.number ?? "")).toBe("done");
    await service.clock.advance(20 * day);
    expect(await opensByCode(person.number ?? "")).toBe(true);
  });

  test("that was only claimed is proved with the password besides, where there is one", async () => {
    const person = await createPerson({ phone: null });
    const session = await signIn(person.username);
    await service.clock.advance(700);
    expect(await isAskedAgain(session, person.number ?? "")).toBe("reauthentication_required");
    await auth.reauthenticate(session.caller, { password }, facts());
    const asked = await ask(session, person.number ?? "");
    await service.clock.advance(599);
    expect((await confirm(session, asked)).pending).toBeNull();
    expect(await opensByCode(person.number ?? "")).toBe(true);
  });

  test("is found in any spelling, and without one", async () => {
    const person = await createPerson({ phone: 1 });
    const session = await signIn(person.username);
    const asked = await ask(session, person.number ?? "", ` ${person.number?.slice(0, 6)} ${person.number?.slice(6)}`);
    expect((await confirm(session, asked)).user.phoneNumber).toBe(person.number);
    const { challenge } = await auth.startOwnName(session.caller, { kind: "phone" }, facts());
    const { code } = await inbox.take(person.number ?? "");
    expect((await auth.confirmOwnName(session.caller, { kind: "phone", challenge, code }, facts())).pending).toBeNull();
  });
});

describe("another number", () => {
  test("is asked for by whoever has shown in this session that it is them, at the start and at the end", async () => {
    const person = await createPerson();
    const [session, other] = [await signIn(person.username), await signIn(person.username)];
    await service.clock.advance(700);
    expect(await isAskedAgain(session, freshNumber())).toBe("reauthentication_required");
    await auth.reauthenticate(other.caller, { password }, facts());
    expect(await isAskedAgain(session, freshNumber())).toBe("reauthentication_required");
    await auth.reauthenticate(session.caller, { password }, facts());
    const asked = await ask(session, freshNumber());
    await service.clock.advance(601);
    expect(await confirm(session, asked).catch(codeOf)).toBe("reauthentication_required");
    await auth.reauthenticate(session.caller, { password }, facts());
    expect(await confirm(session, asked).catch(codeOf)).toBe("code_expired");
    await service.clock.advance(300);
    const second = await ask(session, freshNumber());
    await service.clock.advance(301);
    expect(await confirm(session, second).catch(codeOf)).toBe("reauthentication_required");
    await auth.reauthenticate(session.caller, { password }, facts());
    expect((await confirm(session, second)).pending).toMatchObject({ kind: "open_by_phone", isOwn: true });
  });

  test("is there at once after the password, and its codes open the account three days later", async () => {
    const person = await createPerson();
    const session = await signIn(person.username);
    const number = freshNumber();
    expect(await take(session, number)).toBe("open_by_phone");
    expect((await auth.signIn({ username: number, password }, facts())).user.id).toBe(person.id);
    expect(await opensByCode(number)).toBe(false);
    await service.clock.advance(71 * hour);
    expect(await take(await signIn(person.username), number)).toBe("done");
    expect(await opensByCode(number)).toBe(false);
    await wait(2 * hour);
    expect(await opensByCode(number)).toBe(true);
  });

  test("waits for nothing in the hour after registering", async () => {
    const username = freshUsername();
    const { token, deviceMark } = await auth.register({ username, password }, facts());
    const session = { token, deviceMark, caller: await auth.authenticate([`Bearer ${token}`]) };
    const number = freshNumber();
    await service.clock.advance(3_500);
    expect(await take(session, number)).toBe("done");
    expect(await opensByCode(number)).toBe(true);
    await service.clock.advance(200);
    expect(await isAskedAgain(session, freshNumber())).toBe("reauthentication_required");
  });

  test("that a code alone authorised waits three days, and the one of before stays until then", async () => {
    const person = await createPerson({ phone: 1, hasPassword: false });
    const session = await openByCode(person.number ?? "");
    const number = freshNumber();
    expect(await take(session, number)).toBe("set_phone");
    await wait(71 * hour);
    expect(await read(person)).toMatchObject({ phone_number: person.number });
    await wait(2 * hour);
    expect(await read(person)).toMatchObject({ phone_number: number, phone_opens_at: null });
    expect(await opensByCode(number)).toBe(true);
  });

  test("does not take the place of one that brings its owner back, on the strength of a password alone, for three days", async () => {
    const person = await createPerson({ phone: 1 });
    const session = await signIn(person.username);
    const number = freshNumber();
    expect(await take(session, number)).toBe("set_phone");
    const { challenge } = await auth.startReset({ username: person.number ?? "" }, facts());
    const { code } = await inbox.take(person.number ?? "");
    await auth.resetPasswordByCode({ challenge, code, newPassword }, facts());
    await wait(100 * hour);
    expect(await read(person)).toMatchObject({ phone_number: person.number });
  });

  test.each<[string, PersonInput]>([
    ["was proved long ago and still resets it on a device that is known", { phone: 41 }],
    ["asks for a second factor besides", { phone: 1, hasApp: true }],
  ])("does not take the place of one that %s", async (_, input) => {
    const person = await createPerson(input);
    const owners = await signIn(person.username);
    const signedIn = await signIn(person.username);
    if (input.hasApp) await enrollApp(signedIn.caller);
    const thief = { ...signedIn, caller: await auth.authenticate([`Bearer ${signedIn.token}`]) };
    expect(await take(thief, freshNumber())).toBe("set_phone");
    expect(await remove(thief, "phone")).toBe("remove_phone");
    const reset = { username: person.number ?? "", deviceMark: owners.deviceMark };
    const { challenge } = await auth.startReset(reset, facts());
    const { code } = await inbox.take(person.number ?? "");
    const shown = { challenge, code, newPassword, deviceMark: owners.deviceMark };
    const outcome = await auth.resetPasswordByCode(shown, facts()).then(() => "reset", codeOf);
    expect(outcome).toBe(input.hasApp ? "second_factor_required" : "reset");
    // A reset that is half done has ended nothing yet.
    if (!input.hasApp) await wait(100 * hour);
    expect(await read(person)).toMatchObject({ phone_number: person.number });
  });

  test("does not take the place of one that waits to bring its owner back, which the change of before was for", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson();
    const [owner, thief] = [await signIn(person.username), await signIn(person.username)];
    const number = freshNumber();
    expect(await take(owner, number)).toBe("open_by_phone");
    await service.clock.advance(hour);
    await auth.reauthenticate(thief.caller, { password }, facts());
    expect(await take(thief, freshNumber())).toBe("set_phone");
    expect(await remove(thief, "phone")).toBe("remove_phone");
    await wait(71.5 * hour);
    const { challenge } = await auth.startReset({ username: number }, facts());
    const { code } = await inbox.take(number);
    await auth.resetPasswordByCode({ challenge, code, newPassword }, facts());
    await wait(100 * hour);
    expect(await read(person)).toMatchObject({ phone_number: number });
  });

  test("takes the place of a claim, and of one of somebody with rights, at once", async () => {
    for (const input of [{ phone: null }, { phone: 1, isStaff: true }]) {
      const session = await signIn((await createPerson(input)).username);
      expect(await take(session, freshNumber())).toBe("open_by_phone");
    }
  });

  test("takes the place of an old one of somebody with rights at once, and the old one is told: a thief of the password is told of alone otherwise", async () => {
    const person = await createPerson({ phone: 41, isStaff: true });
    const [session, number] = [await signIn(person.username), freshNumber()];
    expect(await take(session, number)).toBe("open_by_phone");
    const told = async () => {
      await auth.sendDueMessages();
      return inbox.notices.filter(({ to, kind }) => to === person.number && kind === "name_changed").length;
    };
    await expect.poll(told).toBe(1);
  });

  test("takes its place at once where the code of the one of before was shown in this session as well", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson({ phone: 1 });
    const [session, other] = [await signIn(person.username), await signIn(person.username)];
    expect(await take(other, person.number ?? "")).toBe("done");
    expect(await take(session, freshNumber())).toBe("set_phone");
    expect(await take(session, person.number ?? "")).toBe("done");
    expect(await take(session, freshNumber())).toBe("open_by_phone");
  });

  test("waits seven days where neither the one of before nor anything else can be shown, from an old session only", async () => {
    const person = await createPerson({ phone: 1, hasPassword: false, hasUsername: false });
    const session = await openByCode(person.number ?? "");
    await service.clock.advance(6 * day);
    expect(await isAskedAgain(session, freshNumber())).toBe("reauthentication_required");
    await service.clock.advance(day);
    const number = freshNumber();
    expect(await take(session, number)).toBe("set_phone");
    expect(await remove(session, "phone")).toBe("reauthentication_required");
    await wait(7 * day - hour);
    expect(await read(person)).toMatchObject({ phone_number: person.number });
    await wait(2 * hour);
    expect(await read(person)).toMatchObject({ phone_number: number });
  });

  test("is not changed like that where there is a password, a proved address, or a right", async () => {
    const people = [
      await createPerson({ phone: 1 }),
      await createPerson({ phone: 1, email: 1, hasPassword: false }),
      await createPerson({ phone: 1, hasPassword: false }),
    ] as const;
    const sessions = await Promise.all(people.map(({ number }) => openByCode(number ?? "")));
    await service.database.query("update latchkey.users set is_staff = true where id = $1", [people[2].id]);
    await service.clock.advance(8 * day);
    for (const session of sessions)
      expect(await isAskedAgain(session, freshNumber())).toBe("reauthentication_required");
  });

  test("of a test number, or for its account, is refused", async () => {
    const session = await signIn((await createPerson()).username);
    expect(await isAskedAgain(session, testNumber)).toBe("invalid_input");
    const { challenge } = await auth.startCode({ purpose: "enter", to: testNumber }, facts());
    const proved = await auth.signInByCode({ challenge, code: "123456" }, facts());
    if (!("ticket" in proved)) throw new Error("nobody has it");
    const { token, deviceMark } = await auth.register({ ticket: proved.ticket }, facts());
    const tester = { token, deviceMark, caller: await auth.authenticate([`Bearer ${token}`]) };
    expect(await isAskedAgain(tester, freshNumber())).toBe("permission_denied");
    expect(await remove(tester, "phone")).toBe("permission_denied");
  });
});

describe("a code", () => {
  test("is good in the session that asked, for its purpose and its kind", async () => {
    const person = await createPerson();
    const [session, other] = [await signIn(person.username), await signIn(person.username)];
    const asked = await ask(session, freshNumber());
    expect(await confirm(other, asked).catch(codeOf)).toBe("code_invalid");
    expect(await confirm(session, { ...asked, kind: "email" }).catch(codeOf)).toBe("code_invalid");
    expect(await auth.signInByCode(asked, facts()).catch(codeOf)).toBe("code_invalid");
    expect((await confirm(session, asked)).user.id).toBe(person.id);
    expect(await confirm(session, asked).catch(codeOf)).toBe("code_invalid");
  });

  test("is good no more once the number is anybody's who did not have it when it was asked for", async () => {
    const [person, rival] = [await createPerson(), await createPerson()];
    const [session, other] = [await signIn(person.username), await signIn(rival.username)];
    const number = freshNumber();
    const asked = await ask(session, number);
    expect(await take(other, number)).toBe("open_by_phone");
    expect(await confirm(session, asked, { isNotMine: true }).catch(codeOf)).toBe("code_invalid");
    const later = await ask(session, number);
    await auth.operator.update(rival.username, { phoneNumber: null });
    expect(await confirm(session, later, { isNotMine: true }).catch(codeOf)).toBe("code_invalid");
  });

  test("is good no more after another password, another name, or the end of its session", async () => {
    const person = await createPerson();
    const session = await signIn(person.username);
    const first = await ask(session, freshNumber());
    await auth.changePassword(session.caller, { currentPassword: password, newPassword }, facts());
    expect(await confirm(session, first).catch(codeOf)).toBe("code_invalid");
    const second = await ask(session, freshNumber());
    await auth.operator.update(person.username, { email: freshAddress() });
    expect(await confirm(session, second).catch(codeOf)).toBe("code_invalid");
    const third = await ask(session, freshNumber());
    await auth.revokeSession(session.caller, session.caller.session.id, facts());
    expect(await confirm(session, third).catch(codeOf)).toBe("session_ended");
    expect(await read(person)).toMatchObject({ phone_number: null });
  });

  test("of two who prove the same free number at once lets one have it", async () => {
    const number = freshNumber();
    const people = [await createPerson(), await createPerson()] as const;
    const sessions = await Promise.all(people.map(({ username }) => signIn(username)));
    const asked: Asked[] = [];
    for (const session of sessions) asked.push(await ask(session, number));
    const outcomes = await Promise.all(
      sessions.map((session, at) => confirm(session, asked[at] as Asked).then(() => "done", codeOf)),
    );
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(["code_invalid", "identifier_taken"]).toContain(outcomes.find((outcome) => outcome !== "done"));
  });
});

describe("a number that somebody else has", () => {
  test("is not said to be taken before it is proved, and stays where it is trusted", async () => {
    const [owner, person] = [await createPerson({ phone: 1 }), await createPerson()];
    const session = await signIn(person.username);
    const [taken, free] = [owner.number ?? "", freshNumber()];
    const start = (to: string) => auth.startOwnName(session.caller, { kind: "phone", to }, facts());
    expect(Object.keys(await start(taken))).toEqual(Object.keys(await start(free)));
    const { code } = await inbox.take(taken);
    expect(code).toHaveLength(6);
    for (const isNotMine of [false, true]) expect(await take(session, taken, { isNotMine })).toBe("identifier_taken");
    expect(await read(owner)).toMatchObject({ phone_number: taken });
  });

  test("beyond its trust is moved to whoever proves it and says that it is theirs, and never its account", async () => {
    const [owner, person] = [await createPerson({ phone: 46 }), await createPerson()];
    const [session, owners] = [await signIn(person.username), await signIn(owner.username)];
    const asked = await ask(session, owner.number ?? "");
    expect(await confirm(session, asked).catch(codeOf)).toBe("identifier_taken");
    expect((await confirm(session, asked, { isNotMine: true })).user.phoneNumber).toBe(owner.number);
    expect(await read(owner)).toMatchObject({ phone_number: null, parked_at: null });
    expect((await auth.authenticate([`Bearer ${owners.token}`])).user.id).toBe(owner.id);
  });

  test("is looked at again when the change that waited is due: it stays with whoever has proved it meanwhile", {
    tags: ["long"],
  }, async () => {
    const [owner, person] = [await createPerson({ phone: 46 }), await createPerson({ phone: 1, hasPassword: false })];
    const session = await openByCode(person.number ?? "");
    expect(await take(session, owner.number ?? "", { isNotMine: true })).toBe("set_phone");
    const owners = await signIn(owner.username);
    expect(await take(owners, owner.number ?? "")).toBe("done");
    await wait(73 * hour);
    expect(await read(owner)).toMatchObject({ phone_number: owner.number });
    expect(await read(person)).toMatchObject({ phone_number: person.number });
  });
});

describe("an account that lost its last name", () => {
  async function park(input: PersonInput = {}) {
    const person = await createPerson({ phone: 1, hasUsername: false, ...input });
    const session =
      input.hasPassword === false ? await openByCode(person.number ?? "") : await signIn(person.number ?? "");
    await service.database.query(
      "update latchkey.users set phone_number = null, parked_at = latchkey.now() where id = $1",
      [person.id],
    );
    return { person, session };
  }

  test("is given a number from one of its sessions, at once with the password", async () => {
    const { person, session } = await park();
    await service.clock.advance(700);
    expect(await isAskedAgain(session, freshNumber())).toBe("reauthentication_required");
    await auth.reauthenticate(session.caller, { password }, facts());
    const number = freshNumber();
    expect(await take(session, number)).toBe("open_by_phone");
    expect(await read(person)).toMatchObject({ parked_at: null });
    expect((await auth.signIn({ username: number, password }, facts())).user.id).toBe(person.id);
  });

  test("is given one after seven days from an old session without", { tags: ["long"] }, async () => {
    const { person, session } = await park({ hasPassword: false });
    await service.clock.advance(8 * day);
    const number = freshNumber();
    expect(await take(session, number)).toBe("set_phone");
    await wait(7 * day + hour);
    expect(await read(person)).toMatchObject({ phone_number: number, parked_at: null });
    expect(await opensByCode(number)).toBe(true);
  });
});

describe("taking a number away", () => {
  test("leaves whoever has a password and a username, an address besides, and refuses the last way in", async () => {
    const outcomes = await Promise.all(
      (
        [
          [{ phone: 46 }, "remove_phone"],
          [{ phone: 46, email: 1, hasUsername: false }, "remove_phone"],
          [{ phone: 46, hasUsername: false }, "invalid_input"],
          [{ phone: null, email: null, hasUsername: false }, "done"],
          [{}, "invalid_input"],
        ] as const
      ).map(async ([input, expected]) => {
        const person = await createPerson(input);
        const session = await signIn(input && "hasUsername" in input ? (person.number ?? "") : person.username);
        return [await remove(session, "phone"), expected];
      }),
    );
    for (const [outcome, expected] of outcomes) expect(outcome).toBe(expected);
  });

  test("refuses the number of an account that nothing else opens, and lets it go where a proved address does", async () => {
    const [alone, withClaim, withProof] = [
      await createPerson({ phone: 1, hasPassword: false }),
      await createPerson({ phone: 1, email: null, hasPassword: false }),
      await createPerson({ phone: 1, email: 1, hasPassword: false }),
    ];
    expect(await remove(await openByCode(alone.number ?? ""), "phone")).toBe("invalid_input");
    expect(await remove(await openByCode(withClaim.number ?? ""), "phone")).toBe("invalid_input");
    expect(await remove(await openByCode(withProof.number ?? ""), "phone")).toBe("remove_phone");
  });

  test("waits where a code authorised it, or where its owner comes back by it, and not after its code", async () => {
    const person = await createPerson({ phone: 1 });
    const session = await signIn(person.username);
    expect(await remove(session, "phone")).toBe("remove_phone");
    await wait(73 * hour);
    expect(await read(person)).toMatchObject({ phone_number: null });
    const other = await createPerson({ phone: 1 });
    const others = await signIn(other.username);
    expect(await take(others, other.number ?? "")).toBe("done");
    expect(await remove(others, "phone")).toBe("done");
  });

  test("is looked at again when it is due: the last way in stays", async () => {
    const person = await createPerson({ phone: 1, email: 1, hasPassword: false });
    const session = await openByCode(person.number ?? "");
    expect([await remove(session, "phone"), await remove(session, "email")]).toEqual(["remove_phone", "remove_email"]);
    await wait(73 * hour);
    const { phone_number, email } = await read(person);
    expect([phone_number, email].filter((name) => name !== null)).toHaveLength(1);
  });
});

describe("a change that waits", () => {
  const list = ({ caller }: Session) => auth.listPendingChanges(caller);

  /** What whoever asked for the change reads of it. */
  const toldOf = async ({ caller }: Session) =>
    (await auth.listNotices(caller, { limit: 10 })).notices
      .map(({ kind }) => kind)
      .filter((kind) => kind !== "new_device");

  test("is seen by every session, and stopped by any, which whoever asked for it is told", async () => {
    const person = await createPerson({ phone: 1 });
    const [thief, owner] = [await signIn(person.username), await signIn(person.username)];
    expect(await take(thief, freshNumber())).toBe("set_phone");
    const [seen] = await list(owner);
    expect(seen).toMatchObject({ kind: "set_phone", isOwn: false });
    await auth.stopPendingChange(owner.caller, seen?.id ?? "", facts());
    expect(await list(thief)).toEqual([]);
    expect(await toldOf(thief)).toEqual(["change_stopped", "change_requested"]);
    await expect(auth.stopPendingChange(owner.caller, seen?.id ?? "", facts())).rejects.toMatchObject({
      code: "not_found",
    });
    await wait(73 * hour);
    expect(await read(person)).toMatchObject({ phone_number: person.number });
  });

  test("is not seen or stopped by another person", async () => {
    const [person, stranger] = [await createPerson({ phone: 1 }), await createPerson()];
    const session = await signIn(person.username);
    await take(session, freshNumber());
    const [seen] = await list(session);
    const strangers = await signIn(stranger.username);
    expect(await list(strangers)).toEqual([]);
    const stopping = auth.stopPendingChange(strangers.caller, seen?.id ?? "", facts());
    await expect(stopping).rejects.toMatchObject({ code: "not_found" });
    await auth.stopPendingChanges({ username: person.username, deviceMark: strangers.deviceMark }, facts());
    expect(await list(session)).toHaveLength(1);
  });

  test("is stopped by a device that has no session any more, by the name that the account still has", async () => {
    const person = await createPerson({ phone: 1 });
    const owner = await signIn(person.username);
    const thief = await signIn(person.username);
    await auth.revokeOtherSessions(thief.caller, facts());
    expect(await take(thief, freshNumber())).toBe("set_phone");
    await auth.stopPendingChanges({ username: person.number ?? "", deviceMark: owner.deviceMark }, facts());
    expect(await list(thief)).toEqual([]);
    expect(await toldOf(thief)).toEqual(["change_stopped", "change_requested"]);
  });

  test("is stopped by a device for 45 days after it was forgotten, however often, and by none later", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson({ phone: 1 });
    const owner = await signIn(person.username);
    const thief = await signIn(person.username);
    const stop = () => auth.stopPendingChanges({ username: person.username, deviceMark: owner.deviceMark }, facts());
    for (let time = 0; time < 4; time += 1) await auth.forgetDevices(thief.caller, facts());
    expect(await take(thief, freshNumber())).toBe("set_phone");
    await stop();
    expect(await list(thief)).toEqual([]);
    const prove = "update latchkey.users set phone_proved_at = latchkey.now() where id = $1";
    await wait(44 * 24 * hour);
    await service.database.query(prove, [person.id]);
    const still = await signIn(person.username);
    await take(still, freshNumber());
    expect(await list(still)).toHaveLength(1);
    await stop();
    expect(await list(still)).toEqual([]);
    await wait(2 * 24 * hour);
    await service.database.query(prove, [person.id]);
    const later = await signIn(person.username);
    await take(later, freshNumber());
    await stop();
    expect(await list(later)).toHaveLength(1);
  });

  test("ends with the session that asked, and with another password", { tags: ["long"] }, async () => {
    const [first, second] = [await createPerson({ phone: 1 }), await createPerson({ phone: 1 })];
    const [ended, owner] = [await signIn(first.username), await signIn(first.username)];
    await take(ended, freshNumber());
    await auth.revokeSession(owner.caller, ended.caller.session.id, facts());
    expect(await list(owner)).toEqual([]);
    const [thief, seconds] = [await signIn(second.username), await signIn(second.username)];
    await take(thief, freshNumber());
    await auth.changePassword(seconds.caller, { currentPassword: password, newPassword }, facts());
    expect(await list(seconds)).toEqual([]);
    await wait(73 * hour);
    expect([await read(first), await read(second)]).toMatchObject([
      { phone_number: first.number },
      { phone_number: second.number },
    ]);
  });

  test("leaves a name that is there already as a claim, whose codes open nothing, when the password is another", async () => {
    const person = await createPerson({ email: 1 });
    const thief = await signIn(person.username);
    const number = freshNumber();
    expect(await take(thief, number)).toBe("open_by_phone");
    const { challenge } = await auth.startReset({ username: person.address ?? "" }, facts());
    const { code } = await inbox.take(person.address ?? "");
    await auth.resetPasswordByCode({ challenge, code, newPassword }, facts());
    await wait(100 * hour);
    expect(await opensByCode(number)).toBe(false);
    expect(await read(person)).toMatchObject({ phone_number: number, phone_proved_at: null });
  });

  test("takes such a name away when its session is ended: a thief who knows the password does not prove it once more", async () => {
    const person = await createPerson();
    const [thief, owner] = [await signIn(person.username), await signIn(person.username)];
    expect(await take(thief, freshNumber())).toBe("open_by_phone");
    await auth.revokeOtherSessions(owner.caller, facts());
    expect(await read(person)).toMatchObject({ phone_number: null });
    expect(await list(owner)).toEqual([]);
    // Programs that follow names by events and webhooks are told like of any other that goes.
    const gone =
      "select detail from latchkey.audit_events where subject_id = $1 and event = 'name_changed' order by position";
    const changes = (await service.database.query(gone, [person.id])).map(({ detail }) => detail);
    expect(changes).toEqual([
      { kind: "phone", change: "set" },
      { kind: "phone", change: "removed" },
    ]);
  });

  for (const { tags, cases } of shareOut<[string, (owner: Session, person: Person) => Promise<unknown>]>(
    [
      ["their owner sets up an app", ({ caller }) => enrollApp(caller)],
      [
        "their owner removes whatever others have made",
        ({ caller }) => auth.removeOtherFactors(caller, { keepPasskeys: [], keepTotp: false }, facts()),
      ],
      [
        "an administrator resets the second factor",
        async (_, { id }) => auth.users.resetSecondFactor(await administrator(), id),
      ],
      [
        "an administrator has the password replaced",
        async (_, { id }) => auth.users.requirePasswordChange(await administrator(), id),
      ],
      [
        "an administrator disables the account",
        async (_, { id }) => auth.users.update(await administrator(), id, { isActive: false }),
      ],
      ["an administrator ends the sessions", async (_, { id }) => auth.users.endSessions(await administrator(), id)],
    ],
    6,
  ))
    test.each(cases)(
      "goes with the session that added it where %s, and its owner is told",
      { tags },
      async (_, action) => {
        const person = await createPerson();
        const thief = await signIn(person.username);
        const number = freshNumber();
        expect(await take(thief, number)).toBe("open_by_phone");
        await action(await signIn(person.username), person);
        await wait(100 * hour);
        expect(await read(person)).toMatchObject({ phone_number: null, phone_proved_at: null });
        expect(await opensByCode(number)).toBe(false);
        const told = await service.database.query(
          "select from latchkey.notices where user_id = $1 and kind = 'name_changed'",
          [person.id],
        );
        // Once when it came, and once when it went.
        expect(told).toHaveLength(2);
      },
    );

  test("goes as well where an administrator was talked into setting the same one meanwhile", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson({ email: 1 });
    const [thief, owner] = [await signIn(person.username), await signIn(person.username)];
    const [number, address] = [freshNumber(), freshAddress()];
    expect([await take(thief, number), await take(thief, address)]).toEqual(["open_by_phone", "set_email"]);
    await auth.users.update(await administrator(), person.id, { phoneNumber: number, email: person.address });
    expect((await list(owner)).map(({ kind }) => kind)).toEqual(["open_by_phone"]);
    await auth.revokeOtherSessions(owner.caller, facts());
    await wait(100 * hour);
    expect(await read(person)).toMatchObject({ phone_number: null });
    expect(await opensByCode(number)).toBe(false);
  });

  test("that an administrator ends tells the account's owner nothing of where administrators are", async () => {
    const person = await createPerson();
    await take(await signIn(person.username), freshNumber());
    const admin = await administrator();
    await auth.users.endSessions(admin, person.id);
    const { caller } = await signIn(person.username);
    const { events } = await auth.listActivity(caller, { limit: 100 });
    expect(events).toContainEqual(expect.objectContaining({ event: "change_stopped", isByOther: true, address: null }));
    expect(JSON.stringify(events)).not.toContain(admin.facts.address ?? "?");
  });

  test("and takes such a name away when it is stopped", async () => {
    const person = await createPerson();
    const [thief, owner] = [await signIn(person.username), await signIn(person.username)];
    await take(thief, freshNumber());
    const [seen] = await list(owner);
    await auth.stopPendingChange(owner.caller, seen?.id ?? "", facts());
    expect(await read(person)).toMatchObject({ phone_number: null });
  });

  for (const { tags, cases } of shareOut<[string, (thief: Session, person: Person, id: string) => Promise<unknown>]>(
    [
      ["a session", ({ caller }, _, id) => auth.stopPendingChange(caller, id, facts())],
      [
        "a device",
        ({ deviceMark }, { number }) => auth.stopPendingChanges({ username: number ?? "", deviceMark }, facts()),
      ],
      ["an administrator", async (_, person, id) => auth.users.stopPendingChange(await administrator(), person.id, id)],
    ],
    3,
  ))
    test.each(cases)(
      "leaves the only name of an account there when %s stops it: no old session makes the account its own",
      { tags },
      async (_, stop) => {
        const person = await createPerson({ phone: 1, hasUsername: false });
        const thief = await openByCode(person.number ?? "");
        await service.clock.advance(8 * day);
        const owner = await signIn(person.number ?? "");
        expect(await take(owner, person.number ?? "")).toBe("done");
        const number = freshNumber();
        expect(await take(owner, number)).toBe("open_by_phone");
        await service.database.query("delete from latchkey.notice_messages where address = $1", [number]);
        const [seen] = await list(thief);
        await stop(thief, { ...person, number }, seen?.id ?? "");
        expect(await list(thief)).toEqual([]);
        await auth.revokeOtherSessions(thief.caller, facts());
        expect(await read(person)).toMatchObject({ phone_number: number, phone_proved_at: null, parked_at: null });
        expect(await isAskedAgain(thief, freshNumber())).toBe("reauthentication_required");
        expect((await auth.signIn({ username: number, password }, facts())).user.id).toBe(person.id);
        const told = await service.database.query("select from latchkey.notice_messages where address = $1", [number]);
        expect(told).toHaveLength(1);
      },
    );

  test("and stopped is proved as if it were added anew, where nothing else named the account", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson({ phone: null, hasUsername: false });
    const thief = await signIn(person.number ?? "");
    const number = freshNumber();
    expect(await take(thief, number)).toBe("open_by_phone");
    const [seen] = await list(thief);
    await service.clock.advance(70 * hour);
    await auth.stopPendingChange(thief.caller, seen?.id ?? "", facts());
    const entered = await signInByCode(service, { purpose: "enter", to: number, inbox });
    const { ticket } = entered as Extract<typeof entered, { ticket: string }>;
    await auth.signIn({ username: number, password, ticket }, facts());
    await wait(3 * hour);
    expect(await opensByCode(number)).toBe(false);
    const again = await signIn(number);
    expect(await take(again, number)).toBe("open_by_phone");
    expect(await list(again)).toMatchObject([{ kind: "open_by_phone" }]);
    await wait(71 * hour);
    expect(await opensByCode(number)).toBe(false);
    await wait(2 * hour);
    expect(await opensByCode(number)).toBe(true);
  });

  for (const { tags, cases } of shareOut<[string, (thief: Session, person: Person) => Promise<unknown>]>(
    [
      ["ends all other sessions", ({ caller }) => auth.revokeOtherSessions(caller, facts())],
      [
        "has a device that the account knew",
        ({ deviceMark }, { username }) => auth.stopPendingChanges({ username, deviceMark }, facts()),
      ],
      [
        "has the password, and changes it",
        ({ caller }) => auth.changePassword(caller, { currentPassword: password, newPassword }, facts()),
      ],
    ],
    3,
  ))
    test.each(cases)(
      "is done from the moment at which codes open the account, however late its row is cleared away: not stopped by whoever %s",
      { tags },
      async (_, act) => {
        const person = await createPerson();
        const thief = await signIn(person.username);
        const owner = await signIn(person.username);
        const number = freshNumber();
        expect(await take(owner, number)).toBe("open_by_phone");
        await service.clock.advance(72 * hour + 600);
        await act(thief, person);
        expect(await read(person)).toMatchObject({ phone_number: number, phone_proved_at: expect.any(Date) });
        expect(await opensByCode(number)).toBe(true);
      },
    );

  test("is done once, by whichever of two processes comes first, and nothing is told by its row", async () => {
    const person = await createPerson({ phone: 1 });
    const number = freshNumber();
    await take(await signIn(person.username), number);
    const rows = await service.database.query("select t::text from latchkey.pending_changes t");
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(number).toString("hex"));
    const other = await service.another();
    await service.clock.advance(73 * hour);
    await Promise.all([auth.applyDueChanges(), other.applyDueChanges()]);
    const [{ count: done } = {}] = await service.database.query<{ count: number }>(
      "select count(*)::int from latchkey.audit_events where event = 'name_changed' and subject_id = $1",
      [person.id],
    );
    expect(done).toBe(1);
    expect(await read(person)).toMatchObject({ phone_number: number });
  });

  test("ends with another change of that name, its owner's or an administrator's, so that it does not undo that later", {
    tags: ["long"],
  }, async () => {
    const [first, second] = [await createPerson({ phone: 1 }), await createPerson({ phone: 1 })];
    const [thief, owner] = [await signIn(first.username), await signIn(first.username)];
    await take(thief, freshNumber());
    expect(await take(owner, first.number ?? "")).toBe("done");
    const number = freshNumber();
    expect(await take(owner, number)).toBe("open_by_phone");
    expect(await list(thief)).toMatchObject([{ kind: "open_by_phone", isOwn: false }]);
    const [other, given] = [await signIn(second.username), freshNumber()];
    await take(other, freshNumber());
    await auth.operator.update(second.username, { phoneNumber: given });
    expect(await list(other)).toEqual([]);
    await wait(73 * hour);
    expect([await read(first), await read(second)]).toMatchObject([{ phone_number: number }, { phone_number: given }]);
  });

  test("whose row another hand has changed is not done, and keeps no other", { tags: ["long"] }, async () => {
    const [forged, good] = [await createPerson({ phone: 1 }), await createPerson({ phone: 1 })];
    const numbers = [freshNumber(), freshNumber()] as const;
    await take(await signIn(forged.username), numbers[0]);
    await take(await signIn(good.username), numbers[1]);
    const swap = "update latchkey.pending_changes set user_id = $2 where user_id = $1";
    const stranger = await createPerson({ phone: 1 });
    await service.database.query(swap, [forged.id, stranger.id]);
    await wait(73 * hour);
    expect(await read(stranger)).toMatchObject({ phone_number: stranger.number });
    expect(await read(good)).toMatchObject({ phone_number: numbers[1] });
  });

  test("of an account that is disabled, or got rights, by a code alone, is not done", async () => {
    const people = [
      await createPerson({ phone: 1, hasPassword: false }),
      await createPerson({ phone: 1, hasPassword: false }),
    ] as const;
    for (const { number } of people) await take(await openByCode(number ?? ""), freshNumber());
    await service.database.query("update latchkey.users set is_staff = true where id = $1", [people[0].id]);
    await service.database.query("update latchkey.users set is_active = false where id = $1", [people[1].id]);
    await wait(73 * hour);
    for (const person of people) expect(await read(person)).toMatchObject({ phone_number: person.number });
  });
});

test("an address is added, changed and removed by the same rules", async () => {
  const person = await createPerson();
  const session = await signIn(person.username);
  const address = freshAddress();
  const asked = await ask(session, address, address.toUpperCase());
  expect((await confirm(session, asked)).user.email).toBe(address);
  await wait(73 * hour);
  const later = await signIn(person.username);
  expect(await take(later, freshAddress())).toBe("set_email");
  expect(await remove(later, "email")).toBe("remove_email");
});
