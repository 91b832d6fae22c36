import { type AuthStorage, memoryStorage } from "@latchkey/client";
import { describe, expect } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import {
  credentials,
  onlyTheMark,
  openProgram,
  openSignedIn,
  type Program,
  pastExpiry,
  readStored,
  test,
} from "./sdk-process.ts";

const refusal = (reason: string) => expect.objectContaining({ data: expect.objectContaining({ reason }) });
const statuses = ({ shown }: Program) => shown.map(({ status }) => status);
const later = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Like that of a phone: every step takes its time. */
function createDeviceStorage(memory = memoryStorage()): AuthStorage {
  return {
    async get() {
      await later();
      return memory.get();
    },
    async set(value) {
      await later();
      await memory.set(value);
    },
    async remove() {
      await later();
      await memory.remove();
    },
  };
}

/** Like that of a browser: one place, and news of a change for every tab but the one that made it. */
function createSharedStorage() {
  const memory = memoryStorage();
  const listeners = new Set<() => void>();
  const openTab = (): AuthStorage => {
    let ownListener = () => {};
    const tell = () => {
      for (const listener of listeners) if (listener !== ownListener) listener();
    };
    return {
      get: () => memory.get(),
      set(value) {
        void memory.set(value);
        tell();
      },
      remove() {
        void memory.remove();
        tell();
      },
      subscribe(listener) {
        ownListener = listener;
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
  };
  return { openTab };
}

describe("a storage that takes its time", () => {
  test("keeps a session for the next start, which waits for it and shows that it does", async ({ live }) => {
    const memory = memoryStorage();
    const { auth } = await openSignedIn(live, createDeviceStorage(memory));

    const restarted = openProgram(live, createDeviceStorage(memory));
    expect(restarted.auth.getSnapshot().status).toBe("loading");
    expect((await restarted.auth.api.me.get.query()).username).toBe("alice");
    expect(restarted.auth.getSnapshot()).toEqual(auth.getSnapshot());
    expect(statuses(restarted)).toEqual(["signedIn"]);

    await restarted.auth.signOut();
    const afterwards = openProgram(live, createDeviceStorage(memory));
    expect(await afterwards.auth.headers()).toEqual({});
    expect(statuses(afterwards)).toEqual(["signedOut"]);
  });

  test("and is still being read does not undo a sign-in", async ({ live }) => {
    let finishReading = (_stored: string | null) => {};
    const reading = new Promise<string | null>((resolve) => {
      finishReading = resolve;
    });
    const memory = memoryStorage();
    const program = openProgram(live, { ...memory, get: () => reading });
    const signingIn = program.auth.signIn(credentials);
    program.network.breakWith(async (_request, send) => {
      const answer = await send();
      setImmediate(() => finishReading(null));
      return answer;
    });
    await signingIn;
    await later();
    expect(program.auth.getSnapshot().status).toBe("signedIn");
    expect((await program.auth.api.me.get.query()).username).toBe("alice");
  });
});

describe("a storage that fails", () => {
  const fail = () => {
    throw new Error("QuotaExceededError");
  };
  const failLater = () => Promise.reject(new Error("the keychain is locked"));

  test.for([
    ["at once", fail],
    ["later", failLater],
  ] as const)("%s does not keep anybody from signing in, working and signing out", async ([, broken], { live }) => {
    const program = openProgram(live, { get: broken, set: broken, remove: broken });
    await program.auth.signIn(credentials);
    expect((await program.auth.api.me.get.query()).username).toBe("alice");
    await program.auth.api.me.update.mutate({ city: "İzmir" });
    await live.test.clock.advance(pastExpiry);
    expect((await program.auth.api.me.get.query()).city).toBe("İzmir");
    await program.auth.signOut();
    expect(statuses(program).at(-1)).toBe("signedOut");
    expect(program.network.count("token.revoke")).toBe(1);
  });

  test("does not hide why a session ended", async ({ live }) => {
    const program = openProgram(live, { ...memoryStorage(), remove: fail });
    await program.auth.signIn(credentials);
    await live.test.auth.signOut((await readStored(program)).refreshToken, live.test.facts);
    await expect(program.auth.api.me.get.query()).rejects.toEqual(refusal("session_ended"));
    expect(program.auth.getSnapshot().status).toBe("signedOut");
  });
});

const garbage = [
  ...["", " ", "{", "null", "true", "42", '"x"', "[]", "[null]", "{}", '{"token":null}', "undefined", "\0"],
  '{"token":"a.b.c"}',
  '{"token":"a.b.c","refreshToken":"x"}',
  '{"token":"a.b.c","refreshToken":"x","user":null,"expiresAt":99999999999999}',
  '{"token":"a.b.c","refreshToken":"x","user":"alice","expiresAt":99999999999999}',
  '{"token":1,"refreshToken":2,"user":{"id":"x"},"expiresAt":"never"}',
  '{"__proto__":{"token":"a.b.c","user":{"id":"x"}}}',
];

test("whatever is no session of ours in the storage is nobody, and a sign-in replaces it", async ({ live }) => {
  for (const text of garbage) {
    const storage = memoryStorage();
    await storage.set(text);
    const program = openProgram(live, storage);
    expect(await program.auth.headers(), text).toEqual({});
    expect(statuses(program), text).toEqual(["signedOut"]);
    expect(program.network.requests).toEqual([]);
  }
  const storage = memoryStorage();
  await storage.set("{}");
  const program = await openSignedIn(live, storage);
  expect((await readStored(program)).token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test("a storage that answers something else than a text is empty, at once", async ({ live }) => {
  for (const answer of [undefined, 42, false, {}, [], new Date(), Promise.resolve(undefined)]) {
    let stored: unknown = answer;
    const set = (text: string) => {
      stored = text;
    };
    const storage = { ...memoryStorage(), get: () => stored as string, set };
    const program = openProgram(live, storage);
    expect(await program.auth.headers()).toEqual({});
    expect(statuses(program)).toEqual(["signedOut"]);
    await program.auth.signIn(credentials);
    expect(stored).toEqual(expect.stringContaining("refreshToken"));
  }
});

test.for([
  ["does not know", "session_ended", (session: object) => session],
  ["did not make", "refresh_token_invalid", (session: object) => ({ ...session, refreshToken: "x" })],
] as const)("a kept session that the service %s signs out at the first call", async ([, reason, alter], { live }) => {
  await using other = await startLiveServer();
  await other.test.auth.createUser(credentials);
  const kept = await openSignedIn(other);
  await kept.storage.set(JSON.stringify(alter(await readStored(kept))));

  const program = openProgram(live, kept.storage);
  await expect(program.auth.api.me.get.query()).rejects.toEqual(refusal(reason));
  expect(statuses(program)).toEqual(["signedIn", "signedOut"]);
  expect(await program.storage.get()).toEqual(onlyTheMark);
});

describe("two tabs", () => {
  async function openTabs(live: LiveServer) {
    const shared = createSharedStorage();
    const left = openProgram(live, shared.openTab());
    const right = openProgram(live, shared.openTab());
    await Promise.all([left.auth.headers(), right.auth.headers()]);
    await left.auth.signIn(credentials);
    await right.auth.headers();
    return { left, right };
  }

  test("share a sign-in, a change of the account and a sign-out, and are told of each once", async ({ live }) => {
    const { left, right } = await openTabs(live);
    expect((await right.auth.api.me.get.query()).username).toBe("alice");
    await left.auth.api.me.update.mutate({ city: "İzmir" });
    await later();
    expect(right.auth.getSnapshot().user?.city).toBe("İzmir");
    await right.auth.signOut();
    await later();
    expect(await left.auth.headers()).toEqual({});
    expect(left.network.count("token.revoke")).toBe(0);
    for (const tab of [left, right]) {
      expect(statuses(tab)).toEqual(["signedOut", "signedIn", "signedIn", "signedOut"]);
    }
  });

  test("renew a token once for both", async ({ live }) => {
    const { left, right } = await openTabs(live);
    await live.test.clock.advance(pastExpiry);
    await left.auth.api.me.get.query();
    await right.auth.api.me.get.query();
    expect([left.network.count("token.refresh"), right.network.count("token.refresh")]).toEqual([1, 0]);
    expect(await right.auth.headers()).toEqual(await left.auth.headers());
    expect(statuses(right)).toEqual(["signedOut", "signedIn"]);
  });

  test("that renew at the same moment both go on, in one session", async ({ live }) => {
    const { left, right } = await openTabs(live);
    for (let round = 0; round < 3; round += 1) {
      await live.test.clock.advance(pastExpiry);
      const calls = [left, right, left, right].map(({ auth }) => auth.api.me.get.query());
      expect((await Promise.all(calls)).map(({ username }) => username)).toEqual(Array(4).fill("alice"));
      expect(await right.auth.headers()).toEqual(await left.auth.headers());
    }
    expect(await left.auth.api.sessions.list.query()).toHaveLength(1);
  });

  test("that hear nothing of each other find the newer session when the old one is refused", async ({ live }) => {
    const storage = memoryStorage();
    const left = await openSignedIn(live, storage);
    const right = openProgram(live, storage);
    await right.auth.headers();
    await live.test.clock.advance(pastExpiry);
    await left.auth.api.me.get.query();
    expect((await right.auth.api.me.get.query()).username).toBe("alice");
    expect(right.network.count("token.refresh")).toBe(0);

    await left.auth.signOut();
    await left.auth.signIn(credentials);
    expect((await right.auth.api.me.get.query()).username).toBe("alice");
    expect(right.auth.getSnapshot().status).toBe("signedIn");
    expect(await right.auth.headers()).toEqual(await left.auth.headers());
  });

  test("never bring a session back that the other has ended while it was being renewed", async ({ live }) => {
    const { left, right } = await openTabs(live);
    await live.test.clock.advance(pastExpiry);
    left.network.breakWith(async ({ procedures }, send) => {
      const answer = await send();
      if (procedures[0] === "token.refresh") await right.auth.signOut();
      return answer;
    });
    await expect(left.auth.api.me.get.query()).rejects.toThrow();
    await later();
    for (const tab of [left, right]) expect(tab.auth.getSnapshot().status).toBe("signedOut");
    expect(await left.storage.get()).toEqual(onlyTheMark);
  });
});
