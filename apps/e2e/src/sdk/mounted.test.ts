import { procedures } from "@latchkey/api/procedures";
import { router } from "@latchkey/api/trpc";
import { createAuthClient, memoryStorage } from "@latchkey/client";
import { createServerSession } from "@latchkey/client/server";
import { expect, test } from "vitest";
import { startLiveServer } from "../live-server.ts";
import { credentials, pastExpiry } from "./sdk-process.ts";

const host = router({ auth: router(procedures) });
type HostRouter = typeof host;

async function startHost() {
  const live = await startLiveServer({}, { router: host });
  await live.test.auth.createUser(credentials);
  return live;
}

test("below a path of a router of one's own, the same client signs in, renews, keeps a new password and signs out", async () => {
  await using live = await startHost();
  const storage = memoryStorage();
  const auth = createAuthClient<HostRouter>({ url: live.url, path: "auth", storage });
  const user = await auth.signIn(credentials);
  expect(user.username).toBe("alice");
  const before = JSON.parse((await storage.get()) ?? "");
  await live.test.clock.advance(pastExpiry);
  expect((await auth.api.auth.me.get.query()).username).toBe("alice");
  await auth.api.auth.me.update.mutate({ city: "İzmir" });
  expect(auth.getSnapshot().user?.city).toBe("İzmir");
  expect(await auth.permissions()).toEqual([]);
  await live.test.clock.advance(60);
  const { password } = credentials;
  await auth.api.auth.me.changePassword.mutate({ currentPassword: password, newPassword: `${password} 2` });
  const after = JSON.parse((await storage.get()) ?? "");
  expect([after.sid, after.refreshToken === before.refreshToken]).toEqual([before.sid, false]);
  await auth.signOut();
  const openSessions = "select count(*)::int as live from latchkey.sessions where ended_at is null";
  expect(await live.test.database.query(openSessions)).toEqual([{ live: 0 }]);
});

test("and so does a server that renders", async () => {
  await using live = await startHost();
  const serverSession = createServerSession<HostRouter>({ url: live.url, path: "auth" });
  const session = await serverSession(new Request("https://shop.example/"));
  await session.signIn(credentials);
  const next = await serverSession(new Request("https://shop.example/", { headers: session.requestHeaders() }));
  expect((await next.user())?.username).toBe("alice");
  expect((await next.api.auth.me.get.query()).username).toBe("alice");
  await next.signOut();
  expect(next.isSignedIn).toBe(false);
});
