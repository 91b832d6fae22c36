import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import type { AuthError } from "../../errors.ts";
import { createInbox, createTestAuth, shareOut, showTotp, type TestAuth } from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, freshUsername, password } from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const nextPassword = "a better horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
const day = 86_400;

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages, sessions: { idleLifetime: 90 * day } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const nextChrome = chrome.replace("140", "141");
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const facts = (userAgent = chrome) => ({ ...freshFacts(service), userAgent });
const callerOf = (token: string, by: Auth = auth): Promise<Principal> => by.authenticate([`Bearer ${token}`]);

async function nextTotp(secret: string): Promise<string> {
  await service.clock.advance(30);
  return showTotp(service, secret);
}

/** Somebody with a password, a number and an authenticator app. */
async function createPerson() {
  const { id, username, phoneNumber } = await createProvedPerson(service);
  const { token } = await auth.signIn({ username, password }, facts());
  const caller = await callerOf(token);
  const { ticket, secret } = await auth.startTotp(caller, facts());
  const { recoveryCodes } = await auth.confirmTotp(caller, { ticket, totp: await nextTotp(secret) }, facts());
  return { id, username, phoneNumber, secret, token, recoveryCode: recoveryCodes?.codes[0] ?? "" };
}

type Person = Awaited<ReturnType<typeof createPerson>>;

/** What a sign-in with the password is refused with. */
async function askFor(person: Person, by: Auth = auth) {
  const error = await by.signIn({ username: person.username, password }, facts()).then(
    () => Promise.reject(new Error("It opened")),
    (error: AuthError) => error,
  );
  if (error.code !== "second_factor_required") throw error;
  return { ticket: "", ...error.secondFactor };
}

async function signInWithBoth(person: Person, { remember = true, by = auth } = {}) {
  const { ticket } = await askFor(person, by);
  return by.signInBySecondFactor({ ticket, totp: await nextTotp(person.secret), remember }, facts());
}

/** Ticks it, and has the mark. */
async function remember(person: Person): Promise<{ readonly rememberMark: string; readonly token: string }> {
  const { token, rememberMark = "" } = await signInWithBoth(person);
  expect(rememberMark).toMatch(/^[\w-]{22}$/);
  return { rememberMark, token };
}

const enter = ({ username }: Person, rememberMark: string, { by = auth, userAgent = chrome } = {}) =>
  by.signIn({ username, password, rememberMark }, facts(userAgent));

/** A session that a remembered device opened. */
async function createRemembered() {
  const person = await createPerson();
  const { rememberMark, token: whole } = await remember(person);
  const { token, refreshToken } = await enter(person, rememberMark);
  return { ...person, whole, rememberMark, remembered: token, refreshToken };
}

const isAsked = (person: Person, mark: string, options = {}) => enter(person, mark, options).then(() => "in", codeOf);

describe("a device that was remembered at the second factor", () => {
  test("signs in by the password alone, in a session of one factor that says so", async () => {
    const person = await createPerson();
    expect(await askFor(person)).toMatchObject({ methods: ["totp"], rememberSeconds: 30 * day });
    const { rememberMark, token } = await remember(person);
    expect((await callerOf(token)).session.acr).toBe("2");
    const opened = await enter(person, rememberMark, { userAgent: nextChrome });
    const { session } = await callerOf(opened.token);
    expect(session).toMatchObject({ acr: "1", amr: ["pwd"] });
    expect("rememberMark" in opened).toBe(false);
    expect((await auth.refresh(opened.refreshToken, facts())).user.id).toBe(person.id);
    const { events } = await auth.listAuditEvents({ limit: 25, userId: person.id });
    const signedIn = events.find(({ event }) => event === "signed_in");
    expect(signedIn?.detail).toMatchObject({ isRemembered: true, amr: ["pwd"] });
  });

  test.each(["sign_in", "enter"] as const)("signs in by a code alone: %s", async (purpose) => {
    const person = await createPerson();
    const { rememberMark } = await remember(person);
    const { challenge } = await auth.startCode({ purpose, to: person.phoneNumber }, facts());
    const { code } = await inbox.take(person.phoneNumber);
    const opened = await auth.signInByCode({ challenge, code, rememberMark }, facts());
    const token = "token" in opened ? opened.token : "";
    expect((await callerOf(token)).session).toMatchObject({ acr: "1", amr: ["sms"] });
  });

  test("is not where nobody ticked it", async () => {
    const person = await createPerson();
    expect(await signInWithBoth(person, { remember: false })).not.toHaveProperty("rememberMark");
    expect(await isAsked(person, "A".repeat(22))).toBe("second_factor_required");
    expect(await auth.listRememberedDevices(await callerOf(person.token))).toEqual([]);
  });

  test("resets no password without the factor", async () => {
    const person = await createPerson();
    await remember(person);
    const { challenge } = await auth.startReset({ username: person.username }, facts());
    const { code } = await inbox.take(person.phoneNumber);
    const reset = auth.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
    expect(await reset.catch(codeOf)).toBe("second_factor_required");
  });

  test("has its mark nowhere in the database", async () => {
    const { rememberMark } = await createRemembered();
    const rows = await service.database.query(
      "select r::text as row from latchkey.remembered_devices r union all select e::text from latchkey.audit_events e",
    );
    const text = JSON.stringify(rows);
    expect(text).not.toContain(rememberMark);
    expect(text).not.toContain(Buffer.from(rememberMark, "base64url").toString("hex"));
  });
});

