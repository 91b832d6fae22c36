import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { signInByPassword } from "../../testing/factors.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";
import { codeOf, createProvedPerson, freshFacts, freshNumber, password } from "../../testing/people.ts";
import type { Principal } from "../steps/core.ts";

const inbox = createInbox();
let service: TestAuth;
let auth: Auth;
let other: pg.Client;
beforeAll(async () => {
  service = await createTestAuth({
    messages: { senders: { sms: inbox, email: inbox }, isEnforced: false },
    passkeys: { rpId: "localhost", allowsLocalhost: true },
  });
  auth = service.auth;
  other = new pg.Client(service.database.connection);
  await other.connect();
});
afterAll(async () => {
  await other.end();
  await service[Symbol.asyncDispose]();
});

const facts = () => freshFacts(service);
const isWaiting = () =>
  service.database.query(
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
const listEvents = (id: string) =>
  service.database.query("select event from latchkey.audit_events where subject_id = $1 order by id", [id]);

/** Does something of a person's that is on its way while something else happens to their account. */
async function meanwhile(id: string, run: () => Promise<unknown>, statement: string): Promise<unknown> {
  await other.query("begin");
  await other.query("select from latchkey.users where id = $1 for update", [id]);
  const running = run().then(() => "done", codeOf);
  await expect.poll(isWaiting, { timeout: 20_000 }).toHaveLength(1);
  await other.query(statement, [id]);
  await other.query("commit");
  return running;
}

const endAll = `update latchkey.sessions set ended_at = latchkey.now(), end_reason = 'revoked' where user_id = $1`;
const redirect = { clientId: "shop", redirectUri: "https://shop.example.com/in", codeChallenge: "x".repeat(43) };
const nobodys = "0190b2c4-0000-7000-8000-00000000abcd";

test.each<[what: string, run: (caller: Principal) => Promise<unknown>]>([
  ["changes the profile", (caller) => auth.updateProfile(caller, { isApprovedToBeInTouch: true }, facts())],
  ["begins to set an authenticator app up", (caller) => auth.startTotp(caller, facts())],
  ["lets an app in", (caller) => auth.startRedirect(caller, redirect)],
  ["makes recovery codes", (caller) => auth.createRecoveryCodes(caller, facts())],
  ["stops recovery codes", (caller) => auth.stopRecoveryCodes(caller, facts())],
  [
    "takes other factors away",
    (caller) => auth.removeOtherFactors(caller, { keepPasskeys: [], keepTotp: false }, facts()),
  ],
  ["takes the authenticator app away", (caller) => auth.removeTotp(caller, facts())],
  ["takes a passkey away", (caller) => auth.removePasskey(caller, nobodys, facts())],
  ["renames a passkey", (caller) => auth.renamePasskey(caller, { id: nobodys, name: "mine" }, facts())],
  ["ends another session", (caller) => auth.revokeSession(caller, nobodys, facts())],
  ["ends all others", (caller) => auth.revokeOtherSessions(caller, facts())],
  ["forgets devices", (caller) => auth.forgetDevices(caller, facts())],
  ["ends a remembered device", (caller) => auth.endRememberedDevice(caller, nobodys, facts())],
  ["stops a change that waits", (caller) => auth.stopPendingChange(caller, nobodys, facts())],
  [
    "changes the password",
    (caller) =>
      auth.changePassword(caller, { currentPassword: password, newPassword: "a better horse battery" }, facts()),
  ],
])("a session that was ended while its call was on its way %s no more", async (_what, run) => {
  const { id, username } = await createProvedPerson(service);
  const caller = await signInByPassword(service, { username, password });
  const before = await listEvents(id);
  expect(await meanwhile(id, () => run(caller), endAll)).toBe("session_ended");
  expect(await listEvents(id)).toEqual(before);
});

const deleted = "delete from latchkey.users where id = $1";

test.each<
  [what: string, run: (caller: Principal, names: { username: string; phoneNumber: string }) => Promise<unknown>]
>([
  ["a code to sign in", (_, { phoneNumber }) => auth.startCode({ purpose: "sign_in", to: phoneNumber }, facts())],
  ["a code to come in", (_, { phoneNumber }) => auth.startCode({ purpose: "enter", to: phoneNumber }, facts())],
  ["a code for a password", (_, { username }) => auth.startReset({ username }, facts())],
  ["a code for a number", (caller) => auth.startOwnName(caller, { kind: "phone", to: freshNumber() }, facts())],
  ["an authenticator app", (caller) => auth.startTotp(caller, facts())],
  ["an app's code", (caller) => auth.startRedirect(caller, redirect)],
  ["a passkey", (caller) => auth.startPasskey(caller)],
  ["a sign-in", (_, { username }) => auth.signIn({ username, password }, facts())],
])("no defect comes of %s for an account that is deleted on its way", async (_what, run) => {
  const { id, username, phoneNumber } = await createProvedPerson(service);
  const caller = await signInByPassword(service, { username, password });
  await other.query("begin");
  await other.query(deleted, [id]);
  const running = run(caller, { username, phoneNumber }).then(() => "done", codeOf);
  await Promise.race([running, expect.poll(isWaiting, { timeout: 20_000 }).toHaveLength(1)]);
  await other.query("commit");
  expect(["done", "session_ended", "invalid_credentials", "unavailable"]).toContain(await running);
});

test("a sign-in on its way while the password is marked to be replaced opens nothing", async () => {
  const { id, username } = await createProvedPerson(service);
  const due = "update latchkey.users set password_change_due_at = latchkey.now() where id = $1";
  expect(await meanwhile(id, () => auth.signIn({ username, password }, facts()), due)).toBe("password_change_required");
  expect(await service.database.query("select from latchkey.sessions where user_id = $1", [id])).toEqual([]);
});
