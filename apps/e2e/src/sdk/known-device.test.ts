import { isAuthError } from "@latchkey/client";
import { expect } from "vitest";
import { createLockedAccount, locked } from "../http/locked-account.ts";
import { credentials, openProgram, openSignedIn, test } from "./sdk-process.ts";

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

test("who has signed in with a program before replaces a password with it that has to be replaced", async ({
  live,
}) => {
  const { auth } = await openSignedIn(live);
  await live.test.auth.operator.requirePasswordChange(credentials.username);
  const refusal = await auth.signIn(credentials).catch((error: unknown) => error);
  if (!isAuthError(refusal, "password_change_required")) throw refusal;
  const { ticket } = refusal.data;
  await auth.api.token.obtainByNewPassword.mutate({ ticket, newPassword: "an even better battery" });
  expect(auth.getSnapshot()).toMatchObject({ status: "signedIn", user: { username: credentials.username } });
});
