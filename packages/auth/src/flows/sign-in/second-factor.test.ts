import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createInbox, createTestAuth, showTotp, type TestAuth } from "../../testing/index.ts";
import {
  codeOf,
  createProvedPerson,
  freshFacts,
  freshUsername,
  password,
  refusalOf,
  signInByCode,
} from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const nextPassword = "a better horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;

let service: TestAuth;
let auth: Auth;
/** The same accounts, where everybody has to have a second factor. */
let strict: Auth;
let forStaff: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages });
  auth = service.auth;
  strict = await service.another({ secondFactor: "all" });
  forStaff = await service.another({ secondFactor: "staff" });
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);

const createPerson = () => createProvedPerson(service);

const callerOf = (token: string, by: Auth = auth): Promise<Principal> => by.authenticate([`Bearer ${token}`]);

/** What the app shows now. Each step of time works once, so that time goes on first. */
async function nextTotp(secret: string): Promise<string> {
  await service.clock.advance(30);
  return showTotp(service, secret);
}

async function enroll(username: string) {
  const { token, refreshToken } = await auth.signIn({ username, password }, facts());
  const caller = await callerOf(token);
  const { ticket, secret } = await auth.startTotp(caller, facts());
  await auth.confirmTotp(caller, { ticket, totp: await nextTotp(secret) }, facts());
  return { token, refreshToken, caller: await callerOf(token), secret };
}

async function createEnrolled() {
  const person = await createPerson();
  return { ...person, ...(await enroll(person.username)) };
}

/** What a way in is refused with; the ticket among it. */
async function requestOf(way: Promise<unknown>) {
  const error = await way.then(() => Promise.reject(new Error("It opened")), refusalOf);
  if (error.code !== "second_factor_required") throw error;
  return { methods: [], ticket: "", ...error.secondFactor };
}

const wrongTotp = (right: string) => right.replace(/^./, (digit) => String((Number(digit) + 5) % 10));

type Person = Awaited<ReturnType<typeof createPerson>>;

const enterByCode = (by: Auth, code: { readonly purpose: "sign_in" | "enter"; readonly to: string }) =>
  signInByCode({ ...service, auth: by }, { ...code, inbox });

const waysIn: Readonly<Record<string, (by: Auth, person: Person) => Promise<unknown>>> = {
  "a password": (by, { username }) => by.signIn({ username, password }, facts()),
  "a code to sign in": (by, { phoneNumber: to }) => enterByCode(by, { purpose: "sign_in", to }),
  "a code to enter": (by, { phoneNumber: to }) => enterByCode(by, { purpose: "enter", to }),
  "a reset by code": async (by, { username, phoneNumber }) => {
    const { challenge } = await by.startReset({ username }, facts());
    const { code } = await inbox.take(phoneNumber);
    return by.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
  },
};

describe.each(Object.keys(waysIn))("%s", (name) => {
  const enter = (by: Auth, person: Person) => waysIn[name]?.(by, person) ?? Promise.reject(new Error(name));

  test("opens without a second factor where none is enrolled or asked for", async () => {
    await enter(auth, await createPerson());
  });

  test("opens nothing until an enrolled factor is shown, and then a session of two factors", async () => {
    const person = await createEnrolled();
    const { ticket, methods, ...others } = await requestOf(enter(auth, person));
    expect({ methods, enroll: "enroll" in others }).toEqual({ methods: ["totp"], enroll: false });
    const before = await auth.listSessions(person.caller);
    expect(before).toHaveLength(1);
    const right = await nextTotp(person.secret);
    await expect(auth.signInBySecondFactor({ ticket, totp: wrongTotp(right) }, facts())).rejects.toMatchObject({
      code: "code_invalid",
      issues: [{ path: ["totp"] }],
    });
    const { token, user } = await auth.signInBySecondFactor({ ticket, totp: right }, facts());
    expect(user.id).toBe(person.id);
    expect((await callerOf(token)).session).toMatchObject({ acr: "2", amr: expect.arrayContaining(["otp", "mfa"]) });
    await expect(auth.signInBySecondFactor({ ticket, totp: await nextTotp(person.secret) }, facts())).rejects.toThrow(
      "run out",
    );
  });

  const tags = Object.keys(waysIn).indexOf(name) === 0 ? [] : ["long"];
  test("opens nothing where everybody needs one, until it is enrolled with the ticket", { tags }, async () => {
    const person = await createPerson();
    const { ticket, ...asked } = await requestOf(enter(strict, person));
    expect(asked).toMatchObject({ methods: [], enroll: ["totp"] });
    await expect(strict.signInBySecondFactor({ ticket, totp: "123456" }, facts())).rejects.toMatchObject({
      issues: [{ path: ["ticket"] }],
    });
    const { secret, uri } = await strict.startEnrolling(ticket, facts());
    expect(uri).toContain(`secret=${secret}`);
    expect((await strict.startEnrolling(ticket, facts())).secret).toBe(secret);
    const { token } = await strict.signInBySecondFactor({ ticket, totp: await nextTotp(secret) }, facts());
    expect((await callerOf(token, strict)).session.acr).toBe("2");
    expect((await auth.getTotp(await callerOf(token))).since).not.toBeNull();
  });
});

