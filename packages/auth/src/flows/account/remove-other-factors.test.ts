import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { addApp, addPasskey, signInByPasskey, signInByPassword } from "../../testing/factors.ts";
import { createInbox, createTestAuth, type PasskeyDevice, type TestAuth } from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, password } from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
const nextPassword = "a better horse battery";

let service: TestAuth;
let auth: Auth;
/** The same accounts, where everybody needs a second factor. */
let strict: Auth;
beforeAll(async () => {
  const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
  service = await createTestAuth({ messages, passkeys: { rpId: "localhost", allowsLocalhost: true } });
  auth = service.auth;
  strict = await service.another({ secondFactor: "all" });
});
afterAll(() => service[Symbol.asyncDispose]());

const facts = () => freshFacts(service);
const callerOf = (token: string): Promise<Principal> => auth.authenticate([`Bearer ${token}`]);
const signIn = (username: string, typed = password) => signInByPassword(service, { username, password: typed });

const opens = (device: PasskeyDevice) => signInByPasskey(service, device).then(() => "in", codeOf);
const recovers = (code = "") => auth.startRecovery({ code }, facts()).then(() => "in", codeOf);
const isOver = (token: string) => callerOf(token).then(() => "goes on", codeOf);
const listIds = async (caller: Principal) => (await auth.listPasskeys(caller)).map(({ id }) => id);

/** A thief who found a session open has made two passkeys, and has the codes that came with the first. */
async function createRobbed() {
  const { id, username, phoneNumber } = await createProvedPerson(service);
  const thief = await signIn(username);
  const first = await addPasskey(service, thief);
  return { id, username, phoneNumber, first, second: await addPasskey(service, thief) };
}

async function resetByAdministrator(username: string): Promise<Principal> {
  const { setPasswordCode: code } = await auth.operator.createPasswordCode(username);
  await auth.resetPassword({ username, code, newPassword: nextPassword }, facts());
  return signIn(username, nextPassword);
}

describe("after a reset of an account that somebody else was in", () => {
  test("its owner keeps what they have just made, and of the thief nothing is left, in one step", async () => {
    const { username, first, second } = await createRobbed();
    const owner = await resetByAdministrator(username);
    // The password is another one, and all that the thief has made still leads in.
    const thief = await signInByPasskey(service, first.device);
    const mine = await addPasskey(service, owner);
    const removed = await auth.removeOtherFactors(owner, { keepPasskeys: [mine.id], keepTotp: false }, facts());
    expect(removed).toMatchObject({ passkeys: 2, totp: false, sessionsEnded: 1, recoveryCodes: { goodFrom: null } });
    expect([await opens(first.device), await opens(second.device)]).toEqual(Array(2).fill("invalid_credentials"));
    expect(await isOver(thief.token)).toBe("session_ended");
    for (const code of first.codes) expect(await recovers(code)).toBe("code_invalid");
    expect([await listIds(owner), await opens(mine.device)]).toEqual([[mine.id], "in"]);
    expect(await recovers(removed.recoveryCodes?.codes[0])).toBe("in");
    const { notices } = await auth.listNotices(owner, { limit: 5 });
    expect(notices.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["passkey_removed", "recovery_codes_created"]),
    );
    const events = await service.database.query<{ event: string }>(
      "select event from latchkey.audit_events where subject_id = $1 and event = 'passkey_removed'",
      [owner.user.id],
    );
    expect(events).toHaveLength(2);
  });

  test("the app goes too unless it is kept, and is not asked for any more", async () => {
    for (const keepTotp of [true, false]) {
      const { username, first } = await createRobbed();
      await addApp(service, await callerOf((await signInByPasskey(service, first.device)).token));
      const owner = await callerOf((await signInByPasskey(service, first.device)).token);
      const keep = { keepPasskeys: [first.id], keepTotp };
      expect(await auth.removeOtherFactors(owner, keep, facts())).toMatchObject({ passkeys: 1, totp: !keepTotp });
      expect((await auth.getTotp(owner)).since === null).toBe(!keepTotp);
      await auth.removeOtherFactors(owner, { keepPasskeys: [], keepTotp }, facts());
      const signedIn = await auth.signIn({ username, password }, facts()).then(() => "in", codeOf);
      expect(signedIn).toBe(keepTotp ? "second_factor_required" : "in");
    }
  });

  test("the mark of every other device is worth nothing, and this one goes on with its next", {
    tags: ["long"],
  }, async () => {
    const { username } = await createRobbed();
    const { token, deviceMark } = await auth.signIn({ username, password }, facts());
    const keep = { keepPasskeys: [], keepTotp: false, deviceMark };
    const answer = await auth.removeOtherFactors(await callerOf(token), keep, facts());
    const [row] = await service.database.query<{ device_epoch: number }>(
      "select device_epoch from latchkey.users where username = $1",
      [username],
    );
    expect(row?.device_epoch).toBe(1);
    expect(answer.deviceMark).not.toBe(deviceMark);
  });
});

describe("nothing is removed", () => {
  const nothing = { keepPasskeys: [], keepTotp: false } as const;

  async function expectRefused(caller: Principal, code: string, { by = auth, keep = nothing as object } = {}) {
    const before = await listIds(caller);
    const wanted = { ...nothing, ...keep };
    expect(await by.removeOtherFactors(caller, wanted, facts()).then(() => "removed", codeOf)).toBe(code);
    expect(await listIds(caller)).toEqual(before);
    expect(before).toHaveLength(2);
  }

  test("for a passkey to keep that is not there", async () => {
    const { username } = await createRobbed();
    const other = await createRobbed();
    await expectRefused(await signIn(username), "not_found", { keep: { keepPasskeys: [other.first.id] } });
  });

  test("for a session that has not shown lately who is there", async () => {
    const { username } = await createRobbed();
    const caller = await signIn(username);
    await service.clock.advance(601);
    await expectRefused(caller, "reauthentication_required");
  });

  test("with a password that a code has just set, whoever had the number for a day", async () => {
    const { username, phoneNumber } = await createRobbed();
    const { challenge } = await auth.startReset({ username }, facts());
    const { code } = await inbox.take(phoneNumber);
    await auth.resetPasswordByCode({ challenge, code, newPassword: nextPassword }, facts());
    await expectRefused(await signIn(username, nextPassword), "permission_denied");
  });

  test("where it is the last way in, or the factor that the account needs", async () => {
    const { id, first } = await createRobbed();
    const caller = await callerOf((await signInByPasskey(service, first.device)).token);
    await expectRefused(caller, "permission_denied", { by: strict });
    await service.database.query(
      "update latchkey.users set password = '!', phone_number = null, phone_proved_at = null, is_staff = true where id = $1",
      [id],
    );
    await expectRefused(caller, "permission_denied");
  });
});

test("whoever had nothing loses nothing, and gets no codes", async () => {
  const { username } = await createProvedPerson(service);
  const caller = await signIn(username);
  const removed = await auth.removeOtherFactors(caller, { keepPasskeys: [], keepTotp: false }, facts());
  expect(removed).toMatchObject({ passkeys: 0, totp: false, sessionsEnded: 0, recoveryCodes: null });
});
