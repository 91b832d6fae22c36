import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import type { AuthError } from "../../errors.ts";
import { addApp, addPasskey, nextTotp, signInByPasskey, signInByPassword } from "../../testing/factors.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, password } from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const nextPassword = "a better horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
const days = (count: number) => count * 86_400;

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages, passkeys: { rpId: "localhost", allowsLocalhost: true } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);
const callerOf = (token: string): Promise<Principal> => auth.authenticate([`Bearer ${token}`]);

interface Person {
  readonly id: string;
  readonly username: string;
  readonly phoneNumber: string;
  readonly caller: Principal;
  readonly codes: readonly string[];
}

/** Somebody with a password and a number, who is signed in on their phone and has codes on paper. */
async function createPerson(): Promise<Person> {
  const { id, username, phoneNumber } = await createProvedPerson(service);
  const caller = await signIn(username);
  const { codes } = await auth.createRecoveryCodes(caller, facts());
  return { id, username, phoneNumber, caller, codes };
}

const signIn = (username: string, typed = password) => signInByPassword(service, { username, password: typed });

/** The same caller at the next call, which reads that both factors were shown. */
const afterFactor = ({ user, session }: Principal): Principal => ({ user, session: { ...session, acr: "2" } });

/** The ticket of a way in that wants the second factor. */
const ticketOf = (way: Promise<unknown>): Promise<string> =>
  way.then(
    () => Promise.reject(new Error("It opened")),
    (error: AuthError) => error.secondFactor?.ticket ?? Promise.reject(error),
  );

const recover = async (code: string | undefined, more: { removeSecondFactors?: boolean } = {}) => {
  const { ticket } = await auth.startRecovery({ code: code ?? "" }, facts());
  return auth.recover({ ticket, newPassword: nextPassword, ...more }, facts());
};

async function resetByNumber({ username, phoneNumber }: Person) {
  const { challenge } = await auth.startReset({ username }, facts());
  const { code } = await inbox.take(phoneNumber);
  return auth.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
}

const isLive = (caller: Principal) =>
  auth.listSessions(caller).then((sessions) => sessions.some(({ current }) => current));
const noticesOf = async (caller: Principal) =>
  (await auth.listNotices(caller, { limit: 25 })).notices.map(({ kind }) => kind);

/** An account without a password, whose owner has a passkey and no more than the number. */
async function leavePasskeyOnly({ id }: Person): Promise<void> {
  await service.database.query("update latchkey.users set password = '!' where id = $1", [id]);
}

describe("a lost phone", () => {
  test("with the app on it, and codes on paper: a code sets a password, and takes the app away where that is said", async () => {
    const person = await createPerson();
    await addApp(service, person.caller);
    expect(await recover(person.codes[0], { removeSecondFactors: true })).toMatchObject({ user: { id: person.id } });
    expect(await isLive(person.caller)).toBe(false);
    await signIn(person.username, nextPassword);
  });

  test("and the codes with it: an administrator takes the factors away and makes a code for a password", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson();
    await addApp(service, person.caller);
    const { device } = await addPasskey(service, afterFactor(person.caller));
    await auth.operator.resetSecondFactor(person.username);
    const { setPasswordCode: code } = await auth.operator.createPasswordCode(person.username);
    await auth.resetPassword({ username: person.username, code, newPassword: nextPassword }, facts());
    await signIn(person.username, nextPassword);
    expect(await signInByPasskey(service, device).catch(codeOf)).toBe("invalid_credentials");
  });

  test("of somebody who has a passkey on a laptop too: that removes the phone's, and ends its sessions", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson();
    const phone = await addPasskey(service, person.caller);
    const laptop = await addPasskey(service, person.caller);
    const onPhone = await callerOf((await signInByPasskey(service, phone.device)).token);
    const onLaptop = await callerOf((await signInByPasskey(service, laptop.device)).token);
    await auth.removePasskey(onLaptop, phone.id, facts());
    expect(await isLive(onPhone)).toBe(false);
    expect(await signInByPasskey(service, phone.device).catch(codeOf)).toBe("invalid_credentials");
  });

  test("of somebody who has nothing but a passkey: a code on paper sets a password", async () => {
    const person = await createPerson();
    const { device } = await addPasskey(service, person.caller);
    await leavePasskeyOnly(person);
    await recover(person.codes[0], { removeSecondFactors: true });
    await signIn(person.username, nextPassword);
    expect(await signInByPasskey(service, device).catch(codeOf)).toBe("invalid_credentials");
  });

  test("of somebody whose number moved on as well: a passkey needs neither", { tags: ["long"] }, async () => {
    const person = await createPerson();
    const { device } = await addPasskey(service, person.caller);
    await service.database.query(
      `update latchkey.users set username = null, username_key = null, phone_number = null, phone_proved_at = null,
        parked_at = latchkey.now() where id = $1`,
      [person.id],
    );
    expect((await signInByPasskey(service, device)).user.id).toBe(person.id);
  });
});

