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
    await live.test.auth.login({ username, password: "a guess" }, facts).catch(() => {});
  const answer = live.test.auth.login({ username, password, deviceMark }, facts);
  const isIn = await answer.then(
    () => true,
    () => false,
  );
  await live.test.auth.operator.unlock(username);
  await live.test.database.query("delete from latchkey.throttles");
  return isIn;
}

it.each([
  ["sessions.revokeOthers", ({ api }: Auth) => api.sessions.revokeOthers.mutate()],
  ["me.devices.forget", ({ api }: Auth) => api.me.devices.forget.mutate()],
] as const)("forgets every device but the one that calls %s, which keeps its new mark", async (name, forget) => {
  const username = name.replaceAll(".", "_").toLowerCase();
  await live.test.auth.createUser({ username, password });
  const [here, there] = [await open(username), await open(username)];
  const before = await here.readMark();
  expect(await isKnown(username, await there.readMark())).toBe(true);
  await forget(here.auth);
  const mark = await here.readMark();
  expect(mark).not.toBe(before);
  expect([await isKnown(username, mark), await isKnown(username, before)]).toEqual([true, false]);
  expect(await isKnown(username, await there.readMark())).toBe(false);
  expect(await here.auth.api.me.get.query()).toMatchObject({ username });
  // And still after the session was stored once more.
  await here.auth.api.me.update.mutate({ city: "İzmir" });
  expect(await here.readMark()).toBe(mark);
  await here.auth.signOut();
  expect(await here.readMark()).toBe(mark);
});

type Auth = Awaited<ReturnType<typeof open>>["auth"];