describe("a thief", () => {
  test("with the mark and no password gets nothing, and is told nothing", async () => {
    const person = await createPerson();
    const { rememberMark } = await remember(person);
    const guess = { username: person.username, password: "wrong horse battery", rememberMark };
    expect(await auth.signIn(guess, facts()).catch(codeOf)).toBe("invalid_credentials");
  });

  test("with the password and another device is asked for the factor", async () => {
    const person = await createPerson();
    const { rememberMark } = await remember(person);
    expect(await enter(person, "").catch(codeOf)).toBe("second_factor_required");
    expect(await isAsked(person, rememberMark, { userAgent: firefox })).toBe("second_factor_required");
  });

  test("with the mark of their own account opens nobody else's", { tags: ["long"] }, async () => {
    const [victim, thief] = [await createPerson(), await createPerson()];
    const { rememberMark } = await remember(thief);
    expect(await isAsked(victim, rememberMark)).toBe("second_factor_required");
  });

  const stepUps: Readonly<Record<string, (caller: Principal) => Promise<unknown>>> = {
    "one factor, shown lately": (caller) => auth.requireRecentAuthentication(caller, 600, "1"),
    "two factors": (caller) => auth.requireRecentAuthentication(caller, 600, "2"),
    "another password": (caller) =>
      auth.changePassword(caller, { currentPassword: password, newPassword: nextPassword }, facts()),
    "another app": (caller) => auth.startTotp(caller, facts()),
    "the app away": (caller) => auth.removeTotp(caller, facts()),
    "recovery codes": (caller) => auth.createRecoveryCodes(caller, facts()),
    "a copy of everything": (caller) => auth.exportOwnData(caller),
    "the account deleted": (caller) => auth.deleteOwnAccount(caller, facts()),
    "another number": (caller) => auth.startOwnName(caller, { kind: "phone", to: "+905329990001" }, facts()),
  };
  const refusalsOf = (caller: Principal) =>
    Promise.all(
      Object.entries(stepUps).map(async ([wish, ask]) => [
        wish,
        await ask(caller).then(
          () => "got it",
          ({ code, acr }: AuthError) => `${code} ${acr}`,
        ),
      ]),
    );

  test("with a copied browser and the password gets nothing that asks who is there, and not by the password once more", async () => {
    const { remembered } = await createRemembered();
    const refused = Object.keys(stepUps).map((wish) => [wish, "reauthentication_required 2"]);
    expect(await refusalsOf(await callerOf(remembered))).toEqual(refused);
    const again = auth.reauthenticate(await callerOf(remembered), { password }, facts());
    expect(await again.catch(codeOf)).toBe("second_factor_required");
    expect(await refusalsOf(await callerOf(remembered))).toEqual(refused);
  });

  test("has what they had opened ended by the owner, from a list that shows when and where", async () => {
    const { whole, remembered, refreshToken, rememberMark, ...person } = await createRemembered();
    const owner = await callerOf(whole);
    const [device] = await auth.listRememberedDevices(owner);
    expect(device).toMatchObject({ device: "Chrome on Linux", current: true, lastUsedAt: expect.any(Date) });
    expect(device?.address).toMatch(/^2001:db8:/);
    await auth.endRememberedDevice(owner, device?.id ?? "", facts());
    expect(await callerOf(remembered).catch(codeOf)).toBe("session_ended");
    expect(await auth.refresh(refreshToken, facts()).catch(codeOf)).toBe("session_ended");
    expect((await callerOf(whole)).session.acr).toBe("2");
    expect(await isAsked(person, rememberMark)).toBe("second_factor_required");
    expect(await auth.listRememberedDevices(owner)).toEqual([]);
    expect(await auth.endRememberedDevice(owner, device?.id ?? "", facts()).catch(codeOf)).toBe("not_found");
  });

  test("ends nobody else's", async () => {
    const [victim, thief] = [await createRemembered(), await createRemembered()];
    const [device] = await auth.listRememberedDevices(await callerOf(victim.whole));
    const ending = auth.endRememberedDevice(await callerOf(thief.whole), device?.id ?? "", facts());
    expect(await ending.catch(codeOf)).toBe("not_found");
    expect((await callerOf(victim.remembered)).user.id).toBe(victim.id);
  });
});

