import { expect } from "vitest";
import { credentials, openProgram, test } from "./program.ts";

test("who has signed in with a program before gets in with it while strangers are kept out, also after a sign-out", async ({
  live,
}) => {
  const { auth, facts } = live.test;
  const known = openProgram(live);
  await known.auth.signIn(credentials);
  await known.auth.signOut();
  for (let time = 0; time < 80; time += 1) {
    const from = { ...facts, address: `10.0.${time}.1` };
    await auth.login({ ...credentials, password: "wrong" }, from).catch(() => live.test.clock.advance(3_600));
  }

  const stranger = openProgram(live);
  await expect(stranger.auth.signIn(credentials)).rejects.toThrow("Invalid credentials");
  expect((await known.auth.signIn(credentials)).username).toBe("alice");
  await live.test.clock.advance(3_600);
  expect((await stranger.auth.signIn(credentials)).username).toBe("alice");
});
