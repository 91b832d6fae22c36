import { type AuthStorage, memoryStorage } from "@latchkey/client";
import { afterEach, describe, expect, vi } from "vitest";
import { countLive, holdAnswer } from "../sdk/hold-answer.ts";
import {
  credentials,
  onlyTheMark,
  openProgram,
  openSignedIn,
  pastExpiry,
  readStored,
  test,
} from "../sdk/sdk-process.ts";

const bora = { username: "bora", password: "another horse battery" };

afterEach(() => {
  vi.useRealTimers();
});

describe("a listener that changes what it is told of", () => {
  test("by signing out leaves nothing stored of the session, and none open", async ({ live }) => {
    const program = openProgram(live);
    const { auth } = program;
    let signingOut: Promise<void> | undefined;
    auth.subscribe(() => {
      if (auth.getSnapshot().status === "signedIn") signingOut = auth.signOut();
    });
    await auth.signIn(credentials);
    await signingOut;
    expect(await program.storage.get()).toEqual(onlyTheMark);
    expect(openProgram(live, program.storage).auth.getSnapshot().user).toBeNull();
    expect(await countLive(live)).toBe(0);
  });

  test("is not overtaken by what the others are told: the last thing that they hear is true", async ({ live }) => {
    const { auth } = openProgram(live);
    const [people, statuses]: [unknown[], string[]] = [[], []];
    auth.onPersonChange((user) => void (user && auth.signOut()));
    auth.onPersonChange((user) => people.push(user));
    auth.subscribe(() => statuses.push(auth.getSnapshot().status));
    await auth.signIn(credentials);
    expect([people.at(-1), statuses.at(-1)]).toEqual([null, "signedOut"]);
    expect(people).toHaveLength(1);
  });

  test("by closing the client, or by taking another listener away, has that one hear nothing more", async ({
    live,
  }) => {
    const { auth } = openProgram(live);
    const heard: string[] = [];
    let stop = () => {};
    const stopFirst = auth.subscribe(() => stop());
    stop = auth.subscribe(() => heard.push("taken away"));
    await auth.signIn(credentials);
    stopFirst();
    auth.subscribe(() => auth.dispose());
    auth.subscribe(() => heard.push("closed"));
    await auth.signOut();
    auth.subscribe(() => heard.push("added to a closed one"));
    await auth.signOut();
    expect(heard).toEqual([]);
  });

  test("and one that is there twice is taken away once", async ({ live }) => {
    const { auth } = openProgram(live);
    await auth.headers();
    let heard = 0;
    const listener = () => {
      heard += 1;
    };
    const stop = auth.subscribe(listener);
    auth.subscribe(listener);
    stop();
    await auth.signIn(credentials);
    expect(heard).toBe(1);
  });
});

describe("what is stored and cannot be sent, or is of another kind than it should be,", () => {
  const evil = { toString: null, valueOf: null };

  test.for([
    ["an access token with a line break", { token: "a\nb" }],
    ["one that is no ASCII", { token: "ğ" }],
    ["one that is no text", { token: evil }],
    ["none, and a time of its end", { token: "", expiresAt: 9e15 }],
    ["a session's id that is no text", { sid: evil }],
    ["times that are no numbers", { expiresAt: evil, lifetime: evil, clockOffset: evil }],
  ] as const)("such as %s, does not keep a session from going on", async ([, garbled], { live }) => {
    const { storage } = await openSignedIn(live);
    await storage.set(JSON.stringify({ ...JSON.parse((await storage.get()) ?? ""), ...garbled }));
    const { auth } = openProgram(live, storage);
    expect((await auth.api.me.get.query()).username).toBe("alice");
    expect(auth.getSnapshot().user?.username).toBe("alice");
  });

  test.for([
    ["a refresh token that is too long", { refreshToken: "x".repeat(9_000) }],
    ["one that is empty", { refreshToken: "" }],
    ["one with a control character", { refreshToken: "\u0000" }],
    ["one that is no text", { refreshToken: evil }],
    ["a person without an id", { user: { id: evil } }],
  ] as const)("such as %s, holds nobody", async ([, garbled], { live }) => {
    const { storage } = await openSignedIn(live);
    await storage.set(JSON.stringify({ ...JSON.parse((await storage.get()) ?? ""), ...garbled }));
    const { auth } = openProgram(live, storage);
    await auth.headers();
    expect(auth.getSnapshot()).toEqual({ status: "signedOut", user: null });
    expect((await auth.signIn(credentials)).username).toBe("alice");
  });
});

describe("an answer that comes late", () => {
  test("to `me.delete` does not sign out whoever has signed in since", async ({ live }) => {
    await live.test.auth.createUser(bora);
    const { auth, network } = await openSignedIn(live);
    const { fault, reached, open } = holdAnswer("me.delete");
    network.breakWith(fault);
    const deleting = auth.api.me.delete.mutate();
    await reached;
    await auth.signIn(bora);
    open();
    await deleting;
    expect(auth.getSnapshot().user?.username).toBe("bora");
    expect(await countLive(live)).toBe(1);
  });

  test.for(["me.get", "token.refresh"])(
    "to %s does not show what a later call has changed",
    async (procedure, { live }) => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const program = await openSignedIn(live);
      const { auth, network } = program;
      const before = await readStored(program);
      const { fault, reached, open } = holdAnswer(procedure);
      network.breakWith(fault);
      // Close enough to the token's end for a renewal on the side.
      vi.setSystemTime(Date.now() + (procedure === "me.get" ? 0 : 14.5 * 60_000));
      const getting = auth.api.me.get.query();
      await reached;
      await auth.api.me.update.mutate({ city: "İzmir" });
      open();
      await getting;
      if (procedure === "token.refresh")
        await expect.poll(async () => (await readStored(program)).refreshToken).not.toBe(before.refreshToken);
      expect(auth.getSnapshot().user?.city).toBe("İzmir");
    },
  );
});