describe("a new phone", () => {
  test("while the old one is there: its app takes the old one's place", async () => {
    const person = await createPerson();
    const old = await addApp(service, person.caller);
    const next = await addApp(service, afterFactor(person.caller));
    const signIn = () => auth.signIn({ username: person.username, password }, facts());
    const wrong = { ticket: await ticketOf(signIn()), totp: await nextTotp(service, old) };
    expect(await auth.signInBySecondFactor(wrong, facts()).catch(codeOf)).toBe("code_invalid");
    const right = { ticket: await ticketOf(signIn()), totp: await nextTotp(service, next) };
    expect(await auth.signInBySecondFactor(right, facts())).toMatchObject({ user: { id: person.id } });
  });

  test("that gets the passkeys of the old one from its maker: nothing is to be done", async () => {
    const person = await createPerson();
    const { device } = await addPasskey(service, person.caller);
    await service.clock.advance(days(400));
    expect((await signInByPasskey(service, device)).user.id).toBe(person.id);
  });

  test("that has none of them: the password and a code on the number are as good as before", async () => {
    const person = await createPerson();
    await addPasskey(service, person.caller);
    await signIn(person.username);
    await resetByNumber(person);
    const caller = await signIn(person.username, nextPassword);
    // What a code has set adds no factor for three days.
    expect(await auth.startPasskey(caller).catch(codeOf)).toBe("permission_denied");
  });
});

describe("a forgotten password", () => {
  test("beside the app: a code on the number sets another once the app was shown", async () => {
    const person = await createPerson();
    const secret = await addApp(service, person.caller);
    const ticket = await ticketOf(resetByNumber(person));
    await auth.signInBySecondFactor({ ticket, totp: await nextTotp(service, secret) }, facts());
    await ticketOf(auth.signIn({ username: person.username, password: nextPassword }, facts()));
  });

  test("beside the app, with a code on paper: the app stays, and is asked for", { tags: ["long"] }, async () => {
    const person = await createPerson();
    const secret = await addApp(service, person.caller);
    const ticket = await ticketOf(recover(person.codes[0]));
    const shown = { ticket, totp: await nextTotp(service, secret) };
    const answer = await auth.signInBySecondFactor(shown, facts());
    expect(answer).toMatchObject({ user: { id: person.id } });
    // The other nine are as good as before.
    expect(answer).not.toHaveProperty("recoveryCodes");
    expect(await auth.startRecovery({ code: person.codes[1] ?? "" }, facts())).toHaveProperty("ticket");
  });

  test("beside a passkey: that signs in, and shows who may set another by an administrator's code", async () => {
    const person = await createPerson();
    const { device } = await addPasskey(service, person.caller);
    const { token } = await signInByPasskey(service, device);
    expect((await callerOf(token)).session.acr).toBe("2");
  });
});

