import { expect } from "vitest";
import { createLockedAccount, locked } from "../http/locked-account.ts";
import { openProgram, test } from "./sdk-process.ts";

test("who has signed in with a program before gets in with it while strangers are kept out, also after a sign-out", async ({
  live,
}) => {
  const credentials = { username: locked.username, password: locked.password };
  const known = openProgram(live);
  await createLockedAccount(live.test, { before: () => known.auth.signIn(credentials) });
  await known.auth.signOut();

  const stranger = openProgram(live);
  await expect(stranger.auth.signIn(credentials)).rejects.toThrow("Invalid credentials");
  expect((await known.auth.signIn(credentials)).username).toBe("locked");
  expect((await stranger.auth.signIn(credentials)).username).toBe("locked");
});
