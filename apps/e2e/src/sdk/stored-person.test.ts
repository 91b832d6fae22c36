import { type AuthStorage, memoryStorage } from "@latchkey/client";
import { describe, expect } from "vitest";
import { credentials, openProgram, openSignedIn, test } from "./sdk-process.ts";

/** As `localStorage` is, in a program without a browser. */
const createBrowserStorage = (): AuthStorage => ({ ...memoryStorage(), isShared: true });

const profile = { firstName: "Kanarya", lastName: "Sarısı", city: "Kanaryaköy" };

describe("what a browser's storage holds", () => {
  test("is tokens and the id of a person, and nothing else of them", async ({ live }) => {
    const storage = createBrowserStorage();
    await live.test.database.query(
      "update latchkey.users set is_staff = true, phone_number = '+905321239876', email = 'k@example.com', email_key = 'k@example.com'",
    );
    const { auth } = await openSignedIn(live, storage);
    await auth.api.me.update.mutate(profile);
    await auth.api.me.get.query();
    expect(auth.getSnapshot().user).toMatchObject({ ...profile, isStaff: true, phoneNumber: "+905321239876" });
    const text = (await storage.get()) ?? "";
    const { user, ...rest } = JSON.parse(text);
    expect(user).toEqual({ id: auth.getSnapshot().user?.id });
    expect(Object.keys(rest).sort()).toEqual(
      ["clockOffset", "deviceMark", "expiresAt", "lifetime", "refreshToken", "sid", "token"].sort(),
    );
    for (const canary of ["kanarya", "532123", "example.com", "isStaff", credentials.username])
      expect(text.toLowerCase()).not.toContain(canary.toLowerCase());
  });

  test("is enough for the next start, which asks for the rest once and renews nothing", async ({ live }) => {
    const storage = createBrowserStorage();
    const { auth } = await openSignedIn(live, storage);
    const restarted = openProgram(live, storage);
    expect(restarted.auth.getSnapshot().status).toBe("loading");
    await expect.poll(() => restarted.auth.getSnapshot()).toEqual(auth.getSnapshot());
    expect([restarted.network.count("me.get"), restarted.network.count("token.refresh")]).toEqual([1, 0]);
    expect(await restarted.auth.permissions()).toEqual([]);
  });

  test("is asked for again while the service is away, and signs nobody out", async ({ live }) => {
    const storage = createBrowserStorage();
    await openSignedIn(live, storage);
    const restarted = openProgram(live, storage);
    let failures = 0;
    restarted.network.breakWith(({ procedures }) => {
      if (!procedures.includes("me.get") || failures > 0) return undefined;
      failures += 1;
      return Promise.reject(new TypeError("fetch failed"));
    });
    await expect.poll(() => restarted.auth.getSnapshot().status, { timeout: 10_000 }).toBe("signedIn");
    expect(failures).toBe(1);
  });

  test("of a session that has ended is signed out at the next start", async ({ live }) => {
    const storage = createBrowserStorage();
    const { auth } = await openSignedIn(live, storage);
    const caller = await live.test.auth.authenticate([(await auth.headers()).authorization ?? ""]);
    await live.test.auth.revokeSession(caller, caller.session.id, live.test.facts);
    const restarted = openProgram(live, storage);
    await expect.poll(() => restarted.auth.getSnapshot().status).toBe("signedOut");
  });
});

test("whoever has deleted their account is signed out here, and the device stays known", async ({ live }) => {
  const storage = createBrowserStorage();
  const { auth } = await openSignedIn(live, storage);
  const { dueAt } = await auth.api.me.delete.mutate();
  expect(new Date(dueAt).getTime()).toBeGreaterThan(Date.now());
  expect(auth.getSnapshot().status).toBe("signedOut");
  expect(JSON.parse((await storage.get()) ?? "{}")).toEqual({ deviceMark: expect.any(String) });
  await auth.signIn(credentials);
  expect(auth.getSnapshot().status).toBe("signedIn");
});
