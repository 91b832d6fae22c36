import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { addPasskey, signInByPassword } from "../../testing/factors.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, password, signInByCode } from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const nextPassword = "a better horse battery";
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  const passkeys = { rpId: "localhost", allowsLocalhost: true };
  service = await createTestAuth({ messages, passkeys, codes: { signInByCode: "phone", holdersByCode: true } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);
const administers = (caller: Principal) => auth.requireToAdminister(caller).then(() => "goes on", codeOf);

async function createBoss() {
  const person = await createProvedPerson(service);
  await auth.operator.update(person.username, { isSuperuser: true });
  return person;
}

/** What somebody does who has got hold of the number: they set a password by its code, and sign in. */
async function resetByNumber({ username, phoneNumber }: Awaited<ReturnType<typeof createBoss>>) {
  const { challenge } = await auth.startReset({ username }, facts());
  const { code } = await inbox.take(phoneNumber);
  await auth.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
  return signInByPassword(service, { username, password: nextPassword });
}

describe("where a code alone may open accounts with rights, and a number has moved to somebody else", () => {
  test("the password that its code has set changes no rights and takes no factors for 72 hours", async () => {
    const boss = await createBoss();
    const other = await createProvedPerson(service);
    const thief = await resetByNumber(boss);
    await auth.reauthenticate(thief, { password: nextPassword }, facts());
    expect(await auth.requireToAdminister(thief).catch((error) => error)).toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("72 hours"),
    });
    const admin = { ...thief, facts: facts() };
    expect(await auth.users.resetSecondFactor(admin, other.id).catch(codeOf)).toBe("permission_denied");
    await service.clock.advance(72 * 3_600 - 60);
    await auth.reauthenticate(thief, { password: nextPassword }, facts());
    expect(await administers(thief)).toBe("permission_denied");
    await service.clock.advance(120);
    expect(await administers(thief)).toBe("goes on");
  });

  test("and neither does a sign-in by its code, where the account has no password", async () => {
    const { id, phoneNumber } = await createBoss();
    await service.database.query("update latchkey.users set password = '!' where id = $1", [id]);
    const answer = await signInByCode(service, { purpose: "sign_in", to: phoneNumber, inbox });
    const caller = await auth.authenticate([`Bearer ${"token" in answer ? answer.token : ""}`]);
    expect(await administers(caller)).toBe("permission_denied");
  });

  test("the owner's passkey of before does it at once", async () => {
    const boss = await createBoss();
    const { device } = await addPasskey(service, await signInByPassword(service, { ...boss, password }));
    const caller = await resetByNumber(boss);
    expect(await administers(caller)).toBe("permission_denied");
    const { options } = await auth.startPasskeyReauthentication(caller);
    await auth.reauthenticateByPasskey(caller, { passkey: device.get(options) }, facts());
    expect(await administers(caller)).toBe("goes on");
  });

  test("an administrator's code for a password does it at once", async () => {
    const boss = await createBoss();
    await resetByNumber(boss);
    const { setPasswordCode: code } = await auth.operator.createPasswordCode(boss.username);
    await auth.resetPassword({ username: boss.username, code, newPassword: password }, facts());
    expect(await administers(await signInByPassword(service, { ...boss, password }))).toBe("goes on");
  });
});
