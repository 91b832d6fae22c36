import { afterAll, beforeAll, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";

const inbox = createInbox();
const [password, newPassword] = ["correct horse battery", "a better horse battery"];

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages: { senders: { sms: inbox }, isEnforced: false } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;
const facts = () => ({ ...service.facts, address: `2001:db8:${(++people).toString(16)}::1` });

/** Somebody with a number that was proved too long ago for a code alone: a device that is known is what opens it besides. */
async function createPerson() {
  const username = `devices_${++people}`;
  const phoneNumber = `+9053266${String(people).padStart(5, "0")}`;
  const { id } = await auth.createUser({ username, phoneNumber, password });
  const age = `update latchkey.users set phone_vouched_at = null,
    phone_proved_at = latchkey.now() - interval '41 days' where id = $1`;
  await service.database.query(age, [id]);
  const { token, deviceMark } = await auth.signIn({ username, password }, facts());
  return { id, username, phoneNumber, deviceMark, caller: await auth.authenticate([`Bearer ${token}`]) };
}

type Person = Awaited<ReturnType<typeof createPerson>>;

/** Whether the device with a mark counts as one of the account's. */
async function isKnown({ id, phoneNumber }: Person, deviceMark: string): Promise<boolean> {
  await service.database.query(
    "update latchkey.users set phone_proved_at = latchkey.now() - interval '41 days' where id = $1",
    [id],
  );
  const { challenge } = await auth.startCode({ purpose: "enter", to: phoneNumber, deviceMark }, facts());
  const { code } = await inbox.take(phoneNumber);
  return "token" in (await auth.signInByCode({ challenge, code, deviceMark }, facts()));
}

const reasons: readonly [what: string, does: (person: Person) => Promise<{ deviceMark: string } | undefined>][] = [
  ["sessions.revokeOthers", ({ caller, deviceMark }) => auth.revokeOtherSessions(caller, facts(), { deviceMark })],
  ["sessions.revokeOthers without a mark", ({ caller }) => auth.revokeOtherSessions(caller, facts())],
  ["me.devices.forget", ({ caller, deviceMark }) => auth.forgetDevices(caller, facts(), { deviceMark })],
  [
    "a recovery code",
    async ({ caller, deviceMark }) => {
      const { codes } = await auth.createRecoveryCodes(caller, facts());
      const { ticket } = await auth.startRecovery({ code: codes[0] ?? "" }, facts());
      const answer = await auth.recover({ ticket, newPassword, deviceMark }, facts());
      return "deviceMark" in answer ? answer : undefined;
    },
  ],
  [
    "an administrator's code",
    async ({ username, deviceMark }) => {
      const { setPasswordCode } = await auth.operator.createPasswordCode(username);
      return auth.resetPassword({ username, code: setPasswordCode, newPassword, deviceMark }, facts());
    },
  ],
  [
    "a code that was sent",
    async ({ phoneNumber, deviceMark }) => {
      const { challenge } = await auth.startReset({ username: phoneNumber, deviceMark }, facts());
      const { code } = await inbox.take(phoneNumber);
      return auth.resetPasswordByCode({ challenge, code, newPassword, deviceMark }, facts());
    },
  ],
];

test.each(reasons)("%s forgets every device but the one that did it", async (_, forget) => {
  const person = await createPerson();
  const { username, deviceMark } = person;
  const { deviceMark: other } = await auth.signIn({ username, password }, facts());
  const answer = await forget(person);
  for (const mark of [deviceMark, other]) expect(await isKnown(person, mark)).toBe(false);
  expect(await isKnown(person, answer?.deviceMark ?? "")).toBe(true);
});

test.each([
  ["the command line", ({ username }: Person) => auth.operator.changePassword(username, newPassword)],
  [
    "another number",
    async (person: Person) => {
      const phoneNumber = `+9053267${String(++people).padStart(5, "0")}`;
      await auth.operator.update(person.username, { phoneNumber });
      Object.assign(person, { phoneNumber });
    },
  ],
])("%s forgets every device", async (_, forget) => {
  const person = await createPerson();
  await forget(person);
  expect(await isKnown(person, person.deviceMark)).toBe(false);
});

test("a password that its owner changes, and the end of one session, leave the devices known", async () => {
  const person = await createPerson();
  const { username, caller, deviceMark } = person;
  const there = await auth.signIn({ username, password }, facts());
  await auth.changePassword(caller, { currentPassword: password, newPassword }, facts());
  expect(await isKnown(person, there.deviceMark)).toBe(true);
  await auth.revokeSession(caller, caller.session.id, facts());
  expect(await isKnown(person, deviceMark)).toBe(true);
});
