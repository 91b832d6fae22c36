import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import type { AuthError } from "../../errors.ts";
import { addApp, nextTotp } from "../../testing/factors.ts";
import { createInbox, createPasskeyDevice, createTestAuth, type TestAuth } from "../../testing/index.ts";
import { limits } from "../../throttling/limits.ts";

const inbox = createInbox();
const [password, newPassword] = ["correct horse battery", "a better horse battery"];
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages, passkeys: { rpId: "localhost", allowsLocalhost: true } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;
const freshNumber = () => `+9053255${String(++people).padStart(5, "0")}`;
const facts = () => ({ ...service.facts, address: `2001:db8:${(++people).toString(16)}::1` });
const codeOf = (error: { code?: string }) => error.code;

async function signIn(username: string, typed = password) {
  const { token } = await auth.signIn({ username, password: typed }, facts());
  return auth.authenticate([`Bearer ${token}`]);
}

async function createPerson() {
  const username = `recoverer_${++people}`;
  const { id } = await auth.createUser({ username, password });
  const caller = await signIn(username);
  const { codes } = await auth.createRecoveryCodes(caller, facts());
  const [code = ""] = codes;
  return { id, username, caller, codes, code };
}

async function signInByCode(phoneNumber: string) {
  const { challenge } = await auth.startCode({ purpose: "sign_in", to: phoneNumber }, facts());
  const answer = await auth.signInByCode({ challenge, code: (await inbox.take(phoneNumber)).code }, facts());
  if (!("token" in answer)) throw new Error("a ticket is not enough");
  return auth.authenticate([`Bearer ${answer.token}`]);
}

/** Somebody whose number is their key, signed in by a code. */
async function createNumberOnly() {
  const phoneNumber = freshNumber();
  const { id } = await auth.createUser({ username: `number_${people}`, phoneNumber, password });
  await service.database.query(
    "update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now(), password = '!' where id = $1",
    [id],
  );
  return { id, phoneNumber, caller: await signInByCode(phoneNumber) };
}

const start = (code: string) => auth.startRecovery({ code }, facts()).then(({ ticket }) => ticket, codeOf);
const recover = (ticket: string | undefined, typed = newPassword) =>
  auth.recover({ ticket: ticket ?? "", newPassword: typed }, facts());
const lives = (caller: Parameters<Auth["listSessions"]>[0]) =>
  auth.listSessions(caller).then((sessions) => sessions.some(({ current }) => current));