type Remembered = Awaited<ReturnType<typeof createRemembered>>;

const administratorOf = async () => {
  const username = freshUsername();
  await auth.createUser({ username, password, isStaff: true, isSuperuser: true });
  const principal = await callerOf((await auth.signIn({ username, password }, facts())).token);
  return { ...principal, held: null, facts: facts() };
};

/** Everything that ends what is remembered; the password with which somebody signs in afterwards, where it is another. */
const endings: Readonly<Record<string, (person: Remembered) => Promise<string | undefined>>> = {
  "another password": async ({ whole }) => {
    const change = { currentPassword: password, newPassword: nextPassword };
    await auth.changePassword(await callerOf(whole), change, facts());
    return nextPassword;
  },
  "a reset by code": async ({ username, phoneNumber, secret }) => {
    const { challenge } = await auth.startReset({ username }, facts());
    const { code } = await inbox.take(phoneNumber);
    const error = await auth.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts()).then(
      () => null,
      (error: AuthError) => error,
    );
    const ticket = error?.secondFactor?.ticket ?? "";
    await auth.signInBySecondFactor({ ticket, totp: await nextTotp(secret) }, facts());
    return nextPassword;
  },
  "an administrator's code": async ({ username }) => {
    const { setPasswordCode } = await auth.operator.createPasswordCode(username);
    await auth.resetPassword({ username, code: setPasswordCode, newPassword: nextPassword }, facts());
    return nextPassword;
  },
  "a recovery code": async ({ recoveryCode }) => {
    const { ticket } = await auth.startRecovery({ code: recoveryCode }, facts());
    await auth.recover({ ticket, newPassword: nextPassword }, facts()).catch(codeOf);
    return nextPassword;
  },
  "another app": async ({ whole, secret }) => {
    const caller = await callerOf(whole);
    await auth.reauthenticate(caller, { password, totp: await nextTotp(secret) }, facts());
    const { ticket, secret: next } = await auth.startTotp(caller, facts());
    await auth.confirmTotp(caller, { ticket, totp: await nextTotp(next) }, facts());
    return undefined;
  },
  "the end of all other sessions": async ({ token }) => {
    await auth.revokeOtherSessions(await callerOf(token), facts());
    return undefined;
  },
  "forgetting all devices": async ({ token }) => {
    await auth.forgetDevices(await callerOf(token), facts());
    return undefined;
  },
  "the end of its session from the list": async ({ token, remembered }) => {
    const { session } = await callerOf(remembered);
    await auth.revokeSession(await callerOf(token), session.id, facts());
    return undefined;
  },
  "a refresh token of its session that is in two hands": async ({ refreshToken }) => {
    const { refreshToken: next } = await auth.refresh(refreshToken, facts());
    await auth.refresh(next, facts());
    expect(await auth.refresh(refreshToken, facts()).catch(codeOf)).toBe("refresh_token_reused");
    return undefined;
  },
  "an administrator, who ends the sessions": async ({ id }) => {
    await auth.users.endSessions(await administratorOf(), id);
    return undefined;
  },
  "an administrator, who asks for another password": async ({ id }) => {
    await auth.users.requirePasswordChange(await administratorOf(), id);
    await service.database.query("update latchkey.users set password_change_due_at = null where id = $1", [id]);
    return undefined;
  },
  "an account that was disabled meanwhile": async ({ username }) => {
    await auth.operator.update(username, { isActive: false });
    await auth.operator.update(username, { isActive: true });
    return undefined;
  },
  "a deletion that was taken back": async ({ whole, secret, ...person }) => {
    const caller = await callerOf(whole);
    await auth.reauthenticate(caller, { password, totp: await nextTotp(secret) }, facts());
    await auth.deleteOwnAccount(caller, facts());
    await signInWithBoth({ ...person, secret }, { remember: false });
    return undefined;
  },
  "the end of everybody's sessions": async () => {
    await auth.operator.endAllSessions();
    return undefined;
  },
  "thirty days": async () => {
    await service.clock.advance(30 * day);
    return undefined;
  },
};

