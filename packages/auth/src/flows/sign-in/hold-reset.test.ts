import { afterAll, beforeAll, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";

// Devices of before a reset, in the hands of somebody who knew the password then. How a hold itself goes is in apps/e2e/src/phones/held-resets.test.ts.

const inbox = createInbox();
const [password, newPassword] = ["correct horse battery", "a better horse battery"];

let service: TestAuth;
let auth: Auth;
beforeAll(async () => {
  service = await createTestAuth({ messages: { senders: { sms: inbox }, isEnforced: false } });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

let count = 0;
const facts = () => ({ ...service.facts, address: `2001:db8:${(++count).toString(16)}::1` });
const codeOf = (error: { code?: string }) => error.code;

/** Somebody who has reset their password by a code, with the marks of devices from before and one from after it. */
async function createOwner(devices: number) {
  const username = `held_${++count}`;
  const phoneNumber = `+9053277${String(count).padStart(5, "0")}`;
  const { id } = await auth.createUser({ username, phoneNumber, password });
  await service.database.query("update latchkey.users set phone_proved_at = latchkey.now() where id = $1", [id]);
  const marks: string[] = [];
  for (let time = 0; time < devices; time += 1) marks.push((await open(username, password)).deviceMark);
  const { challenge } = await auth.startReset({ username }, facts());
  const { code } = await inbox.take(phoneNumber);
  await auth.resetPasswordByCode({ challenge, code, newPassword }, facts());
  return { username, marks, session: await open(username, newPassword) };
}

const open = (username: string, typed: string) => auth.signIn({ username, password: typed }, facts());

const hold = (username: string, deviceMark: string | undefined, typed: string) =>
  auth.holdReset({ username, password: typed, deviceMark }, facts()).then(() => "held", codeOf);

test("wrong passwords for a hold, on however many devices of before, keep its owner from nothing", {
  tags: ["long"],
}, async () => {
  const { username, marks, session } = await createOwner(11);
  for (const mark of marks)
    for (let time = 0; time < 10; time += 1) expect(await hold(username, mark, "a guess")).toBe("invalid_credentials");
  const { deviceMark } = session;
  const caller = await auth.authenticate([`Bearer ${session.token}`]);
  expect(await auth.reauthenticate(caller, { password: newPassword }, facts()).then(() => "shown", codeOf)).toBe(
    "shown",
  );
  const signedIn = auth.signIn({ username, password: newPassword, deviceMark }, facts());
  expect(await signedIn.then(() => "in", codeOf)).toBe("in");
});

test("one device of before guesses at the former password ten times, and keeps no other from holding the reset", async () => {
  const { username, marks } = await createOwner(2);
  const [stolen, laptop] = marks;
  for (let time = 0; time < 10; time += 1) await hold(username, stolen, "a guess");
  expect(await hold(username, stolen, password)).toBe("invalid_credentials");
  expect(await hold(username, laptop, password)).toBe("held");
});

test("all devices of before together have a hundred guesses at the former password", async () => {
  const { username, marks } = await createOwner(11);
  for (const mark of marks.slice(0, 10)) for (let time = 0; time < 10; time += 1) await hold(username, mark, "a guess");
  expect(await hold(username, marks[10], password)).toBe("invalid_credentials");
});