describe("a password that is set by code", () => {
  test("is set when the second factor was shown, and not before", async () => {
    const person = await createEnrolled();
    const { ticket } = await requestOf(waysIn["a reset by code"]?.(auth, person) ?? Promise.reject());
    await requestOf(auth.signIn({ username: person.username, password }, facts()));
    expect(await auth.signIn({ username: person.username, password: nextPassword }, facts()).catch(codeOf)).toBe(
      "invalid_credentials",
    );
    await auth.signInBySecondFactor({ ticket, totp: await nextTotp(person.secret) }, facts());
    await requestOf(auth.signIn({ username: person.username, password: nextPassword }, facts()));
    await expect(callerOf(person.token)).rejects.toMatchObject({ code: "session_ended" });
  });

  test("by an administrator's code is set without it, and opens nothing without it", { tags: ["long"] }, async () => {
    const person = await createEnrolled();
    const { setPasswordCode } = await auth.operator.createPasswordCode(person.username);
    const { username } = person;
    await auth.resetPassword({ username, code: setPasswordCode, newPassword: nextPassword }, facts());
    const { methods } = await requestOf(auth.signIn({ username, password: nextPassword }, facts()));
    expect(methods).toEqual(["totp"]);
  });
});

describe("a registration", () => {
  test("makes the account and no session where everybody needs a second factor", async () => {
    const username = freshUsername();
    const { ticket } = await requestOf(strict.register({ username, password }, facts()));
    const { secret } = await strict.startEnrolling(ticket, facts());
    const answer = await strict.signInBySecondFactor({ ticket, totp: await nextTotp(secret) }, facts());
    expect(answer.user).toMatchObject({ username });
  });
});

