import { procedures } from "@latchkey/api/procedures";
import { recentProcedure, router } from "@latchkey/api/trpc";
import { showTotp } from "@latchkey/auth/testing";
import { createAuthClient } from "@latchkey/client";
import { useReauthenticate } from "@latchkey/client/reauthenticate/react";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createNetwork, credentials, pastExpiry } from "./sdk-process.ts";

const minutes = 60;

/** Whose calls ran. */
const ran: string[] = [];
const host = router({
  auth: router(procedures),
  moveOut: recentProcedure({ maxAge: 10 * minutes }).mutation(({ ctx }) => ran.push(ctx.user.id)),
  sell: recentProcedure({ maxAge: 10 * minutes, acr: "2" }).mutation(({ ctx }) => ran.push(ctx.user.id)),
});

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({}, { router: host });
});
afterAll(() => live[Symbol.asyncDispose]());

/** A program in which somebody signed in long ago; nothing has run yet. */
async function openLongAgo() {
  await live.test.database.query("delete from latchkey.users");
  await live.test.auth.createUser(credentials);
  await live.test.auth.createUser({ ...credentials, username: "bora" });
  ran.length = 0;
  const network = createNetwork();
  const auth = createAuthClient<typeof host>({ url: live.url, path: "auth", fetch: network.fetch });
  await auth.signIn(credentials);
  await live.test.clock.advance(11 * minutes);
  return { auth, network };
}

const required = { data: { reason: "reauthentication_required", maxAge: 600 } };

test("all calls that wait are asked for once, and then run once each", async () => {
  const { auth } = await openLongAgo();
  const asked: number[] = [];
  auth.onReauthenticate(async ({ maxAge }) => {
    asked.push(maxAge);
    await auth.api.auth.me.reauthenticate.mutate({ password: credentials.password });
  });

  await Promise.all([auth.api.moveOut.mutate(), auth.api.moveOut.mutate(), auth.api.moveOut.mutate()]);

  expect(asked).toEqual([600]);
  expect(ran).toHaveLength(3);
  await auth.api.moveOut.mutate();
  expect(asked).toHaveLength(1);
});

test("where two factors are wanted the program is told so, and a session of two goes on", async () => {
  const { auth } = await openLongAgo();
  const asked: unknown[] = [];
  auth.onReauthenticate(async (request) => {
    asked.push(request);
    await auth.api.auth.me.reauthenticate.mutate({ password: credentials.password });
  });
  await expect(auth.api.sell.mutate()).rejects.toMatchObject({ data: { acr: "2" } });
  expect([asked, ran]).toEqual([[{ maxAge: 600, acr: "2" }], []]);

  const { ticket, secret } = await auth.api.auth.me.totp.start.mutate();
  await auth.api.auth.me.totp.confirm.mutate({ ticket, totp: await showTotp(live.test, secret) });
  await auth.api.sell.mutate();
  expect([asked.length, ran.length]).toEqual([1, 1]);
});

test("the hook shows what is waited for, and has the calls go on", async () => {
  const { auth } = await openLongAgo();
  const seen: (ReturnType<typeof useReauthenticate>["request"] | undefined)[] = [];
  const Page = () => {
    seen.push(useReauthenticate(auth).request);
    return null;
  };
  renderToString(createElement(Page));
  expect(seen).toEqual([null]);
  expect(ran).toEqual([]);
});

test("without anybody to ask, after a wrong password, and when the person gives up, the refusal stands and nothing ran", async () => {
  const { auth } = await openLongAgo();
  await expect(auth.api.moveOut.mutate()).rejects.toMatchObject(required);

  const stop = auth.onReauthenticate(async () => {
    await auth.api.auth.me.reauthenticate.mutate({ password: "not the password" });
  });
  await expect(auth.api.moveOut.mutate()).rejects.toMatchObject(required);
  stop();
  auth.onReauthenticate(() => {
    throw new Error("gave up");
  });
  await expect(auth.api.moveOut.mutate()).rejects.toMatchObject(required);
  expect(ran).toEqual([]);
});

test("somebody who only says that they asked is not asked for ever", async () => {
  const { auth, network } = await openLongAgo();
  let asked = 0;
  auth.onReauthenticate(() => {
    asked++;
  });

  await expect(auth.api.moveOut.mutate()).rejects.toMatchObject(required);

  expect([asked, network.count("moveOut"), ran.length]).toEqual([1, 2, 0]);
});

test("a call of one person is not sent again as another's who signs in meanwhile", async () => {
  const { auth } = await openLongAgo();
  auth.onReauthenticate(async () => {
    await auth.signIn({ ...credentials, username: "bora" });
  });

  await expect(auth.api.moveOut.mutate()).rejects.toMatchObject(required);

  expect(ran).toEqual([]);
});

test("a token that runs out while the person types is renewed, and the call runs once", async () => {
  const { auth } = await openLongAgo();
  auth.onReauthenticate(async () => {
    await auth.api.auth.me.reauthenticate.mutate({ password: credentials.password });
    // Less than ten minutes, and yet beyond the end of the token that was issued eleven minutes ago.
    await live.test.clock.advance(pastExpiry - 11 * minutes);
  });

  await auth.api.moveOut.mutate();

  expect(ran).toHaveLength(1);
});