describe("what is remembered ends with", () => {
  for (const { tags, cases } of shareOut(Object.keys(endings), 8))
    test.each(cases)("%s", { tags }, async (name) => {
      const person = await createRemembered();
      const asked = (await endings[name]?.(person)) ?? password;
      expect(await callerOf(person.remembered).catch(codeOf)).toMatch(/^(session_ended|token_expired)$/);
      expect(await auth.refresh(person.refreshToken, facts()).catch(codeOf)).toMatch(/^session_ended$/);
      const input = { username: person.username, password: asked, rememberMark: person.rememberMark };
      expect(await auth.signIn(input, facts()).catch(codeOf)).toBe("second_factor_required");
    });

  test("a factor that is taken away, and set up anew", async () => {
    const person = await createRemembered();
    await auth.operator.resetSecondFactor(person.username);
    expect(await callerOf(person.remembered).catch(codeOf)).toBe("session_ended");
    const { setPasswordCode: code } = await auth.operator.createPasswordCode(person.username);
    await auth.resetPassword({ username: person.username, code, newPassword: password }, facts());
    const { token } = await auth.signIn({ username: person.username, password }, facts());
    const caller = await callerOf(token);
    const { ticket, secret } = await auth.startTotp(caller, facts());
    await auth.confirmTotp(caller, { ticket, totp: await nextTotp(secret) }, facts());
    expect(await isAsked(person, person.rememberMark)).toBe("second_factor_required");
  });
});

describe("the account's row is held before the device's and its sessions', so that nobody waits for the other, by", () => {
  const actions: Readonly<Record<string, (person: Remembered, caller: Principal) => Promise<unknown>>> = {
    "a sign-in on it": (person) => enter(person, person.rememberMark),
    "the end of what is remembered": async ({ id }, caller) => {
      const [device] = await service.database.query<{ id: string }>(
        "select id from latchkey.remembered_devices where user_id = $1",
        [id],
      );
      await auth.endRememberedDevice(caller, device?.id ?? "", facts());
    },
    "the end of one session": (_, caller) => auth.revokeSession(caller, caller.session.id, facts()),
    "the operator, who ends one session": ({ username }, caller) =>
      auth.operator.endSessions(username, caller.session.id),
  };

  for (const { tags, cases } of shareOut(Object.keys(actions), 4))
    test.each(cases)("%s", { tags }, async (name) => {
      const person = await createRemembered();
      const caller = await callerOf(person.remembered);
      const { database } = service;
      const client = new pg.Client(database.connection);
      await client.connect();
      await client.query("begin");
      await client.query("select from latchkey.users where id = $1 for no key update", [person.id]);
      const done = actions[name]?.(person, caller);
      const waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      await expect.poll(() => database.query(waiting).then(({ length }) => length)).toBeGreaterThan(0);
      for (const table of ["remembered_devices", "sessions"])
        await client.query(`select from latchkey.${table} where user_id = $1 for update nowait`, [person.id]);
      await client.query("commit");
      await client.end();
      await done;
    });
});

describe("a session on a remembered device", () => {
  test("ends all others and goes on, remembered as before", { tags: ["long"] }, async () => {
    const { remembered, rememberMark, whole, ...person } = await createRemembered();
    await auth.revokeOtherSessions(await callerOf(remembered), facts());
    expect(await callerOf(whole).catch(codeOf)).toBe("session_ended");
    expect((await callerOf(remembered)).user.id).toBe(person.id);
    expect(await isAsked(person, rememberMark)).toBe("in");
  });

  test("is one of two factors once both are shown in it, and then outlives what was remembered", async () => {
    const { remembered, secret } = await createRemembered();
    const caller = await callerOf(remembered);
    await auth.reauthenticate(caller, { password, totp: await nextTotp(secret) }, facts());
    const raised = await callerOf(remembered);
    expect(raised.session.acr).toBe("2");
    await auth.requireRecentAuthentication(raised, 600, "2");
    const [device] = await auth.listRememberedDevices(raised);
    await auth.endRememberedDevice(raised, device?.id ?? "", facts());
    expect((await callerOf(remembered)).session.acr).toBe("2");
  });

  test("is no longer than the device is remembered", { tags: ["long"] }, async () => {
    const person = await createPerson();
    const { rememberMark } = await remember(person);
    await service.clock.advance(29 * day);
    const { token } = await enter(person, rememberMark);
    const { session } = await callerOf(token);
    expect((session.expiresAt.getTime() - session.createdAt.getTime()) / 1000).toBeLessThanOrEqual(day + 1);
  });
});