describe("whoever knows the password and no more", () => {
  test("has five tries a ticket, and at 80 in a row no one-time password is right any more for strangers", {
    tags: ["long"],
  }, async () => {
    const person = await createEnrolled();
    const { username, secret } = person;
    const known = await requestOf(auth.signIn({ username, password }, facts()));
    const owner = await auth.signInBySecondFactor({ ticket: known.ticket, totp: await nextTotp(secret) }, facts());
    let tried = 0;
    while (tried < 80) {
      const { ticket } = await requestOf(auth.signIn({ username, password }, facts()));
      for (let attempt = 0; attempt < 5; attempt += 1) {
        await service.clock.advance(900);
        const totp = wrongTotp(await showTotp(service, secret));
        expect(await auth.signInBySecondFactor({ ticket, totp }, facts()).catch(codeOf)).toBe("code_invalid");
        tried += 1;
      }
      expect(
        await auth.signInBySecondFactor({ ticket, totp: await nextTotp(secret) }, facts()).catch(refusalOf),
      ).toMatchObject({ code: "code_invalid", issues: [{ path: ["ticket"] }] });
    }
    const locked = await requestOf(auth.signIn({ username, password }, facts()));
    await service.clock.advance(7_200);
    const right = { ticket: locked.ticket, totp: await nextTotp(secret) };
    expect(await auth.signInBySecondFactor(right, facts()).catch(codeOf)).toBe("code_invalid");
    // The owner's own device goes on, and opens the way for all others.
    const { deviceMark } = owner;
    const onDevice = await requestOf(auth.signIn({ username, password, deviceMark }, facts()));
    const shown = { ticket: onDevice.ticket, totp: await nextTotp(secret) };
    expect(await auth.signInBySecondFactor(shown, facts()).catch(codeOf)).toBe("code_invalid");
    const again = { ...shown, totp: await nextTotp(secret), deviceMark };
    expect(await auth.signInBySecondFactor(again, facts())).toMatchObject({ user: { username } });
  });

  test("is refused a one-time password that was used, at the same moment too", async () => {
    const { username, secret } = await createEnrolled();
    const tickets = await Promise.all(
      Array.from({ length: 4 }, () => requestOf(auth.signIn({ username, password }, facts()))),
    );
    const totp = await nextTotp(secret);
    const tries = tickets.map(({ ticket }) => auth.signInBySecondFactor({ ticket, totp }, facts()).catch(codeOf));
    const opened = (await Promise.all(tries)).filter((answer) => typeof answer === "object");
    expect(opened).toHaveLength(1);
  });

  test("has nothing of a ticket once the password is another one, the sessions were ended or the account is disabled", async () => {
    const { username, secret, id, caller } = await createEnrolled();
    const show = async (ticket: string) =>
      auth.signInBySecondFactor({ ticket, totp: await nextTotp(secret) }, facts()).catch(codeOf);
    const first = await requestOf(auth.signIn({ username, password }, facts()));
    await auth.revokeOtherSessions(caller, facts());
    expect(await show(first.ticket)).toBe("code_invalid");
    const second = await requestOf(auth.signIn({ username, password }, facts()));
    await auth.operator.changePassword(username, nextPassword);
    expect(await show(second.ticket)).toBe("code_invalid");
    const third = await requestOf(auth.signIn({ username, password: nextPassword }, facts()));
    await auth.operator.update(username, { isActive: false });
    expect(await show(third.ticket)).toBe("code_invalid");
    expect(
      await service.database.query("select from latchkey.sessions where user_id = $1 and ended_at is null", [id]),
    ).toEqual([]);
  });

  test("finds no secret and no ticket in the database", async () => {
    const { username, secret, id } = await createEnrolled();
    const { ticket } = await requestOf(auth.signIn({ username, password }, facts()));
    const rows = await service.database.query(
      `select to_jsonb(t)::text || coalesce(to_jsonb(f)::text, '') as row from latchkey.second_factor_tickets t
        left join latchkey.totp_factors f using (user_id) where t.user_id = $1`,
      [id],
    );
    expect(JSON.stringify(rows)).not.toContain(ticket);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });
});

