import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";

const inbox = createInbox();
const password = "correct horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
const testNumber = { number: "+905550000001", code: "424242" };

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages, codes: { signInByCode: "phone" } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;
const freshNumber = () => `+9053211${String(++people).padStart(5, "0")}`;
const facts = () => ({ ...service.facts, address: `2001:db8:${(++people).toString(16)}::1` });
const codeOf = (error: { code?: string }) => error.code;

async function enter(to: string, by: Auth = auth, code?: string) {
  const { challenge } = await by.startCode({ purpose: "enter", to }, facts());
  return by.signInByCode({ challenge, code: code ?? (await inbox.take(to)).code }, facts());
}

async function proveFresh(to: string, by: Auth = auth): Promise<string> {
  const answer = await enter(to, by);
  if (!("ticket" in answer)) throw new Error("somebody has that number");
  return answer.ticket;
}

const register = (input: Parameters<Auth["register"]>[0], by: Auth = auth) => by.register(input, facts());
const outcomeOf = (input: Parameters<Auth["register"]>[0], by: Auth = auth) =>
  register(input, by).then(() => "registered", codeOf);

const readUser = async (id: string) =>
  (await service.database.query("select * from latchkey.users where id = $1", [id]))[0];

async function createHolder({ days, hasUsername = true }: { days: number | null; hasUsername?: boolean }) {
  const phoneNumber = freshNumber();
  const username = `holder_${people}`;
  const names = hasUsername ? { username, phoneNumber } : { phoneNumber };
  const { id } = await auth.createUser({ ...names, password });
  await service.database.query(
    `update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() - make_interval(days => $2)
      where id = $1`,
    [id, days],
  );
  return { id, phoneNumber, username };
}

describe("registering with a number that was proved", () => {
  test("needs no username and no password, and the next code signs in", async () => {
    const phoneNumber = freshNumber();
    const { user, token } = await register({ ticket: await proveFresh(phoneNumber), firstName: "Ada" });
    expect(user).toMatchObject({ username: null, phoneNumber, firstName: "Ada" });
    expect((await auth.authenticate([`Bearer ${token}`])).user.id).toBe(user.id);
    expect(await enter(phoneNumber)).toMatchObject({ user: { id: user.id } });
  });

  test("uses its ticket up, of many at once too, and within fifteen minutes", async () => {
    const [phoneNumber, late] = [freshNumber(), freshNumber()];
    const ticket = await proveFresh(phoneNumber);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => outcomeOf({ ticket })));
    expect(outcomes.filter((outcome) => outcome === "registered")).toHaveLength(1);
    expect(await outcomeOf({ ticket })).toBe("code_invalid");
    expect(await outcomeOf({ ticket: "AAAAAAAAAAAAAAAAAAAAAA" })).toBe("code_invalid");
    const lateTicket = await proveFresh(late);
    await service.clock.advance(901);
    expect(await outcomeOf({ ticket: lateTicket })).toBe("code_invalid");
  });

  test("keeps the ticket good when the rest of the input is refused", async () => {
    const number = freshNumber();
    const ticket = await proveFresh(number);
    expect(await outcomeOf({ ticket, username: "9 no name" })).toBe("invalid_input");
    expect(await outcomeOf({ ticket, password: number })).toBe("password_rejected");
    expect(await outcomeOf({ ticket, password: "password" })).toBe("password_rejected");
    expect(await outcomeOf({ ticket, phoneNumber: freshNumber() })).toBe("invalid_input");
    expect(await outcomeOf({ ticket, username: "with_a_name", password })).toBe("registered");
  });

  test("asks for a password where a number may not be all that there is, or does not sign in", async () => {
    const strict = await service.another({ messages, codes: { signInByCode: "phone", numberOnly: false } });
    const byMail = await service.another({ messages, codes: { signInByCode: "email" } });
    for (const by of [strict, byMail]) {
      const ticket = await proveFresh(freshNumber(), by);
      await expect(register({ ticket }, by)).rejects.toMatchObject({
        code: "invalid_input",
        issues: [{ path: ["password"], code: "required" }],
      });
      expect(await outcomeOf({ ticket, password }, by)).toBe("registered");
    }
  });

  test("takes a proved address in the same way, with a password unless addresses sign in", {
    tags: ["long"],
  }, async () => {
    const [email, second] = [`ada${people}@example.com`, `b${people}@example.com`];
    const ticket = await proveFresh(email);
    expect(await outcomeOf({ ticket })).toBe("invalid_input");
    expect((await register({ ticket, password })).user).toMatchObject({ email, username: null });
    const both = await service.another({ messages, codes: { signInByCode: "both" } });
    const { user } = await register({ ticket: await proveFresh(second, both) }, both);
    expect(await enter(second, both)).toMatchObject({ user: { id: user.id } });
  });

  test("wants a username and a password without a ticket, as before", async () => {
    await expect(register({ phoneNumber: freshNumber() })).rejects.toMatchObject({
      issues: [{ path: ["username"] }, { path: ["password"] }],
    });
  });
});