describe("a stolen phone, unlocked", () => {
  test("with a session of before: the thief adds and removes nothing, and makes no codes", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson();
    const { id } = await addPasskey(service, person.caller);
    await service.clock.advance(601);
    for (const action of [
      () => auth.startPasskey(person.caller),
      () => auth.removePasskey(person.caller, id, facts()),
      () => auth.startTotp(person.caller, facts()),
      () => auth.createRecoveryCodes(person.caller, facts()),
      () => auth.exportOwnData(person.caller),
    ])
      expect(await action().catch(codeOf)).toBe("reauthentication_required");
  });

  test("just after a sign-in: the owner hears of the thief's passkey, and takes it away from another device", async () => {
    const person = await createPerson();
    const thief = await addPasskey(service, person.caller);
    const owner = await signIn(person.username);
    expect(await noticesOf(owner)).toContain("passkey_added");
    await auth.removePasskey(owner, thief.id, facts());
    expect(await isLive(person.caller)).toBe(false);
    expect(await signInByPasskey(service, thief.device).catch(codeOf)).toBe("invalid_credentials");
  });

  test("and its number: a code sets no password where an app is asked for, and shows nothing beside a passkey", async () => {
    const withApp = await createPerson();
    await addApp(service, withApp.caller);
    await ticketOf(resetByNumber(withApp));
    await ticketOf(auth.signIn({ username: withApp.username, password }, facts()));
    const withPasskey = await createPerson();
    await addPasskey(service, withPasskey.caller);
    await leavePasskeyOnly(withPasskey);
    const started = auth.startReauthentication(withPasskey.caller, { current: "phone" }, facts());
    expect(await started.catch(codeOf)).toBe("invalid_input");
  });

  test("whose PIN the thief does not know: its passkeys open nothing", async () => {
    const person = await createPerson();
    const { device } = await addPasskey(service, person.caller);
    const { options } = await auth.startPasskeySignIn();
    const passkey = device.get(options, { isVerified: false });
    expect(await auth.signInByPasskey({ passkey }, facts()).catch(codeOf)).toBe("invalid_credentials");
  });
});

describe("paper that somebody else has seen", () => {
  test("is worth nothing once there is new paper", async () => {
    const person = await createPerson();
    await auth.createRecoveryCodes(person.caller, facts());
    expect(await recover(person.codes[0]).catch(codeOf)).toBe("code_invalid");
  });

  test("and used: sets a password and opens nothing beside an app, and the owner hears of it", {
    tags: ["long"],
  }, async () => {
    const person = await createPerson();
    const secret = await addApp(service, person.caller);
    await ticketOf(recover(person.codes[0]));
    expect(await isLive(person.caller)).toBe(false);
    const ticket = await ticketOf(recover(person.codes[1]));
    const { token } = await auth.signInBySecondFactor({ ticket, totp: await nextTotp(service, secret) }, facts());
    expect(await noticesOf(await callerOf(token))).toContain("recovery_code_used");
  });
});

describe("staff who leave", () => {
  test("are out at once by every way, and in again by their passkey when they come back", async () => {
    const person = await createPerson();
    const { device } = await addPasskey(service, person.caller);
    await auth.operator.update(person.username, { isStaff: true });
    await auth.operator.update(person.username, { isActive: false });
    expect(await signInByPasskey(service, device).catch(codeOf)).toBe("invalid_credentials");
    expect(await signIn(person.username).catch(codeOf)).toBe("invalid_credentials");
    expect(await recover(person.codes[0]).catch(codeOf)).toBe("code_invalid");
    await auth.operator.update(person.username, { isActive: true });
    expect((await signInByPasskey(service, device)).user.id).toBe(person.id);
  });
});