describe("whoever finds a session", () => {
  test("enrols nothing where its owner has not just shown who they are", async () => {
    const { username } = await createPerson();
    const { token } = await auth.signIn({ username, password }, facts());
    const caller = await callerOf(token);
    await service.clock.advance(601);
    expect(await auth.startTotp(caller, facts()).catch(codeOf)).toBe("reauthentication_required");
    await auth.reauthenticate(caller, { password }, facts());
    expect(await auth.startTotp(caller, facts())).toMatchObject({ secret: expect.any(String) });
  });

  test("removes nothing with the password alone", async () => {
    const { caller, secret } = await createEnrolled();
    await service.clock.advance(601);
    expect(await auth.removeTotp(caller, facts()).catch(codeOf)).toBe("reauthentication_required");
    const asked = await auth.reauthenticate(caller, { password }, facts()).catch(refusalOf);
    expect(asked).toMatchObject({ code: "second_factor_required", secondFactor: { methods: ["totp"] } });
    const totp = await nextTotp(secret);
    expect(await auth.reauthenticate(caller, { password, totp: wrongTotp(totp) }, facts()).catch(codeOf)).toBe(
      "code_invalid",
    );
    expect(await auth.removeTotp(caller, facts()).catch(codeOf)).toBe("reauthentication_required");
    await auth.reauthenticate(caller, { password, totp }, facts());
    await auth.removeTotp(caller, facts());
    expect((await auth.getTotp(caller)).since).toBeNull();
  });

  test("uses up none of the owner's one-time passwords, beside codes that are wrong", async () => {
    const { caller, username, phoneNumber, secret } = await createEnrolled();
    await service.database.query("update latchkey.users set password = '!' where username = $1", [username]);
    const { challenge } = await auth.startReauthentication(caller, { current: "phone" }, facts());
    const { code } = await inbox.take(phoneNumber);
    const made = "A".repeat(challenge.length);
    for (let time = 0; time < 101; time += 1)
      expect(
        await auth.reauthenticateByCode(caller, { challenge: made, code, totp: "000000" }, facts()).catch(codeOf),
      ).toBe("code_invalid");
    const totp = await nextTotp(secret);
    expect(
      await auth
        .reauthenticateByCode(caller, { challenge, code, totp }, facts())
        .then(({ user }) => user.username, codeOf),
    ).toBe(username);
  });

  test("guesses ten one-time passwords beside the password, and its owner's are good elsewhere", {
    tags: ["long"],
  }, async () => {
    const { caller, username, secret } = await createEnrolled();
    const show = (totp?: string) => auth.reauthenticate(caller, { password, totp }, facts()).catch(codeOf);
    for (let time = 0; time < 20; time += 1) expect(await show()).toBe("second_factor_required");
    for (let time = 0; time < 10; time += 1) {
      expect(await show(wrongTotp(await showTotp(service, secret)))).toBe("code_invalid");
      await service.clock.advance(900);
    }
    expect(await show(await nextTotp(secret))).toBe("invalid_credentials");
    const { ticket } = await requestOf(auth.signIn({ username, password }, facts()));
    const { user } = await auth.signInBySecondFactor({ ticket, totp: await nextTotp(secret) }, facts());
    expect(user.username).toBe(username);
  });

  test("confirms nothing that another session began", async () => {
    const { username } = await createPerson();
    const [one, other] = [
      await callerOf((await auth.signIn({ username, password }, facts())).token),
      await callerOf((await auth.signIn({ username, password }, facts())).token),
    ];
    const { ticket, secret } = await auth.startTotp(one, facts());
    const totp = await nextTotp(secret);
    expect(await auth.confirmTotp(other, { ticket, totp }, facts()).catch(codeOf)).toBe("code_invalid");
    await auth.confirmTotp(one, { ticket, totp }, facts());
  });

  test("with a code of the number alone enrols nothing for three days", async () => {
    const { id, phoneNumber } = await createPerson();
    await service.database.query("update latchkey.users set password = '!' where id = $1", [id]);
    const answer = await signInByCode(service, { purpose: "sign_in", to: phoneNumber, inbox });
    const caller = await callerOf("token" in answer ? answer.token : "");
    expect(await auth.startTotp(caller, facts()).catch(codeOf)).toBe("permission_denied");
    await service.clock.advance(73 * 3_600);
    const again = await auth.startReauthentication(caller, { current: "phone" }, facts());
    const { code } = await inbox.take(phoneNumber);
    await auth.reauthenticateByCode(caller, { challenge: again.challenge, code }, facts());
    expect(await auth.startTotp(caller, facts())).toMatchObject({ secret: expect.any(String) });
  });
});

describe("a session of one factor", () => {
  test("ends for all others when a factor is enrolled, and goes on where that was", async () => {
    const { username } = await createPerson();
    const other = await auth.signIn({ username, password }, facts());
    const { caller } = await enroll(username);
    expect(caller.session).toMatchObject({ acr: "2", amr: ["pwd", "otp", "mfa"] });
    await expect(callerOf(other.token)).rejects.toMatchObject({ code: "session_ended" });
    await expect(auth.refresh(other.refreshToken, facts())).rejects.toMatchObject({ code: "session_ended" });
  });

  test("is over at its next call and refresh when its account comes to need two", async () => {
    const { username } = await createPerson();
    const { token, refreshToken } = await auth.signIn({ username, password }, facts());
    await callerOf(token);
    await callerOf(token, forStaff);
    await expect(callerOf(token, strict)).rejects.toMatchObject({ code: "session_ended" });
    await expect(strict.refresh(refreshToken, facts())).rejects.toMatchObject({ code: "session_ended" });
    await auth.operator.update(username, { isStaff: true });
    await expect(callerOf(token, forStaff)).rejects.toMatchObject({ code: "session_ended" });
    await expect(forStaff.refresh(refreshToken, facts())).rejects.toMatchObject({ code: "session_ended" });
    expect(await forStaff.inspectToken(token, facts())).toEqual({ active: false });
    await callerOf(token);
  });
});