describe("the settings", () => {
  test("off remembers nothing, and asks again at once what was remembered before", async () => {
    const off = await service.another({ rememberedDevices: { lifetime: "off" } });
    const { remembered, rememberMark, whole, ...person } = await createRemembered();
    expect(await askFor(person, off)).not.toHaveProperty("rememberSeconds");
    expect(await signInWithBoth(person, { by: off })).not.toHaveProperty("rememberMark");
    expect(await callerOf(remembered, off).catch(codeOf)).toBe("session_ended");
    expect(await isAsked(person, rememberMark, { by: off })).toBe("second_factor_required");
    expect(await off.listRememberedDevices(await callerOf(whole, off))).toEqual([]);
  });

  test("a shorter time counts for what was remembered before", { tags: ["long"] }, async () => {
    const { remembered, rememberMark, ...person } = await createRemembered();
    const short = await service.another({ rememberedDevices: { lifetime: 3_600 } });
    await service.clock.advance(3_601);
    const fresh = await enter(person, rememberMark);
    expect(await callerOf(fresh.token, short).catch(codeOf)).toBe("session_ended");
    expect(await isAsked(person, rememberMark, { by: short })).toBe("second_factor_required");
    expect(await isAsked(person, rememberMark)).toBe("in");
  });

  test("by default no device of somebody who holds rights is remembered, from the moment on that they do", async () => {
    const { remembered, rememberMark, ...person } = await createRemembered();
    await auth.operator.update(person.username, { isStaff: true });
    expect(await callerOf(remembered).catch(codeOf)).toBe("session_ended");
    expect(await isAsked(person, rememberMark)).toBe("second_factor_required");
    expect(await askFor(person)).not.toHaveProperty("rememberSeconds");
    expect(await signInWithBoth(person)).not.toHaveProperty("rememberMark");
    const forAll = await service.another({ rememberedDevices: { of: "all" } });
    expect(await isAsked(person, rememberMark, { by: forAll })).toBe("in");
  });

  for (const { tags, cases } of shareOut(["staff", "all"] as const, 2))
    test.each(cases)("where the settings ask for a second factor (%s), optional forbids it", { tags }, async (who) => {
      const strict = await service.another({ secondFactor: who, rememberedDevices: { of: "optional" } });
      const { remembered, rememberMark, ...person } = await createRemembered();
      if (who === "staff") await auth.operator.update(person.username, { isStaff: true });
      expect(await askFor(person, strict)).not.toHaveProperty("rememberSeconds");
      expect(await callerOf(remembered, strict).catch(codeOf)).toBe("session_ended");
      expect(await isAsked(person, rememberMark, { by: strict })).toBe("second_factor_required");
    });
});

test("programs of a team's own are told of the session that ends with a number that another person has proved", {
  tags: ["long"],
}, async () => {
  const { id, phoneNumber, remembered } = await createRemembered();
  const { session } = await callerOf(remembered);
  const { database } = service;
  await database.query("insert into latchkey.webhook_endpoints (name) values ('crm')");
  const old = "update latchkey.users set phone_proved_at = latchkey.now() - interval '50 days' where id = $1";
  await database.query(old, [id]);
  const { challenge } = await auth.startCode({ purpose: "enter", to: phoneNumber }, facts());
  const { code } = await inbox.take(phoneNumber);
  const answer = await auth.signInByCode({ challenge, code }, facts());
  if (!("ticket" in answer)) throw new Error("the number was not beyond its trust");
  await auth.register({ ticket: answer.ticket, isNotMine: true }, facts());
  expect(await callerOf(remembered).catch(codeOf)).toBe("session_ended");
  const told = "select data from latchkey.webhook_events where user_id = $1 and type = 'session.ended'";
  expect(await database.query(told, [id])).toMatchObject([{ data: { sessionIds: [session.id] } }]);
  await database.query("delete from latchkey.webhook_endpoints");
});

test("twenty devices are remembered, and the oldest makes room", { tags: ["long"] }, async () => {
  const person = await createPerson();
  const first = await remember(person);
  for (let count = 0; count < 20; count++) await remember(person);
  expect(await auth.listRememberedDevices(await callerOf(first.token))).toHaveLength(20);
  expect(await isAsked(person, first.rememberMark)).toBe("second_factor_required");
});

test("what has run out is cleared away", async () => {
  const person = await createPerson();
  await remember(person);
  await service.clock.advance(31 * day);
  await auth.purge();
  const rows = await service.database.query("select from latchkey.remembered_devices where user_id = $1", [person.id]);
  expect(rows).toEqual([]);
});