describe("a number that is another account's", () => {
  test("is never moved while it is trusted there, whatever is confirmed", async () => {
    const holder = await createHolder({ days: 5 });
    await service.database.query("update latchkey.users set is_staff = true where id = $1", [holder.id]);
    const answer = await enter(holder.phoneNumber);
    expect(answer).toMatchObject({ next: "another_way" });
    if (!("ticket" in answer)) return;
    expect(await outcomeOf({ ticket: answer.ticket, isNotMine: true })).toBe("identifier_taken");
    expect(await readUser(holder.id)).toMatchObject({ phone_number: holder.phoneNumber });
  });

  test("is moved beyond that time only where that is confirmed, and the account stays its owner's", async () => {
    const holder = await createHolder({ days: 41 });
    const answer = await enter(holder.phoneNumber);
    if (!("ticket" in answer)) throw new Error("a recycled number opened the account");
    expect(await outcomeOf({ ticket: answer.ticket })).toBe("identifier_taken");
    const { user } = await register({ ticket: answer.ticket, isNotMine: true });
    expect(user.id).not.toBe(holder.id);
    expect(user.phoneNumber).toBe(holder.phoneNumber);
    expect(await readUser(holder.id)).toMatchObject({ phone_number: null, phone_proved_at: null, parked_at: null });
    const signedIn = await auth.signIn({ username: holder.username, password }, facts());
    expect(signedIn.user.id).toBe(holder.id);
  });

  test("leaves an account that has no other name parked, with its sessions", async () => {
    const holder = await createHolder({ days: 41, hasUsername: false });
    const { token } = await auth.signIn({ username: holder.phoneNumber, password }, facts());
    const answer = await enter(holder.phoneNumber);
    if (!("ticket" in answer)) throw new Error("a recycled number opened the account");
    await register({ ticket: answer.ticket, isNotMine: true });
    expect(await readUser(holder.id)).toMatchObject({ phone_number: null, parked_at: expect.any(Date) });
    expect((await auth.authenticate([`Bearer ${token}`])).user.id).toBe(holder.id);
  });

  test("is its owner's again with the password: a stale or merely claimed number is proved by both", async () => {
    for (const days of [41, null]) {
      const holder = await createHolder({ days });
      const answer = await enter(holder.phoneNumber);
      if (!("ticket" in answer)) throw new Error("a code alone opened it");
      const { ticket } = answer;
      const wrong = auth.signIn({ username: holder.phoneNumber, password: "wrong horse", ticket }, facts());
      await expect(wrong).rejects.toMatchObject({ code: "invalid_credentials" });
      await auth.signIn({ username: holder.phoneNumber, password, ticket }, facts());
      expect(await readUser(holder.id)).toMatchObject({ phone_proved_at: expect.any(Date) });
      expect(await enter(holder.phoneNumber)).toMatchObject({ user: { id: holder.id } });
      expect(await outcomeOf({ ticket, isNotMine: true })).toBe("code_invalid");
    }
  });

  test("is not proved by another account's password", async () => {
    const holder = await createHolder({ days: 41 });
    const other = await createHolder({ days: 1 });
    const answer = await enter(holder.phoneNumber);
    if (!("ticket" in answer)) throw new Error("a code alone opened it");
    const before = await readUser(holder.id);
    await auth.signIn({ username: other.phoneNumber, password, ticket: answer.ticket }, facts());
    expect(await readUser(holder.id)).toEqual(before);
  });

  test("is not moved from an account that was not the one shown", async () => {
    const holder = await createHolder({ days: 41 });
    const answer = await enter(holder.phoneNumber);
    if (!("ticket" in answer)) throw new Error("a code alone opened it");
    await service.database.query("update latchkey.users set phone_number = null where id = $1", [holder.id]);
    const heir = await auth.createUser({ username: `heir_${people}`, phoneNumber: holder.phoneNumber, password });
    await service.database.query("update latchkey.users set phone_vouched_at = null where id = $1", [heir.id]);
    expect(await outcomeOf({ ticket: answer.ticket, isNotMine: true })).toBe("identifier_taken");
  });
});