describe("whoever lost the phone", () => {
  async function setPasswordByCode(username: string): Promise<void> {
    const { setPasswordCode: code } = await auth.operator.createPasswordCode(username);
    await auth.resetPassword({ username, code, newPassword: nextPassword }, facts());
  }

  test("gets in by the operator, who takes the factor away", async () => {
    const { username, token } = await createEnrolled();
    expect(await auth.operator.resetSecondFactor(username)).toBe(1);
    await expect(callerOf(token)).rejects.toMatchObject({ code: "session_ended" });
    await setPasswordByCode(username);
    await auth.signIn({ username, password: nextPassword }, facts());
  });

  test("keeps out whoever knows the password, who was kept out by the factor until then", {
    tags: ["long"],
  }, async () => {
    const { username, phoneNumber } = await createEnrolled();
    const before = await auth.signIn({ username, password }, facts()).catch(refusalOf);
    const { ticket } = Object(before).secondFactor;
    await auth.operator.resetSecondFactor(username);
    expect(await auth.signIn({ username, password }, facts()).catch(codeOf)).toBe("invalid_credentials");
    expect(await auth.signIn({ username: phoneNumber, password }, facts()).catch(codeOf)).toBe("invalid_credentials");
    expect(await auth.startEnrolling(ticket, facts()).catch(codeOf)).toBe("code_invalid");
    await setPasswordByCode(username);
    expect(await auth.signIn({ username, password }, facts()).catch(codeOf)).toBe("invalid_credentials");
  });

  test("keeps the password where there was no factor, so that nothing became less than it was", async () => {
    const { username } = await createPerson();
    await auth.operator.resetSecondFactor(username);
    await auth.signIn({ username, password }, facts());
  });

  test("gets in by an administrator who has just shown who they are, never by one who stands below, and not by themselves", async () => {
    const lost = await createEnrolled();
    const [boss, clerk] = [await createPerson(), await createPerson()];
    await auth.operator.update(boss.username, { isSuperuser: true });
    await auth.operator.update(lost.username, { isStaff: true });
    await auth.operator.grant(clerk.username, { permission: "auth.change_user" });
    const asAdmin = async ({ username }: Person) => {
      const caller = await callerOf((await auth.signIn({ username, password }, facts())).token);
      return { ...caller, facts: facts() };
    };
    expect(await auth.users.resetSecondFactor(await asAdmin(clerk), lost.id).catch(codeOf)).toBe("permission_denied");
    const admin = await asAdmin(boss);
    expect(await auth.users.resetSecondFactor(admin, boss.id).catch(codeOf)).toBe("permission_denied");
    await service.clock.advance(601);
    expect(await auth.users.resetSecondFactor(admin, lost.id).catch(codeOf)).toBe("reauthentication_required");
    await auth.reauthenticate(admin, { password }, facts());
    expect(await auth.users.resetSecondFactor(admin, lost.id)).toBe(1);
    await setPasswordByCode(lost.username);
    await auth.signIn({ username: lost.username, password: nextPassword }, facts());
  });

  test("and the paper with the codes gets new ones with the next factor, and whoever finds the paper gets in by none", async () => {
    const { username, caller } = await createEnrolled();
    const { codes } = await auth.createRecoveryCodes(caller, facts());
    const { ticket: begun } = await auth.startRecovery({ code: codes[0] ?? "" }, facts());
    await auth.operator.resetSecondFactor(username);
    for (const code of codes) expect(await auth.startRecovery({ code }, facts()).catch(codeOf)).toBe("code_invalid");
    expect(await auth.recover({ ticket: begun, newPassword: nextPassword }, facts()).catch(codeOf)).toBe(
      "code_invalid",
    );
    await setPasswordByCode(username);
    const again = await callerOf((await auth.signIn({ username, password: nextPassword }, facts())).token);
    const { ticket, secret } = await auth.startTotp(again, facts());
    const { recoveryCodes } = await auth.confirmTotp(again, { ticket, totp: await nextTotp(secret) }, facts());
    const [code = ""] = recoveryCodes?.codes ?? [];
    expect(await auth.startRecovery({ code }, facts())).toMatchObject({ methods: ["totp"] });
  });

  test("gets in by a recovery code, which sets a password and, where they say so, takes the factor away", {
    tags: ["long"],
  }, async () => {
    const { username, caller, token } = await createEnrolled();
    const { codes } = await auth.createRecoveryCodes(caller, facts());
    const { ticket } = await auth.startRecovery({ code: codes[0] ?? "" }, facts());
    const input = { ticket, newPassword: nextPassword, removeSecondFactors: true };
    expect(await auth.recover(input, facts())).toMatchObject({ user: { username } });
    await expect(callerOf(token)).rejects.toMatchObject({ code: "session_ended" });
    await auth.signIn({ username, password: nextPassword }, facts());
  });

  test("and has to have a factor gets no session by a recovery code before another is enrolled", {
    tags: ["long"],
  }, async () => {
    const { username, caller } = await createEnrolled();
    const { codes } = await strict.createRecoveryCodes(caller, facts());
    const { ticket } = await strict.startRecovery({ code: codes[0] ?? "" }, facts());
    const input = { ticket, newPassword: nextPassword, removeSecondFactors: true };
    const asked = await requestOf(strict.recover(input, facts()));
    expect(asked).toMatchObject({ methods: [], enroll: ["totp"] });
    const { secret } = await strict.startEnrolling(asked.ticket, facts());
    const shown = { ticket: asked.ticket, totp: await nextTotp(secret) };
    expect(await strict.signInBySecondFactor(shown, facts())).toMatchObject({ user: { username } });
  });

  test("moves to a new one with what the old one shows, which is good for nothing afterwards", async () => {
    const { username, caller, secret } = await createEnrolled();
    const { ticket, secret: next } = await auth.startTotp(caller, facts());
    await auth.confirmTotp(caller, { ticket, totp: await nextTotp(next) }, facts());
    const asked = await requestOf(auth.signIn({ username, password }, facts()));
    const old = { ticket: asked.ticket, totp: await nextTotp(secret) };
    expect(await auth.signInBySecondFactor(old, facts()).catch(codeOf)).toBe("code_invalid");
    await auth.signInBySecondFactor({ ...old, totp: await showTotp(service, next) }, facts());
  });
});

