import { shareOut } from "@latchkey/auth/testing";
import { createAuthClient, memoryStorage } from "@latchkey/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";

const password = "correct horse battery";
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer();
});
afterAll(() => live[Symbol.asyncDispose]());

async function open(username: string) {
  const storage = memoryStorage();
  const auth = createAuthClient({ url: live.url, storage });
  await auth.signIn({ username, password });
  const readMark = async () => JSON.parse((await storage.get()) ?? "{}").deviceMark as string;
  return { auth, storage, readMark };
}

/** Whether a mark passes by what strangers have used up. */
async function isKnown(username: string, deviceMark: string): Promise<boolean> {
  const facts = { ...live.test.facts, address: "198.51.100.7" };
  for (let time = 0; time < 30; time += 1)
    await live.test.auth.signIn({ username, password: "a guess" }, facts).catch(() => {});
  const answer = live.test.auth.signIn({ username, password, deviceMark }, facts);
  const isIn = await answer.then(
    () => true,
    () => false,
  );
  await live.test.auth.operator.unlock(username);
  await live.test.database.query("delete from latchkey.throttles");
  return isIn;
}

for (const { tags, cases } of shareOut(
  [
    ["sessions.revokeOthers", ({ api }: Auth) => api.sessions.revokeOthers.mutate()],
    ["me.devices.forget", ({ api }: Auth) => api.me.devices.forget.mutate()],
    ["me.phone.remove", ({ api }: Auth) => api.me.phone.remove.mutate()],
  ] as const,
  3,
))
  it.each(cases)(
    "forgets every device but the one that calls %s, which keeps its new mark",
    { tags },
    async (name, forget) => {
      const username = name.replaceAll(".", "_").toLowerCase();
      await live.test.auth.createUser({ username, password, phoneNumber: newNumber() });
      const [here, there] = [await open(username), await open(username)];
      const before = await here.readMark();
      expect(await isKnown(username, await there.readMark())).toBe(true);
      await forget(here.auth);
      const mark = await here.readMark();
      expect(mark).not.toBe(before);
      // The same device, of the account's next epoch.
      expect(mark.slice(0, 21)).toBe(before.slice(0, 21));
      expect([await isKnown(username, mark), await isKnown(username, before)]).toEqual([true, false]);
      expect(await isKnown(username, await there.readMark())).toBe(false);
      expect(await here.auth.api.me.get.query()).toMatchObject({ username });
      // And still after the session was stored once more.
      await here.auth.api.me.update.mutate({ city: "İzmir" });
      expect(await here.readMark()).toBe(mark);
      await here.auth.signOut();
      expect(await here.readMark()).toBe(mark);
    },
  );

it("keeps the mark that a reset answers, which nobody is signed in for", async () => {
  const { username } = await live.test.auth.createUser({ username: "forgetful", password });
  const [here, there] = [await open("forgetful"), await open("forgetful")];
  const before = await here.readMark();
  await here.auth.signOut();
  const { setPasswordCode: code } = await live.test.auth.operator.createPasswordCode("forgetful");
  await here.auth.api.password.reset.mutate({ username: username ?? "", code, newPassword: password });
  const mark = await here.readMark();
  expect(here.auth.getSnapshot().status).toBe("signedOut");
  expect([mark === before, mark.slice(0, 21) === before.slice(0, 21)]).toEqual([false, true]);
  expect([await isKnown("forgetful", mark), await isKnown("forgetful", before)]).toEqual([true, false]);
  expect(await isKnown("forgetful", await there.readMark())).toBe(false);
});

it("keeps that mark beside whoever is signed in here meanwhile", async () => {
  await live.test.auth.createUser({ username: "present", password });
  await live.test.auth.createUser({ username: "absent", password });
  const here = await open("present");
  const before = await here.readMark();
  const { setPasswordCode: code } = await live.test.auth.operator.createPasswordCode("absent");
  await here.auth.api.password.reset.mutate({ username: "absent", code, newPassword: password });
  expect(await here.readMark()).not.toBe(before);
  expect(await here.auth.api.me.get.query()).toMatchObject({ username: "present" });
});

it("shows its mark where a device without a session stops what waits, or holds a reset", async () => {
  await live.test.auth.createUser({ username: "robbed", password });
  const { auth } = await open("robbed");
  await auth.signOut();
  await live.test.database.query(
    `insert into latchkey.former_passwords (user_id, password, device_epoch)
      select id, password, device_epoch from latchkey.users where username = 'robbed'`,
  );
  expect(await auth.api.account.stopChanges.mutate({ username: "robbed" })).toEqual({});
  const held = await auth.api.account.holdReset.mutate({ username: "robbed", password });
  expect(new Date(held.heldUntil ?? 0).getTime()).toBeGreaterThan(live.test.clock.now().getTime());
});

let numbers = 0;
const newNumber = () => `+9053288${String(++numbers).padStart(5, "0")}`;

type Auth = Awaited<ReturnType<typeof open>>["auth"];