describe("recovery codes", () => {
  test("are ten of 150 bits, which are shown once and of which nothing but hashes is kept", async () => {
    const { caller, codes } = await createPerson();
    expect(codes).toHaveLength(10);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){5}$/);
    expect(await auth.readRecoveryCodes(caller)).toEqual({ left: 10, createdAt: expect.any(Date), nextGoodFrom: null });
    const kept = JSON.stringify(await service.database.query("select t::text from latchkey.recovery_codes t"));
    for (const code of codes) expect(kept).not.toContain(code.replaceAll("-", ""));
  });

  test("set a password without any name, end every session, and sign in with that password", async () => {
    const { id, username, caller, code } = await createPerson();
    const answer = await recover(await start(` ${code.toLowerCase().replaceAll("-", "–").replaceAll("0", "o")} `));
    expect(answer).toMatchObject({ user: { id }, token: expect.any(String), deviceMark: expect.any(String) });
    expect(await lives(caller)).toBe(false);
    expect(await auth.signIn({ username, password }, facts()).catch(codeOf)).toBe("invalid_credentials");
    const again = await signIn(username, newPassword);
    expect(await auth.readRecoveryCodes(again)).toMatchObject({ left: 9 });
  });

  test("work once, and not before they are used: an answer that was lost costs none", async () => {
    const { code, caller } = await createPerson();
    const [lost, ticket] = [await start(code), await start(code)];
    expect(await auth.readRecoveryCodes(caller)).toMatchObject({ left: 10 });
    expect(await recover(lost).catch(codeOf)).toBe("code_invalid");
    const racing = await Promise.all(Array.from({ length: 6 }, () => recover(ticket).then(() => "set", codeOf)));
    expect(racing.sort()).toEqual([...Array.from({ length: 5 }, () => "code_invalid"), "set"]);
    expect(await start(code)).toBe("code_invalid");
    expect(await recover(ticket).catch(codeOf)).toBe("code_invalid");
  });

  test("are good no more once there are new ones, and neither is a ticket of theirs", async () => {
    const { caller, codes, code } = await createPerson();
    const ticket = await start(code);
    const next = await auth.createRecoveryCodes(caller, facts());
    expect(await recover(ticket).catch(codeOf)).toBe("code_invalid");
    for (const old of codes) expect(await start(old)).toBe("code_invalid");
    expect(await recover(await start(next.codes[9] ?? ""))).toHaveProperty("token");
  });

  test("give a ticket of 15 minutes", async () => {
    const { code } = await createPerson();
    const ticket = await start(code);
    await service.clock.advance(900);
    expect(await recover(ticket).catch(codeOf)).toBe("code_invalid");
    expect(await recover(await start(code))).toHaveProperty("token");
  });

  test("stay good when the policy refuses the password", async () => {
    const { username, code } = await createPerson();
    const ticket = await start(code);
    for (const typed of ["12345678", username])
      expect(await recover(ticket, typed).catch(codeOf)).toBe("password_rejected");
    expect(await recover(ticket)).toHaveProperty("token");
  });

  test("of a disabled account are refused like those of nobody, and so is a ticket from before", async () => {
    const { id, username, code, codes } = await createPerson();
    const ticket = await start(code);
    await auth.operator.update(username, { isActive: false });
    const refusal = (typed: string) => auth.startRecovery({ code: typed }, facts()).catch((error: Error) => error);
    expect(await refusal(codes[1] ?? "")).toEqual(await refusal("00000-00000-00000-00000"));
    expect(await recover(ticket).catch(codeOf)).toBe("code_invalid");
    const events = await service.database.query(
      "select detail ->> 'because' as because from latchkey.audit_events where event = 'recovery_refused' and subject_id = $1",
      [id],
    );
    expect(events.map(({ because }) => because)).toEqual(["inactive_account", "wrong_ticket"]);
  });

  test("open a parked account, which no name leads to, and let its owner in to give it one", async () => {
    const { id, code } = await createPerson();
    await service.database.query(
      "update latchkey.users set username = null, username_key = null, parked_at = latchkey.now() where id = $1",
      [id],
    );
    expect(await recover(await start(code))).toMatchObject({ user: { id, username: null } });
  });

  test("set a first password of an account that had none", { tags: ["long"] }, async () => {
    const { id, phoneNumber } = await createNumberOnly();
    const caller = await signInByCode(phoneNumber);
    const { codes } = await auth.createRecoveryCodes(caller, facts());
    await service.clock.advance(72 * 3_600 + 1);
    expect(await recover(await start(codes[0] ?? ""))).toMatchObject({ user: { id } });
  });

  test("are for whoever showed within ten minutes that it is them, not for a session that was found open", async () => {
    const { caller } = await createPerson();
    await service.clock.advance(601);
    const error = await auth.createRecoveryCodes(caller, facts()).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "reauthentication_required", maxAge: 600 });
    expect(await auth.readRecoveryCodes(caller)).toMatchObject({ left: 10 });
    await auth.reauthenticate(caller, { password }, facts());
    expect((await auth.createRecoveryCodes(caller, facts())).goodFrom).toBeNull();
  });

  test("are not for the account of a test number", async () => {
    const { id, caller } = await createPerson();
    await service.database.query(
      "update latchkey.users set test_until = latchkey.now() + interval '1 day' where id = $1",
      [id],
    );
    expect(await auth.createRecoveryCodes(caller, facts()).catch(codeOf)).toBe("permission_denied");
  });

  test("are tried from one network a hundred times without a wait, and then slowly, and nobody else waits", async () => {
    const { code } = await createPerson();
    const here = facts();
    const tryOnce = () => auth.startRecovery({ code: "00000-00000-00000-00000" }, here).catch(codeOf);
    for (let time = 0; time < limits.recovery_address.allowed; time += 1) expect(await tryOnce()).toBe("code_invalid");
    expect(await tryOnce()).toBe("rate_limited");
    expect(await start(code)).toMatch(/^[\w-]{22}$/);
    await service.clock.advance(limits.recovery_address.longestWait);
    expect(await auth.startRecovery({ code }, here)).toHaveProperty("ticket");
  });
});