describe("the setting", () => {
  test("off lets nobody enrol, and still asks whoever has", async () => {
    const off = await service.another({ secondFactor: "off" });
    const { username } = await createPerson();
    const { token } = await off.signIn({ username, password }, facts());
    expect(await off.startTotp(await callerOf(token, off), facts()).catch(codeOf)).toBe("permission_denied");
    const enrolled = await createEnrolled();
    await requestOf(off.signIn({ username: enrolled.username, password }, facts()));
  });

  test("of all keeps the last factor", async () => {
    const { caller } = await createEnrolled();
    expect(await strict.removeTotp(caller, facts()).catch(codeOf)).toBe("permission_denied");
    expect(await strict.getTotp(caller)).toMatchObject({ isRequired: true });
  });
});

describe("a call that wants two factors", () => {
  test("is told so in a session of one, and goes on in one of two", async () => {
    const { username } = await createPerson();
    const { token } = await auth.signIn({ username, password }, facts());
    const refused = await auth.requireRecentAuthentication(await callerOf(token), 600, "2").catch(refusalOf);
    expect(refused).toMatchObject({ code: "reauthentication_required", maxAge: 600, acr: "2" });
    const { caller } = await enroll(username);
    await auth.requireRecentAuthentication(caller, 600, "2");
  });

  test("reads in the token how and when its owner showed who they are", async () => {
    const { username, secret } = await createEnrolled();
    const asked = await requestOf(auth.signIn({ username, password }, facts()));
    const { token } = await auth.signInBySecondFactor({ ticket: asked.ticket, totp: await nextTotp(secret) }, facts());
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const shownAt = Math.floor((await callerOf(token)).session.createdAt.getTime() / 1000);
    expect(claims).toMatchObject({ acr: "2", amr: ["pwd", "otp", "mfa"], auth_time: shownAt });
    expect(await auth.inspectToken(token, facts())).toMatchObject({ active: true, acr: "2", auth_time: shownAt });
  });
});
