import { procedures } from "@latchkey/api/procedures";
import { recentProcedure, router } from "@latchkey/api/trpc";
import { showTotp } from "@latchkey/auth/testing";
import { createAuthClient } from "@latchkey/client";
import { useReauthenticate } from "@latchkey/client/reauthenticate/react";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { startLiveServer } from "../live-server.ts";
import { createNetwork, credentials, pastExpiry } from "./sdk-process.ts";

const minutes = 60;

/** A service of one's own that counts what ran, and somebody who signed in to it long ago. */
async function openLongAgo(build = (recent: typeof recentProcedure) => recent({ maxAge: 10 * minutes })) {
  const ran: string[] = [];
  const moveOut = build(recentProcedure).mutation(({ ctx }) => ran.push(ctx.user.id));
  const host = router({ auth: router(procedures), moveOut });
  const live = await startLiveServer({}, { router: host });
  await live.test.auth.createUser(credentials);
  await live.test.auth.createUser({ ...credentials, username: "bora" });
  const network = createNetwork();
  const auth = createAuthClient<typeof host>({ url: live.url, path: "auth", fetch: network.fetch });
  await auth.signIn(credentials);
  await live.test.clock.advance(11 * minutes);
  return { live, auth, ran, network };
}

const required = { data: { reason: "reauthentication_required", maxAge: 600 } };

test("all calls that wait are asked for once, and then run once each", async () => {
  const { live, auth, ran } = await openLongAgo();
  await using _ = live;
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
  const { live, auth, ran } = await openLongAgo((builder) => builder({ maxAge: 10 * minutes, acr: "2" }));
  await using _ = live;
  const asked: unknown[] = [];
  auth.onReauthenticate(async (request) => {
    asked.push(request);
    await auth.api.auth.me.reauthenticate.mutate({ password: credentials.password });
  });
  await expect(auth.api.moveOut.mutate()).rejects.toMatchObject({ data: { acr: "2" } });
  expect([asked, ran]).toEqual([[{ maxAge: 600, acr: "2" }], []]);

  const { ticket, secret } = await auth.api.auth.me.totp.start.mutate();
  await auth.api.auth.me.totp.confirm.mutate({ ticket, totp: await showTotp(live.test, secret) });
  await auth.api.moveOut.mutate();
  expect([asked.length, ran.length]).toEqual([1, 1]);
});

test("the hook shows what is waited for, and has the calls go on", async () => {
  const { live, auth, ran } = await openLongAgo();
  await using _ = live;
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
  const { live, auth, ran } = await openLongAgo();
  await using _ = live;
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
  const { live, auth, ran, network } = await openLongAgo();
  await using _ = live;
  let asked = 0;
  auth.onReauthenticate(() => {
    asked++;
  });

  await expect(auth.api.moveOut.mutate()).rejects.toMatchObject(required);

  expect([asked, network.count("moveOut"), ran.length]).toEqual([1, 2, 0]);
});

test("a call of one person is not sent again as another's who signs in meanwhile", async () => {
  const { live, auth, ran } = await openLongAgo();
  await using _ = live;
  auth.onReauthenticate(async () => {
    await auth.signIn({ ...credentials, username: "bora" });
  });

  await expect(auth.api.moveOut.mutate()).rejects.toMatchObject(required);

  expect(ran).toEqual([]);
});

test("a token that runs out while the person types is renewed, and the call runs once", async () => {
  const { live, auth, ran } = await openLongAgo();
  await using _ = live;
  auth.onReauthenticate(async () => {
    await auth.api.auth.me.reauthenticate.mutate({ password: credentials.password });
    // Less than ten minutes, and yet beyond the end of the token that was issued eleven minutes ago.
    await live.test.clock.advance(pastExpiry - 11 * minutes);
  });

  await auth.api.moveOut.mutate();

  expect(ran).toHaveLength(1);
});