describe("a test number", () => {
  const open = async () => {
    const until = new Date(Date.now() + 7 * 86_400_000);
    const options = { messages: { ...messages, testNumbers: { numbers: [testNumber], until } } };
    return createTestAuth({ ...options, codes: { signInByCode: "phone" } });
  };

  test("is sent nothing, makes an account with its fixed code, signs in to it, and ends at its date", async () => {
    await using own = await open();
    const ticket = await enter(testNumber.number, own.auth, testNumber.code);
    if (!("ticket" in ticket)) throw new Error("nobody has the number yet");
    const withPassword = own.auth.register({ ticket: ticket.ticket, password }, facts());
    await expect(withPassword).rejects.toMatchObject({ code: "invalid_input" });
    const { user, refreshToken } = await own.auth.register({ ticket: ticket.ticket }, facts());
    expect(await enter(testNumber.number, own.auth, testNumber.code)).toMatchObject({ user: { id: user.id } });
    const [row] = await own.database.query("select phone_proved_at, test_until from latchkey.users");
    expect(row).toEqual({ phone_proved_at: null, test_until: expect.any(Date) });
    expect(inbox.messages.map(({ to }) => to)).not.toContain(testNumber.number);
    await own.clock.advance(7 * 86_400 + 60);
    await expect(own.auth.refresh(refreshToken, facts())).rejects.toMatchObject({ code: expect.any(String) });
    await expect(enter(testNumber.number, own.auth, testNumber.code)).rejects.toMatchObject({ code: "code_invalid" });
  });

  test("gets its account no right: no rank, no permission and no group, though that gives nothing yet", async () => {
    await using own = await open();
    const answer = await enter(testNumber.number, own.auth, testNumber.code);
    const ticket = "ticket" in answer ? answer.ticket : "";
    const { user } = await own.auth.register({ ticket }, facts());
    await own.auth.createUser({ username: "boss", password, isSuperuser: true });
    const { token } = await own.auth.signIn({ username: "boss", password }, facts());
    const admin = { ...(await own.auth.authenticate([`Bearer ${token}`])), facts: facts() };
    const group = await own.auth.groups.create(admin, { name: "Readers", permissions: [] });
    const acts = [
      () => own.auth.users.update(admin, user.id, { isStaff: true }),
      () => own.auth.users.update(admin, user.id, { isSuperuser: true }),
      () => own.auth.users.setPermissions(admin, user.id, ["auth.view_user"]),
      () => own.auth.users.setGroups(admin, user.id, [group.id]),
      () => own.auth.operator.grant(testNumber.number, { permission: "auth.view_user" }),
    ];
    for (const act of acts) await expect(act()).rejects.toMatchObject({ code: "permission_denied" });
  });

  test("opens nothing that anybody else has, and is refused like a wrong code", async () => {
    await using own = await open();
    const { id } = await own.auth.createUser({ phoneNumber: testNumber.number, password });
    await own.database.query("update latchkey.users set phone_proved_at = latchkey.now() where id = $1", [id]);
    await expect(enter(testNumber.number, own.auth, testNumber.code)).rejects.toMatchObject({ code: "code_invalid" });
  });
});