describe("codes that a code alone asked for", () => {
  test("are good after three days, and those before until then", async () => {
    const { id, caller, phoneNumber } = await createNumberOnly();
    const first = await auth.createRecoveryCodes(caller, facts());
    expect(first.goodFrom).toEqual(expect.any(Date));
    expect(await auth.readRecoveryCodes(caller)).toEqual({ left: 0, createdAt: null, nextGoodFrom: first.goodFrom });
    expect(await start(first.codes[0] ?? "")).toBe("code_invalid");
    await service.clock.advance(72 * 3_600 + 1);
    expect(await auth.readRecoveryCodes(caller)).toMatchObject({ left: 10, nextGoodFrom: null });
    const second = await auth.createRecoveryCodes(await signInByCode(phoneNumber), facts());
    expect(await auth.readRecoveryCodes(caller)).toMatchObject({ left: 10, nextGoodFrom: second.goodFrom });
    expect(await start(first.codes[0] ?? "")).toMatch(/^[\w-]{22}$/);
    await service.clock.advance(72 * 3_600 + 1);
    expect(await start(first.codes[0] ?? "")).toBe("code_invalid");
    expect(await recover(await start(second.codes[0] ?? ""))).toMatchObject({ user: { id } });
  });

  test("are stopped by any other session, and never take the place of those before", async () => {
    const { caller, phoneNumber } = await createNumberOnly();
    const thief = await signInByCode(phoneNumber);
    const { codes } = await auth.createRecoveryCodes(thief, facts());
    await auth.stopRecoveryCodes(caller, facts());
    expect(await auth.stopRecoveryCodes(caller, facts()).catch(codeOf)).toBe("not_found");
    // Whoever asked for them is told.
    const { notices } = await auth.listNotices(thief, { limit: 1 });
    expect(notices).toMatchObject([{ kind: "change_stopped" }]);
    await service.clock.advance(72 * 3_600 + 1);
    expect(await start(codes[0] ?? "")).toBe("code_invalid");
  });

  test("die with the session that asked, also when nothing of it is kept any more", { tags: ["long"] }, async () => {
    const { caller, phoneNumber } = await createNumberOnly();
    const thief = await signInByCode(phoneNumber);
    const { codes } = await auth.createRecoveryCodes(thief, facts());
    await auth.revokeOtherSessions(caller, facts());
    expect(await auth.readRecoveryCodes(caller)).toBeNull();
    await service.clock.advance(8 * 86_400);
    await auth.purge();
    expect(await start(codes[0] ?? "")).toBe("code_invalid");
  });

  test("stay when that session ends after they were good, also when nothing of it is kept any more", async () => {
    const { caller } = await createNumberOnly();
    const { codes } = await auth.createRecoveryCodes(caller, facts());
    await service.clock.advance(72 * 3_600 + 1);
    await auth.revokeSession(caller, caller.session.id, facts());
    await auth.purge();
    await service.clock.advance(8 * 86_400);
    await auth.purge();
    expect(await service.database.query("select from latchkey.sessions where id = $1", [caller.session.id])).toEqual(
      [],
    );
    expect(await start(codes[0] ?? "")).toMatch(/^[\w-]{22}$/);
  });
});

describe("the gate", () => {
  test("is told of codes that are left, and of none that were used", async () => {
    const { id, username } = await createPerson();
    const number = freshNumber();
    await service.database.query(
      `update latchkey.users set phone_number = $2, phone_vouched_at = latchkey.now(), password = '!' where id = $1`,
      [id, number],
    );
    const enter = async () => {
      const { challenge } = await auth.startCode({ purpose: "enter", to: number }, facts());
      return auth.signInByCode({ challenge, code: (await inbox.take(number)).code }, facts());
    };
    // A number that an administrator vouched for opens an account that nothing else opens.
    expect(await enter()).toMatchObject({ next: "another_way" });
    await service.database.query("update latchkey.recovery_codes set used_at = latchkey.now() where user_id = $1", [
      id,
    ]);
    await service.clock.advance(31);
    expect(await enter()).toMatchObject({ user: { username } });
  });
});

describe("recovery codes where the settings want more than one code for a factor", () => {
  let strict: Auth;
  beforeAll(async () => {
    strict = await service.another({ recoveryRemovesFactors: false });
  });
  const startStrict = (code: string) => strict.startRecovery({ code }, facts());

  test("take no factor away and make no passkey beside one where the settings say so: their password is set, and the factor is asked for", async () => {
    const { caller, codes } = await createPerson();
    const secret = await addApp(service, caller);
    const { ticket, ...started } = await startStrict(codes[0] ?? "");
    expect(started).toMatchObject({ methods: ["totp"], mayRemoveSecondFactors: false });
    const removing = { ticket, newPassword, removeSecondFactors: true };
    expect(await strict.recover(removing, facts()).catch(codeOf)).toBe("permission_denied");
    expect(await strict.startRecoveryPasskey(ticket, facts()).catch(codeOf)).toBe("permission_denied");
    // One that was asked for where that is allowed is refused as well.
    const { options } = await auth.startRecoveryPasskey(ticket, facts());
    const passkey = createPasskeyDevice().create(options);
    const byPasskey = strict.recoverByPasskey({ ticket, passkey, removeSecondFactors: true }, facts());
    expect(await byPasskey.catch(codeOf)).toBe("permission_denied");

    const asked: AuthError = await strict.recover({ ticket, newPassword }, facts()).catch((error) => error);
    expect(asked).toMatchObject({ code: "second_factor_required", secondFactor: { methods: ["totp"] } });
    const shown = { ticket: asked.secondFactor?.ticket ?? "", totp: await nextTotp(service, secret) };
    expect(await strict.signInBySecondFactor(shown, facts())).toMatchObject({ user: { id: caller.user.id } });
  });

  test("bring an account without a factor back as ever, by a password or a passkey", async () => {
    const { id, codes } = await createPerson();
    const { ticket } = await startStrict(codes[0] ?? "");
    const { options } = await strict.startRecoveryPasskey(ticket, facts());
    const passkey = createPasskeyDevice().create(options);
    expect(await strict.recoverByPasskey({ ticket, passkey }, facts())).toMatchObject({ user: { id } });
  });
});
