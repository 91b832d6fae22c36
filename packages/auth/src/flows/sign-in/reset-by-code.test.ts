import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";
import { limits } from "../../throttling/limits.ts";

const inbox = createInbox();
const [password, newPassword] = ["correct horse battery", "a better horse battery"];
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;
const freshNumber = () => `+9053222${String(++people).padStart(5, "0")}`;
const facts = () => ({ ...service.facts, address: `2001:db8:${(++people).toString(16)}::1` });
const codeOf = (error: { code?: string }) => error.code;

async function createPerson({ days = 1, hasPassword = true } = {}) {
  const phoneNumber = freshNumber();
  const username = `person_${people}`;
  const { id } = await auth.createUser({ username, phoneNumber, password });
  await service.database.query(
    `update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() - make_interval(days => $2),
      password = case when $3 then password else '!' end where id = $1`,
    [id, days, hasPassword],
  );
  return { id, username, phoneNumber };
}

async function sendReset(to: string, phoneNumber: string, more: object = {}) {
  const { challenge } = await auth.startReset({ username: to, ...more }, facts());
  return { challenge, code: (await inbox.take(phoneNumber)).code };
}

const reset = (input: { challenge: string; code: string; newPassword?: string; deviceMark?: string }) =>
  auth.resetPasswordByCode({ newPassword, ...input }, facts()).then(() => "reset", codeOf);
const signIn = (username: string, typed: string) =>
  auth.signIn({ username, password: typed }, facts()).then((answer) => answer, codeOf);

/** Whether something is sent to a number, by what is sent after it. */
async function isSentNothing(to: string): Promise<boolean> {
  const { username, phoneNumber } = await createPerson();
  await sendReset(username, phoneNumber);
  return inbox.messages.every((message) => message.to !== to);
}

describe("a password", () => {
  test("is set with the code that went to the account's number, and every session ends", async () => {
    const { username, phoneNumber, id } = await createPerson();
    const { token } = await auth.signIn({ username, password }, facts());
    const sent = await sendReset(username, phoneNumber);
    expect(await reset(sent)).toBe("reset");
    await expect(auth.authenticate([`Bearer ${token}`])).rejects.toMatchObject({ code: "session_ended" });
    expect(await signIn(username, password)).toBe("invalid_credentials");
    expect(await signIn(username, newPassword)).toMatchObject({ user: { id } });
    expect(await reset(sent)).toBe("code_invalid");
  });

  test("is set by whoever signs in by an alias of an import, with the code that goes to their number", async () => {
    const { id, phoneNumber } = await createPerson();
    const alias = `Ada & Bob ${people}`;
    await service.database.query(
      `insert into latchkey.imported_users (source, old_id, user_id, named_since, seen_at, alias)
        values ('django', $1, $2, latchkey.now(), latchkey.now(), $3)`,
      [String(people), id, alias],
    );
    const sent = await sendReset(alias, phoneNumber);
    expect(await reset(sent)).toBe("reset");
    expect(await signIn(alias, newPassword)).toMatchObject({ user: { id } });
    const byCode = await auth.startCode({ purpose: "sign_in", to: alias }, facts());
    expect(byCode.channel).toBeNull();
    expect(Object.keys(byCode)).toEqual(Object.keys(await auth.startReset({ username: "nobody & nobody" }, facts())));
  });

  test("is hashed for no more guesses from one place than its limit lets through", async () => {
    let hashes = 0;
    const watched = await service.another({
      watch: (work, _, run) => {
        if (work === "hash") hashes += 1;
        return run();
      },
    });
    const from = facts();
    const guess = () => watched.resetPasswordByCode({ challenge: "A".repeat(22), code: "123456", newPassword }, from);
    const outcomes = await Promise.all(
      Array.from({ length: limits.check_code_address.allowed + 40 }, () => guess().catch(codeOf)),
    );
    const isRefused = (outcome: unknown) => outcome === "rate_limited" || outcome === "overloaded";
    expect(outcomes.filter((outcome) => !isRefused(outcome) && outcome !== "code_invalid")).toEqual([]);
    // Some were turned away uncounted, as many as had to wait for the counter.
    await expect.poll(() => guess().catch(codeOf), { interval: 1, timeout: 30_000 }).toBe("rate_limited");
    const before = hashes;
    expect(before).toBeLessThanOrEqual(limits.check_code_address.allowed);
    expect(await guess().catch(codeOf)).toBe("rate_limited");
    expect(hashes).toBe(before);
  });

  test("that the policy refuses leaves the code and its guesses as they are", async () => {
    const { username, phoneNumber } = await createPerson();
    const sent = await sendReset(phoneNumber, phoneNumber);
    for (let time = 0; time < 6; time += 1) {
      expect(await reset({ ...sent, newPassword: username })).toBe("password_rejected");
      expect(await reset({ ...sent, newPassword: "12345678" })).toBe("password_rejected");
    }
    expect(await reset(sent)).toBe("reset");
  });

  test("is set by no code of a number that may be another person's by now, but on a device that its owner has used", async () => {
    const { username, phoneNumber } = await createPerson({ days: 41 });
    await auth.startReset({ username: phoneNumber }, facts());
    await auth.startReset({ username }, facts());
    expect(await isSentNothing(phoneNumber)).toBe(true);
    const { deviceMark } = await auth.signIn({ username, password }, facts());
    const sent = await sendReset(phoneNumber, phoneNumber, { deviceMark });
    expect(await reset(sent)).toBe("code_invalid");
    expect(await reset({ ...sent, deviceMark })).toBe("reset");
  });

  test("of whoever holds rights is set by no code, nor after they got them", async () => {
    const { id, phoneNumber } = await createPerson();
    const sent = await sendReset(phoneNumber, phoneNumber);
    await service.database.query("update latchkey.users set is_superuser = true where id = $1", [id]);
    expect(await reset(sent)).toBe("code_invalid");
    await auth.startReset({ username: phoneNumber }, facts());
    await isSentNothing("nobody");
    expect(inbox.messages.filter(({ to }) => to === phoneNumber)).toHaveLength(1);
  });

  test("is not set by the code of a sign-in, nor the other way round", async () => {
    const { phoneNumber } = await createPerson();
    const { challenge } = await auth.startCode({ purpose: "sign_in", to: phoneNumber }, facts());
    const { code } = await inbox.take(phoneNumber);
    expect(await reset({ challenge, code })).toBe("code_invalid");
    const sent = await sendReset(phoneNumber, phoneNumber);
    expect(await auth.signInByCode(sent, facts()).catch(codeOf)).toBe("code_invalid");
  });

  test("that changed by any other way ends the codes that are under way", async () => {
    const { username, phoneNumber } = await createPerson();
    const [first, second] = [await sendReset(phoneNumber, phoneNumber), await sendReset(phoneNumber, phoneNumber)];
    expect(await reset(first)).toBe("reset");
    expect(await reset(second)).toBe("code_invalid");
    const third = await sendReset(phoneNumber, phoneNumber);
    const { token } = await auth.signIn({ username, password: newPassword }, facts());
    const caller = await auth.authenticate([`Bearer ${token}`]);
    await auth.changePassword(caller, { currentPassword: newPassword, newPassword: password }, facts());
    expect(await reset(third)).toBe("code_invalid");
    const fourth = await sendReset(phoneNumber, phoneNumber);
    await auth.operator.changePassword(username, newPassword);
    expect(await reset(fourth)).toBe("code_invalid");
    const fifth = await sendReset(phoneNumber, phoneNumber);
    await auth.operator.update(username, { email: `e${people}@example.com` });
    expect(await reset(fifth)).toBe("code_invalid");
  });
});

