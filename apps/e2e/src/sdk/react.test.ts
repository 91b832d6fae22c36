import { createAuthClient, memoryStorage, type User } from "@latchkey/client";
import { AuthProvider, SignedIn, SignedOut, useAuth, usePermission, useUser } from "@latchkey/client/react";
import { createElement, type ReactNode, useSyncExternalStore } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, vi } from "vitest";
import { openProgram, openSignedIn, test } from "./sdk-process.ts";

function Page(): ReactNode {
  const { status } = useAuth();
  return createElement(
    "main",
    null,
    `${status} ${useUser()?.username ?? "nobody"} ${usePermission("shop.delete_order")} `,
    createElement(SignedIn, null, "in"),
    createElement(SignedOut, null, "out"),
  );
}

type Client = Parameters<typeof AuthProvider>[0]["client"];

const render = (client: Client, initialUser?: User | null) =>
  renderToString(createElement(AuthProvider, { client, initialUser }, createElement(Page))).replaceAll("<!-- -->", "");

describe("on a server", () => {
  test("a page shows neither what is for guests nor what is for people, whoever the client knows", async ({ live }) => {
    const program = await openSignedIn(live);
    expect(render(createAuthClient({ url: live.url }))).toBe("<main>loading nobody unknown </main>");
    expect(render(program.auth)).toBe("<main>loading nobody unknown </main>");
  });

  test("a page that was told who asks shows them, and a guest their part", async ({ live }) => {
    const { auth } = await openSignedIn(live);
    const client = createAuthClient({ url: live.url });
    expect(render(client, auth.getSnapshot().user)).toBe("<main>signedIn alice unknown in</main>");
    expect(render(client, null)).toBe("<main>signedOut nobody unknown out</main>");
  });

  test("the client fits useSyncExternalStore as it is", async ({ live }) => {
    const client = createAuthClient({ url: live.url, storage: memoryStorage() });
    const Status = () => useSyncExternalStore(client.subscribe, client.getSnapshot, client.getServerSnapshot).status;
    expect(renderToString(createElement(Status))).toBe("loading");
  });

  test("components outside a provider say what is missing", () => {
    expect(() => renderToString(createElement(Page))).toThrow("<AuthProvider client={auth}>");
  });
});

test("the permissions are one read for all who ask, and a new one for another person", async ({ live }) => {
  const { createPermissionStore } = await import("../../../../packages/client/src/permission-store.ts");
  await live.test.auth.createUser({ username: "root", password: "correct horse battery", isSuperuser: true });
  const { auth, network } = openProgram(live);
  const store = createPermissionStore(auth);
  const seen: string[] = [];
  const stops = ["auth.view_user", "auth.add_user", "auth.view_group"].map((permission) =>
    store.subscribe(() => seen.push(`${permission} ${store.find(permission)}`)),
  );
  expect(store.find("auth.view_user")).toBe("unknown");
  await auth.headers();
  expect(store.find("auth.view_user")).toBe("no");
  await auth.signIn({ username: "alice", password: "correct horse battery" });
  expect(store.find("auth.view_user")).toBe("unknown");
  await expect.poll(() => store.find("auth.view_user")).toBe("no");
  await auth.signIn({ username: "root", password: "correct horse battery" });
  expect(store.find("auth.view_user")).toBe("unknown");
  await expect.poll(() => store.find("auth.view_user")).toBe("yes");
  expect(network.count("me.permissions")).toBe(2);
  expect(seen.at(-1)).toBe("auth.view_group yes");
  for (const stop of stops) stop();
  const told = seen.length;
  await auth.signOut();
  expect(seen).toHaveLength(told);
  expect(store.find("auth.view_user")).toBe("no");
});

test("a read of permissions that fails is `unknown`, and is tried again as long as somebody shows what it is about", async ({
  live,
}) => {
  const { createPermissionStore } = await import("../../../../packages/client/src/permission-store.ts");
  const { auth, network } = await openSignedIn(live);
  network.breakWith(({ procedures }) => {
    if (procedures[0] !== "me.permissions") return undefined;
    network.mend();
    return Promise.reject(new TypeError("fetch failed"));
  });
  const store = createPermissionStore(auth);
  const seen: string[] = [];
  store.subscribe(() => seen.push(store.find("auth.view_user")));
  expect(store.find("auth.view_user")).toBe("unknown");
  await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe("no");
  expect(network.count("me.permissions")).toBe(2);
});

test("nobody who shows nothing any more asks again, and the next who does is answered", async ({ live }) => {
  const { createPermissionStore } = await import("../../../../packages/client/src/permission-store.ts");
  const { auth, network } = await openSignedIn(live);
  network.breakWith(() => Promise.reject(new TypeError("fetch failed")));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const store = createPermissionStore(auth);
  const stop = store.subscribe(() => {});
  try {
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(1);
      expect(network.count("me.permissions")).toBe(1);
    });
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
  } finally {
    vi.useRealTimers();
  }
  expect(network.count("me.permissions")).toBe(1);
  network.mend();
  store.subscribe(() => {});
  await expect.poll(() => store.find("auth.view_user")).toBe("no");
});