describe("a number that was given to somebody else", () => {
  test("opens nothing of an account with a passkey, and its owner proves it by the passkey", async () => {
    const person = await createPerson();
    const { device } = await addPasskey(service, person.caller);
    await service.clock.advance(days(50));
    const { challenge } = await auth.startCode({ purpose: "enter", to: person.phoneNumber }, facts());
    const { code } = await inbox.take(person.phoneNumber);
    const answer = await auth.signInByCode({ challenge, code }, facts());
    expect(answer).toMatchObject({ next: "another_way" });
    const { options } = await auth.startPasskeySignIn();
    const ticket = "ticket" in answer ? answer.ticket : "";
    await auth.signInByPasskey({ passkey: device.get(options), ticket }, facts());
    const [row] = await service.database.query<{ fresh: boolean }>(
      "select phone_proved_at = latchkey.now() or phone_proved_at > latchkey.now() - interval '1 hour' as fresh from latchkey.users where id = $1",
      [person.id],
    );
    expect(row?.fresh).toBe(true);
  });
});

test("the last way in is never thrown away", async () => {
  const person = await createPerson();
  const { id } = await addPasskey(service, person.caller);
  await leavePasskeyOnly(person);
  await service.database.query("update latchkey.users set phone_number = null, phone_proved_at = null where id = $1", [
    person.id,
  ]);
  await service.database.query("delete from latchkey.recovery_codes where user_id = $1", [person.id]);
  expect(await auth.removePasskey(person.caller, id, facts()).catch(codeOf)).toBe("permission_denied");
});

test("somebody without a name any more, who has used the last code and still has the app, comes in with both", async () => {
  const person = await createPerson();
  const secret = await addApp(service, person.caller);
  await service.database.query(
    `update latchkey.users set username = null, username_key = null, phone_number = null, phone_proved_at = null,
      parked_at = latchkey.now() where id = $1`,
    [person.id],
  );
  for (const code of person.codes.slice(1)) {
    const { ticket } = await auth.startRecovery({ code }, facts());
    await auth.recover({ ticket, newPassword: nextPassword }, facts()).catch(() => {});
  }
  const [last = ""] = person.codes;
  const { ticket } = await auth.startRecovery({ code: last }, facts());
  const error: AuthError = await auth.recover({ ticket, newPassword: nextPassword }, facts()).then(
    () => Promise.reject(new Error("it opened without the app")),
    (error) => error,
  );
  expect(error.code).toBe("second_factor_required");
  const shown = { ticket: error.secondFactor?.ticket ?? "", totp: await nextTotp(service, secret) };
  const { token, recoveryCodes } = await auth.signInBySecondFactor(shown, facts());
  expect((await callerOf(token)).user.id).toBe(person.id);
  expect(await auth.startRecovery({ code: last }, facts()).catch(codeOf)).toBe("code_invalid");
  // The app that they keep may be lost tomorrow.
  expect(recoveryCodes).toMatchObject({ goodFrom: null });
  expect(new Set(recoveryCodes?.codes).size).toBe(10);
  expect(await auth.startRecovery({ code: recoveryCodes?.codes[0] ?? "" }, facts())).toMatchObject({
    methods: ["totp"],
  });
});

test("somebody who takes the app away and keeps a passkey goes on being asked for a second factor, which it is", async () => {
  const { username, caller } = await createPerson();
  await addApp(service, caller);
  const whole = afterFactor(caller);
  const { device, id } = await addPasskey(service, whole);
  await auth.removeTotp(whole, facts());
  const error: AuthError = await auth.signIn({ username, password }, facts()).then(
    () => Promise.reject(new Error("it opened by the password alone")),
    (error) => error,
  );
  expect(error).toMatchObject({ code: "second_factor_required", secondFactor: { methods: ["passkey"] } });
  const { ticket = "" } = error.secondFactor ?? {};
  const { options } = await auth.startSecondFactorPasskey(ticket, facts());
  const { token } = await auth.signInBySecondFactor({ ticket, passkey: device.get(options) }, facts());
  await auth.removePasskey(await callerOf(token), id, facts());
  expect((await auth.signIn({ username, password }, facts())).user.username).toBe(username);
});
