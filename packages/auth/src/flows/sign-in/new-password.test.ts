import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import type { AuthError } from "../../errors.ts";
import { createInbox, createTestAuth, showTotp, type TestAuth } from "../../testing/index.ts";

const inbox = createInbox();
const [password, nextPassword] = ["correct horse battery", "a better horse battery"];

let service: TestAuth;
let auth: Auth;
/** The same accounts, where everybody has to have a second factor. */
let strict: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages: { senders: { sms: inbox }, isEnforced: false } });
  auth = service.auth;
  strict = await service.another({ secondFactor: "all" });
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;
const facts = () => ({ ...service.facts, address: `2001:db8:${(++people).toString(16)}::1` });
const codeOf = (error: AuthError) => error.code;

/** Somebody whose password the operator chose. */
async function createPerson(isPasswordToBeReplaced = true) {
  people += 1;
  const [username, phoneNumber] = [`ozgurlukcu_${people}`, `+9053233${String(people).padStart(5, "0")}`];
  const { id } = await auth.createUser({ username, phoneNumber, password, isPasswordToBeReplaced });
  await service.database.query(
    "update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() where id = $1",
    [id],
  );
  return { id, username, phoneNumber };
}

type Person = Awaited<ReturnType<typeof createPerson>>;

const signIn = ({ username }: Pick<Person, "username">, typed = password, by: Auth = auth) =>
  by.signIn({ username, password: typed }, facts());

async function signInByCode({ phoneNumber }: Person) {
  const { challenge } = await auth.startCode({ purpose: "enter", to: phoneNumber }, facts());
  return auth.signInByCode({ challenge, code: (await inbox.take(phoneNumber)).code }, facts());
}

const callerOf = async (person: Person, typed = password) =>
  auth.authenticate([`Bearer ${(await signIn(person, typed)).token}`]);

/** The ticket that a way in is refused with. */
async function ticketOf(way: Promise<unknown>): Promise<string> {
  const error = await way.then(
    () => Promise.reject(new Error("It opened")),
    (refusal: AuthError) => refusal,
  );
  if (error.code !== "password_change_required") throw error;
  return error.passwordChange?.ticket ?? "";
}

const replace = (ticket: string, newPassword = nextPassword, by: Auth = auth) =>
  by.signInByNewPassword({ ticket, newPassword }, facts());

async function countSessions({ id }: Person): Promise<number> {
  const rows = await service.database.query("select 1 from latchkey.sessions where user_id = $1 and ended_at is null", [
    id,
  ]);
  return rows.length;
}

describe.each<[way: string, enter: (person: Person) => Promise<unknown>]>([
  ["a password", (person) => signIn(person)],
  ["a code", signInByCode],
])("%s", (_way, enter) => {
  test("opens nothing until the password that an operator chose is replaced, and then never again", async () => {
    const person = await createPerson();
    const ticket = await ticketOf(enter(person));
    expect(await countSessions(person)).toBe(0);
    const { token, user, deviceMark } = await replace(ticket);
    expect(user.id).toBe(person.id);
    expect(deviceMark).toMatch(/^[\w-]{43}$/);
    await auth.authenticate([`Bearer ${token}`]);
    expect(await signIn(person).catch(codeOf)).toBe("invalid_credentials");
    await signIn(person, nextPassword);
    await signInByCode(person);
  });
});

test("a wrong password is told nothing of it, and says no more than for anybody else", async () => {
  const [due, usual] = [await createPerson(), await createPerson(false)];
  const refusals = await Promise.all(
    [due, usual, { username: "nobody_at_all" }].map((person) =>
      signIn(person, "not the password").catch((error) => error),
    ),
  );
  for (const { code, message, passwordChange } of refusals as AuthError[])
    expect({ code, message, passwordChange }).toEqual({
      code: "invalid_credentials",
      message: "Invalid credentials",
      passwordChange: undefined,
    });
});

test("a ticket is good once, for ten minutes, for five tries, and for nobody who made one up", async () => {
  const person = await createPerson();
  const used = await ticketOf(signIn(person));
  await replace(used);
  expect(await replace(used, "yet another battery").catch(codeOf)).toBe("code_invalid");
  expect(await replace("A".repeat(22)).catch(codeOf)).toBe("code_invalid");

  const late = await ticketOf(signIn(await createPerson()));
  await service.clock.advance(601);
  expect(await replace(late).catch(codeOf)).toBe("code_invalid");

  const tried = await ticketOf(signIn(await createPerson()));
  for (let turn = 0; turn < 5; turn += 1)
    expect(await replace(tried, password).catch(codeOf)).toBe("password_rejected");
  expect(await replace(tried).catch(codeOf)).toBe("code_invalid");
});

test("of two new passwords at once one is set, and opens the one session", async () => {
  const person = await createPerson();
  const ticket = await ticketOf(signIn(person));
  const outcomes = await Promise.allSettled([replace(ticket), replace(ticket, "yet another battery")]);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await countSessions(person)).toBe(1);
});

test("the same password again, a poor one, and the person's own name are refused with the reason", async () => {
  const person = await createPerson();
  const ticket = await ticketOf(signIn(person));
  for (const [typed, code] of [
    [password, "unchanged"],
    ["password123", "too_common"],
    ["short", "too_short"],
    [`${person.username}!`, "contains_identifier"],
  ] as const)
    await expect(replace(ticket, typed), typed).rejects.toMatchObject({
      code: "password_rejected",
      issues: [{ path: ["newPassword"], code }],
    });
  await replace(ticket);
});