describe("a call whose caller turns away while it is answered", () => {
  test.for(["account.register", "token.obtain"] as const)(
    "leaves no session that %s opens",
    async (procedure, { live }) => {
      const { auth, network } = openProgram(live);
      const { fault, reached, open } = holdAnswer(procedure);
      network.breakWith(fault);
      const aborter = new AbortController();
      const { account, token } = auth.api;
      const opening =
        procedure === "token.obtain"
          ? token.obtain.mutate(credentials, aborter)
          : account.register.mutate(bora, aborter);
      await reached;
      aborter.abort();
      await expect(opening).rejects.toThrow("aborted");
      open();
      await expect.poll(() => countLive(live)).toBe(0);
      expect(auth.getSnapshot().status).toBe("signedOut");

      await expect(token.obtain.mutate(credentials, aborter)).rejects.toThrow("aborted");
      expect(network.count("token.obtain")).toBe(procedure === "token.obtain" ? 1 : 0);
      expect((await auth.signIn(credentials)).username).toBe("alice");
      expect(await countLive(live)).toBe(1);
    },
  );

  test("keeps the tokens that a new password brings", async ({ live }) => {
    const program = await openSignedIn(live);
    const before = await readStored(program);
    const { fault, reached, open } = holdAnswer("me.changePassword");
    program.network.breakWith(fault);
    const aborter = new AbortController();
    const change = { currentPassword: credentials.password, newPassword: "a wholly new battery" };
    const changing = program.auth.api.me.changePassword.mutate(change, aborter);
    await reached;
    aborter.abort();
    await expect(changing).rejects.toThrow("aborted");
    open();
    await expect.poll(async () => (await readStored(program)).refreshToken).not.toBe(before.refreshToken);
    await live.test.clock.advance(pastExpiry);
    expect((await program.auth.api.me.get.query()).username).toBe("alice");
  });
});

describe("of a session that the storage has lost", () => {
  test("to another client, which tells nobody, none stays open", async ({ live }) => {
    const memory = memoryStorage();
    const program = await openSignedIn(live, memory);
    const other = await openSignedIn(live);
    await memory.set((await other.storage.get()) ?? "");
    expect(await countLive(live)).toBe(2);

    await live.test.clock.advance(pastExpiry);
    // What it finds has run out as well.
    await program.auth.api.me.get.query().catch(() => {});
    expect((await program.auth.api.me.get.query()).username).toBe("alice");
    await expect.poll(() => countLive(live)).toBe(1);
  });

  test("to somebody who emptied it, none stays open", async ({ live }) => {
    const program = await openSignedIn(live);
    await program.storage.remove();
    await live.test.clock.advance(pastExpiry);
    await expect(program.auth.api.me.get.query()).rejects.toThrow();
    expect(program.auth.getSnapshot().status).toBe("signedOut");
    await expect.poll(() => countLive(live)).toBe(0);
  });
});

describe("a storage that fails for a while", () => {
  /** A storage that throws as long as it is locked. */
  function createLock(memory: AuthStorage) {
    const lock = { isLocked: false };
    const guard = <T>(step: () => T): T => {
      if (lock.isLocked) throw new Error("The phone is locked");
      return step();
    };
    const storage: AuthStorage = {
      get: () => guard(() => memory.get()),
      set: (value) => guard(() => memory.set(value)),
      remove: () => guard(() => memory.remove()),
    };
    return { lock, storage };
  }

  test("while somebody signs out does not sign them in again at the next start", async ({ live }) => {
    const memory = memoryStorage();
    const { lock, storage } = createLock(memory);
    const { auth } = await openSignedIn(live, storage);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    lock.isLocked = true;
    await auth.signOut();
    lock.isLocked = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await memory.get()).toEqual(onlyTheMark);
    expect(await countLive(live)).toBe(0);
  });

  test("and has told nothing before, neither, and its session is ended", async ({ live }) => {
    const { storage: memory } = await openSignedIn(live);
    const { lock, storage } = createLock(memory);
    lock.isLocked = true;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { auth } = openProgram(live, storage);
    await auth.signOut();
    lock.isLocked = false;
    await vi.advanceTimersByTimeAsync(1_000);
    await expect.poll(() => countLive(live)).toBe(0);
    expect(JSON.parse((await memory.get()) ?? "{}")).not.toHaveProperty("refreshToken");
  });

  test("while somebody signs in has them at the next start", async ({ live }) => {
    const memory = memoryStorage();
    const { lock, storage } = createLock(memory);
    lock.isLocked = true;
    const { auth } = openProgram(live, storage);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await auth.signIn(credentials);
    await vi.advanceTimersByTimeAsync(10_000);
    lock.isLocked = false;
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    expect(await memory.get()).toContain("refreshToken");
    expect((await openProgram(live, memory).auth.api.me.get.query()).username).toBe("alice");
    expect(await countLive(live)).toBe(1);
  });
});
