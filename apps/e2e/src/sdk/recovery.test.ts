import { createAuthClient, isAuthError } from "@latchkey/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";

const [password, newPassword] = ["correct horse battery", "a battery of horses"];
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer();
});
afterAll(() => live[Symbol.asyncDispose]());

const open = () => createAuthClient({ url: live.url });

it("gets somebody back in who has nothing but a code on paper, and signs every other device out", async () => {
  await live.test.auth.createUser({ username: "alice", password });
  const before = open();
  await before.signIn({ username: "alice", password });
  expect(await before.api.me.recoveryCodes.status.query()).toBeNull();
  const { codes } = await before.api.me.recoveryCodes.create.mutate();

  const auth = open();
  const { ticket } = await auth.api.recovery.start.mutate({ code: codes[3]?.toLowerCase().replaceAll("-", " ") ?? "" });
  expect(auth.getSnapshot().status).toBe("signedOut");
  await auth.api.recovery.setPassword.mutate({ ticket, newPassword, deviceName: "a borrowed phone" });
  expect(auth.getSnapshot()).toMatchObject({ status: "signedIn", user: { username: "alice" } });
  expect(await auth.api.me.recoveryCodes.status.query()).toMatchObject({ left: 9 });
  expect(await auth.api.sessions.list.query()).toMatchObject([{ deviceName: "a borrowed phone", current: true }]);
  const refused = await before.api.me.get.query().catch((error: unknown) => error);
  expect(isAuthError(refused, "session_ended")).toBe(true);
});

it("keeps whoever is signed in when the ticket is good no more", async () => {
  await live.test.auth.createUser({ username: "bob", password });
  const auth = open();
  await auth.signIn({ username: "bob", password });
  const ticket = "AAAAAAAAAAAAAAAAAAAAAA";
  const refused = await auth.api.recovery.setPassword.mutate({ ticket, newPassword }).catch((error: unknown) => error);
  expect(isAuthError(refused, "code_invalid")).toBe(true);
  expect(auth.getSnapshot()).toMatchObject({ status: "signedIn", user: { username: "bob" } });
});