test("the second factor is asked for behind it, and until it is shown the password stays as it was", async () => {
  const person = await createPerson(false);
  const { token } = await signIn(person);
  const caller = await auth.authenticate([`Bearer ${token}`]);
  const { ticket: enrolling, secret } = await auth.startTotp(caller, facts());
  await auth.confirmTotp(caller, { ticket: enrolling, totp: await showTotp(service, secret) }, facts());
  await auth.operator.requirePasswordChange(person.username);
  const asked: AuthError = await replace(await ticketOf(signIn(person))).then(
    () => Promise.reject(new Error("It opened")),
    (error) => error,
  );
  expect(asked).toMatchObject({ code: "second_factor_required", secondFactor: { methods: ["totp"] } });
  expect(await countSessions(person)).toBe(0);
  expect(await signIn(person, nextPassword).catch(codeOf)).toBe("invalid_credentials");
  await service.clock.advance(30);
  const shown = { ticket: asked.secondFactor?.ticket ?? "", totp: await showTotp(service, secret) };
  const { user } = await auth.signInBySecondFactor(shown, facts());
  expect(user.id).toBe(person.id);
  expect(await signIn(person, nextPassword).catch(codeOf)).toBe("second_factor_required");
});

test("where everybody needs a second factor, its own ticket does not go around the new password", async () => {
  const person = await createPerson();
  const ticket = await ticketOf(signIn(person, password, strict));
  await expect(
    strict
      .startEnrolling(ticket, facts())
      .then(({ secret }) => showTotp(service, secret))
      .then((totp) => strict.signInBySecondFactor({ ticket, totp }, facts())),
  ).rejects.toMatchObject({ code: "code_invalid" });
  expect(await replace(ticket, nextPassword, strict).catch(codeOf)).toBe("second_factor_required");
});

test("an administrator's wish ends the sessions at once, and waits at every way in", async () => {
  const person = await createPerson(false);
  const { token, refreshToken } = await signIn(person);
  expect(await auth.operator.requirePasswordChange(person.username)).toBe(1);
  expect(await auth.authenticate([`Bearer ${token}`]).catch(codeOf)).toBe("session_ended");
  expect(await auth.refresh(refreshToken, facts()).catch(codeOf)).toBe("session_ended");
  await ticketOf(signIn(person));
  await ticketOf(signInByCode(person));
  const { setPasswordCode } = await auth.operator.createPasswordCode(person.username);
  await auth.resetPassword({ username: person.username, code: setPasswordCode, newPassword: nextPassword }, facts());
  await signIn(person, nextPassword);
});

test("a password that is moved to another cost stays one to be replaced", { tags: ["long"] }, async () => {
  const person = await createPerson();
  const dearer = await service.another({ passwords: { cost: 5 } });
  await ticketOf(signIn(person, password, dearer));
  await ticketOf(signIn(person));
});

test("an account without a password has none to replace", async () => {
  const { id } = await createPerson(false);
  await service.database.query("update latchkey.users set password = '!none' where id = $1", [id]);
  await expect(auth.operator.requirePasswordChange(`ozgurlukcu_${people}`)).rejects.toMatchObject({
    code: "invalid_input",
  });
});

test("what a person sets themselves is theirs: a change, and the password of the operator that is said to be theirs", async () => {
  const person = await createPerson(false);
  await auth.operator.changePassword(person.username, nextPassword, { isToBeReplaced: true });
  const { token } = await replace(await ticketOf(signIn(person, nextPassword)), password);
  const caller = await auth.authenticate([`Bearer ${token}`]);
  await auth.changePassword(caller, { currentPassword: password, newPassword: nextPassword }, facts());
  await signIn(person, nextPassword);
  await auth.operator.changePassword(person.username, password);
  await signIn(person);
});

test("a password that a code has set is worth no more once its holder had to replace it, and a hold goes on", {
  tags: ["long"],
}, async () => {
  const person = await createPerson(false);
  const { deviceMark } = await signIn(person);
  const { challenge } = await auth.startReset({ username: person.username }, facts());
  const { code } = await inbox.take(person.phoneNumber);
  await auth.resetPasswordByCode({ challenge, code, newPassword: "the battery of a thief" }, facts());
  const owner = { username: person.username, password, deviceMark };
  await auth.holdReset(owner, facts());
  await auth.operator.requirePasswordChange(person.username);
  const { token } = await replace(await ticketOf(signIn(person, "the battery of a thief")));
  const thief = await auth.authenticate([`Bearer ${token}`]);
  expect(await auth.startTotp(thief, facts()).catch(codeOf)).toBe("permission_denied");
  expect((await auth.createRecoveryCodes(thief, facts())).goodFrom).not.toBeNull();
  expect(await auth.holdReset({ ...owner, release: true }, facts())).toEqual({ heldUntil: null });
  expect(await auth.startTotp(thief, facts()).catch(codeOf)).toBe("permission_denied");
  expect((await auth.createRecoveryCodes(thief, facts())).goodFrom).not.toBeNull();
});

test("who sets a password and is signed in with it hears that the account was to be deleted, and stays", async () => {
  const person = await createPerson(false);
  const caller = await callerOf(person);
  const { codes } = await auth.createRecoveryCodes(caller, facts());
  await auth.deleteOwnAccount(caller, facts());
  await auth.operator.requirePasswordChange(person.username);
  expect(await replace(await ticketOf(signIn(person)))).toMatchObject({ deletionStopped: true });
  await auth.deleteOwnAccount(await callerOf(person, nextPassword), facts());
  const { ticket } = await auth.startRecovery({ code: codes[0] ?? "" }, facts());
  expect(await auth.recover({ ticket, newPassword: password }, facts())).toMatchObject({ deletionStopped: true });
});
