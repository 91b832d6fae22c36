import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "../live-server.ts";
import { facts, startTwoServices, type TwoServices } from "./two-services.ts";

const password = "correct horse battery";

let services: TwoServices;
beforeAll(async () => {
  // No grace time, so that a refresh token is reused as soon as it is used twice.
  services = await startTwoServices({ grace: 0 });
});
afterAll(() => services[Symbol.asyncDispose]());

let people = 0;

/** Somebody new who is signed in on two devices, and whom both processes have just let in by either token. */
async function signInOnTwoDevices() {
  people += 1;
  const username = `person${people}`;
  const { auth } = services;
  await auth.createUser({ username, password });
  const here = await auth.signIn({ username, password }, facts);
  const there = await auth.signIn({ username, password }, facts);
  for (const { token } of [here, there]) expect(await askBoth(token)).toEqual([username, username]);
  return { username, here, there };
}

/** Whom the first process takes the caller for, or why it refuses the call; and the second. */
const askBoth = (token: string) => Promise.all(services.urls.map((url) => ask(url, token)));

async function ask(url: string, token: string): Promise<string> {
  const { body } = await call(url, "me.get", { token });
  return body.username ?? body.data.reason;
}

/** Calls a procedure on one process, and at once, before anything else, the other process with the token. */
async function callThenAsk(side: 0 | 1, procedure: string, { caller, input, thenAsk }: Deed): Promise<string> {
  const [url, other] = [services.urls[side], services.urls[side ? 0 : 1]];
  const answer = await call(url, procedure, { input, ...(caller !== undefined && { token: caller }) });
  expect(answer.status).toBe(200);
  return ask(other, thenAsk);
}

interface Deed {
  readonly caller?: string;
  readonly input: unknown;
  /** The access token whose next call it is about. */
  readonly thenAsk: string;
}

const sidOf = (token: string): string => JSON.parse(atob(token.split(".")[1] ?? "")).sid;

// Neither differs from the other.
for (const { tags, cases } of shareOut([0, 1] as const, 2))
  describe.each(cases)("what process %i is told holds on the very next call to the other one:", { tags }, (side) => {
    test("a sign-out", async () => {
      const { username, here, there } = await signInOnTwoDevices();
      const input = { refreshToken: here.refreshToken };
      expect(await callThenAsk(side, "token.revoke", { input, thenAsk: here.token })).toBe("session_ended");
      expect(await askBoth(there.token)).toEqual([username, username]);
    });

    test("one device ends another", async () => {
      const { username, here, there } = await signInOnTwoDevices();
      const input = { id: sidOf(there.token) };
      expect(await callThenAsk(side, "sessions.revoke", { caller: here.token, input, thenAsk: there.token })).toBe(
        "session_ended",
      );
      expect(await askBoth(here.token)).toEqual([username, username]);
    });

    test("one device ends all others", async () => {
      const { username, here, there } = await signInOnTwoDevices();
      const action = { caller: here.token, input: {}, thenAsk: there.token };
      expect(await callThenAsk(side, "sessions.revokeOthers", action)).toBe("session_ended");
      expect(await askBoth(here.token)).toEqual([username, username]);
    });

    test("a password change, of the other devices; the one that made it goes on with either of its tokens", async () => {
      const { username, here, there } = await signInOnTwoDevices();
      const input = { currentPassword: password, newPassword: "an even better battery" };
      const url = services.urls[side];
      const changed = await call(url, "me.changePassword", { token: here.token, input });
      expect(await ask(services.urls[side ? 0 : 1], there.token)).toBe("session_ended");
      for (const token of [changed.body.token, here.token]) expect(await askBoth(token)).toEqual([username, username]);
    });

    test("a refresh token that is used twice, of the thief and the owner alike", async () => {
      const { username, here, there } = await signInOnTwoDevices();
      const url = services.urls[side];
      const input = { refreshToken: here.refreshToken };
      const renewed = await call(url, "token.refresh", { input });
      expect(await askBoth(renewed.body.token)).toEqual([username, username]);

      const reused = await call(url, "token.refresh", { input });
      expect(reused.body.data).toMatchObject({ reason: "refresh_token_reused", httpStatus: 401 });
      expect(await ask(services.urls[side ? 0 : 1], here.token)).toBe("session_ended");
      expect(await askBoth(renewed.body.token)).toEqual(["session_ended", "session_ended"]);
      expect(await askBoth(there.token)).toEqual([username, username]);
    });
  });

test("an account that is disabled in the database is refused on the next call to either process, and let in again after", async () => {
  const { username, here } = await signInOnTwoDevices();
  const setActive = (isActive: boolean) =>
    services.database.query("update latchkey.users set is_active = $1 where username = $2", [isActive, username]);
  await setActive(false);
  expect(await askBoth(here.token)).toEqual(["account_disabled", "account_disabled"]);
  for (const url of services.urls) {
    const { body } = await call(url, "token.refresh", { input: { refreshToken: here.refreshToken } });
    expect(body.data).toMatchObject({ reason: "account_disabled", httpStatus: 401 });
  }
  await setActive(true);
  expect(await askBoth(here.token)).toEqual([username, username]);
});

test("an account that is deleted in the database is refused on the next call to either process", async () => {
  const { username, here, there } = await signInOnTwoDevices();
  await services.database.query("delete from latchkey.users where username = $1", [username]);
  for (const { token, refreshToken } of [here, there]) {
    expect(await askBoth(token)).toEqual(["session_ended", "session_ended"]);
    for (const url of services.urls) {
      const { body } = await call(url, "token.refresh", { input: { refreshToken } });
      expect(body.data).toMatchObject({ reason: "session_ended", httpStatus: 401 });
    }
  }
});