describe("showing by a code that it is oneself", () => {
  async function signInByCode(phoneNumber: string) {
    const { challenge } = await auth.startCode({ purpose: "sign_in", to: phoneNumber }, facts());
    const answer = await auth.signInByCode({ challenge, code: (await inbox.take(phoneNumber)).code }, facts());
    if (!("token" in answer)) throw new Error("a ticket is not enough");
    return auth.authenticate([`Bearer ${answer.token}`]);
  }
  const isRecent = (caller: Parameters<Auth["requireRecentAuthentication"]>[0]) =>
    auth.requireRecentAuthentication(caller, 600).then(
      () => true,
      () => false,
    );

  test("is for accounts that have no password, in that session alone", async () => {
    const { phoneNumber } = await createPerson({ hasPassword: false });
    const [caller, other] = [await signInByCode(phoneNumber), await signInByCode(phoneNumber)];
    expect(await isRecent(caller)).toBe(true);
    await service.clock.advance(700);
    expect(await isRecent(caller)).toBe(false);
    const { challenge } = await auth.startReauthentication(caller, { current: "phone" }, facts());
    const { code } = await inbox.take(phoneNumber);
    const inOther = auth.reauthenticateByCode(other, { challenge, code }, facts());
    await expect(inOther).rejects.toMatchObject({ code: "code_invalid" });
    await auth.reauthenticateByCode(caller, { challenge, code }, facts());
    expect([await isRecent(caller), await isRecent(other)]).toEqual([true, false]);
  });

  test("is refused where there is a password, and so is the sign-in by code", async () => {
    const { phoneNumber } = await createPerson();
    const caller = await signInByCode(phoneNumber);
    expect(await isRecent(caller)).toBe(false);
    const asking = auth.startReauthentication(caller, { current: "phone" }, facts());
    await expect(asking).rejects.toMatchObject({ code: "invalid_input", issues: [{ path: ["current"] }] });
    await auth.reauthenticate(caller, { password }, facts());
    expect(await isRecent(caller)).toBe(true);
  });

  test("needs nothing for an hour after registering", async () => {
    const to = freshNumber();
    const { challenge } = await auth.startCode({ purpose: "enter", to }, facts());
    const { code } = await inbox.take(to);
    const proved = await auth.signInByCode({ challenge, code }, facts());
    if (!("ticket" in proved)) throw new Error("nobody has that number");
    const { token } = await auth.register({ ticket: proved.ticket }, facts());
    const caller = await auth.authenticate([`Bearer ${token}`]);
    await service.clock.advance(3_500);
    expect(await isRecent(caller)).toBe(true);
    await service.clock.advance(200);
    expect(await isRecent(caller)).toBe(false);
  });
});
