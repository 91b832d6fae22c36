import { shareOut } from "@latchkey/auth/testing";
import { type AuthStorage, isAuthError, memoryStorage } from "@latchkey/client";
import { describe, expect, vi } from "vitest";
import { createLockedAccount, locked } from "../http/locked-account.ts";
import { countLive, createGate, holdAnswer } from "./hold-answer.ts";
import { credentials, onlyTheMark, openProgram, openSignedIn, readStored, test } from "./sdk-process.ts";

const bora = { username: "bora", password: "another horse battery" };

/** A storage whose first write of a session is held up. */
function holdWrite(memory: AuthStorage) {
  const gate = createGate();
  let isFirst = true;
  const storage: AuthStorage = {
    ...memory,
    async set(value) {
      if (isFirst) {
        isFirst = false;
        await gate.pass();
      }
      await memory.set(value);
    },
  };
  return { ...gate, storage };
}

describe("the last thing that a person asked for stands, and no session stays open that nobody keeps", () => {
  test("a write that is slow does not bring a session back after a sign-out", async ({ live }) => {
    const memory = memoryStorage();
    const { storage, reached, open } = holdWrite(memory);
    const { auth } = openProgram(live, storage);
    const signingIn = auth.signIn(credentials);
    await reached;
    const signingOut = auth.signOut();
    expect(auth.getSnapshot().status).toBe("signedOut");
    open();
    await Promise.all([signingIn, signingOut]);

    expect(await memory.get()).toEqual(onlyTheMark);
    const restarted = openProgram(live, memory);
    await restarted.auth.headers();
    expect(restarted.auth.getSnapshot().status).toBe("signedOut");
    expect(await countLive(live)).toBe(0);
  });

  test("a sign-in whose answer comes after a sign-out is ended again", async ({ live }) => {
    const program = openProgram(live);
    const { fault, reached, open } = holdAnswer("token.obtain");
    program.network.breakWith(fault);
    const signingIn = program.auth.signIn(credentials);
    await reached;
    await program.auth.signOut();
    open();
    expect((await signingIn).username).toBe("alice");

    expect(program.auth.getSnapshot().status).toBe("signedOut");
    expect(await program.auth.headers()).toEqual({});
    expect(await countLive(live)).toBe(0);
  });

  test.for(["account.register", "token.obtain"] as const)("so is one by calling %s", async (procedure, { live }) => {
    const program = openProgram(live);
    const { fault, reached, open } = holdAnswer(procedure);
    program.network.breakWith(fault);
    const { account, token } = program.auth.api;
    const opening = procedure === "token.obtain" ? token.obtain.mutate(credentials) : account.register.mutate(bora);
    await reached;
    await program.auth.signOut();
    open();
    await opening;
    expect(program.auth.getSnapshot().status).toBe("signedOut");
    expect(await countLive(live)).toBe(0);
  });

  test("of two sign-ins the later one stands, though the first is answered last", async ({ live }) => {
    await live.test.auth.createUser(bora);
    const program = openProgram(live);
    const { fault, reached, open } = holdAnswer("token.obtain");
    program.network.breakWith(fault);
    const first = program.auth.signIn(credentials);
    await reached;
    await program.auth.signIn(bora);
    open();
    await first;

    expect(program.auth.getSnapshot().user?.username).toBe("bora");
    expect((await program.auth.api.me.get.query()).username).toBe("bora");
    expect(await countLive(live)).toBe(1);
  });

  test("a later sign-in that is refused leaves an earlier one that succeeds", async ({ live }) => {
    const program = openProgram(live);
    const { fault, reached, open } = holdAnswer("token.obtain");
    program.network.breakWith(fault);
    const first = program.auth.signIn(credentials);
    await reached;
    await expect(program.auth.signIn({ ...credentials, password: "wrong horse battery" })).rejects.toThrow();
    open();
    await first;
    expect(program.auth.getSnapshot().user?.username).toBe("alice");
  });

  test("signing in twice at once, as a page does that mounts twice, leaves one session, and a sign-out none", async ({
    live,
  }) => {
    const { auth } = openProgram(live);
    await Promise.all([auth.signIn(credentials), auth.signIn(credentials)]);
    expect(await countLive(live)).toBe(1);
    await auth.signOut();
    expect(await countLive(live)).toBe(0);
  });

  test("signing in over a session ends that session, also one that another tab has stored meanwhile", async ({
    live,
  }) => {
    const storage = memoryStorage();
    const left = await openSignedIn(live, storage);
    await left.auth.signIn(credentials);
    expect(await countLive(live)).toBe(1);

    const right = openProgram(live, storage);
    await right.auth.signIn(credentials);
    expect(await countLive(live)).toBe(1);
    await left.auth.signIn(credentials);
    expect(await countLive(live)).toBe(1);
  });

  test("signing out before the storage was read ends the session that it holds", async ({ live }) => {
    const { storage } = await openSignedIn(live);
    const restarted = openProgram(live, storage);
    await restarted.auth.signOut();
    expect(await storage.get()).toEqual(onlyTheMark);
    expect(await countLive(live)).toBe(0);
  });

  test("a renewal whose answer comes after a sign-out is not kept", async ({ live }) => {
    const program = await openSignedIn(live);
    const { fault, reached, open } = holdAnswer("token.refresh");
    program.network.breakWith(fault);
    await live.test.clock.advance(961);
    const call = program.auth.api.me.get.query().catch(() => {});
    await reached;
    await program.auth.signOut();
    open();
    await call;
    expect(await program.storage.get()).toEqual(onlyTheMark);
    expect(await countLive(live)).toBe(0);
  });

  test("a sign-out that the service does not hear of is told again when it is back", async ({ live }) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const program = await openSignedIn(live);
      program.network.breakWith(() => Promise.reject(new TypeError("fetch failed")));
      await program.auth.signOut();
      expect(await countLive(live)).toBe(1);
      program.network.mend();
      await vi.advanceTimersByTimeAsync(60_000);
      await expect.poll(() => countLive(live)).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("code of the program that throws, rejects or never answers", () => {
  const never = () => new Promise<never>(() => {});
  const fail = () => {
    throw new Error("of the program");
  };
  const failLater = () => Promise.reject(new Error("of the program"));

  const storages = [
    ["never answers", never],
    ["throws", fail],
    ["rejects", failLater],
  ] as const;

  for (const { tags, cases } of shareOut(storages, 3))
    test.for(cases)(
      "as a storage that %s, keeps nobody from signing in and out at the service",
      { tags },
      async ([, broken], { live }) => {
        const reported = vi.spyOn(console, "error").mockImplementation(() => {});
        const { auth } = openProgram(live, { get: broken, set: broken, remove: broken, subscribe: fail });
        await auth.signIn(credentials);
        expect((await auth.api.me.get.query()).username).toBe("alice");
        await auth.signOut();
        expect(auth.getSnapshot().status).toBe("signedOut");
        expect(reported).toHaveBeenCalledOnce();
        reported.mockRestore();
        expect(await countLive(live)).toBe(0);
      },
    );

  test("as subscribers and listeners, is reported and breaks nothing", async ({ live }) => {
    const reported = vi.spyOn(console, "error").mockImplementation(() => {});
    const { auth, shown } = openProgram(live);
    auth.subscribe(fail);
    auth.subscribe(failLater);
    auth.onPersonChange(fail);
    auth.onPersonChange(failLater);
    const heard: string[] = [];
    auth.subscribe(() => heard.push(auth.getSnapshot().status));
    await auth.signIn(credentials);
    await auth.signOut();
    expect(heard).toEqual(["signedOut", "signedIn", "signedOut"]);
    expect(shown).toHaveLength(3);
    expect(await countLive(live)).toBe(0);
    expect(reported).toHaveBeenCalled();
    reported.mockRestore();
  });

  test("as a `fetch` that fails once, does not leave the session alive", async ({ live }) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const program = await openSignedIn(live);
      let failures = 0;
      program.network.breakWith(() => {
        failures += 1;
        return failures === 1 ? fail() : undefined;
      });
      await program.auth.signOut();
      await vi.advanceTimersByTimeAsync(2_000);
      await expect.poll(() => countLive(live)).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("as a `fetch` that never answers, does not hold up a sign-out for ever", async ({ live }) => {
    const program = await openSignedIn(live);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      program.network.breakWith(never);
      const signingOut = program.auth.signOut();
      await vi.advanceTimersByTimeAsync(10_000);
      await signingOut;
      program.network.mend();
      await vi.advanceTimersByTimeAsync(10_000);
      await expect.poll(() => countLive(live)).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the mark of the device", () => {
  test.for([5, true, null, {}, [], "", "short", "x".repeat(44), "x".repeat(65), `${"x".repeat(42)}!`, "ğ".repeat(43)])(
    "that is %j is dropped",
    async (deviceMark, { live }) => {
      const storage = memoryStorage();
      await storage.set(JSON.stringify({ deviceMark }));
      const bodies: string[] = [];
      const program = openProgram(live, storage);
      program.network.breakWith(({ body }) => {
        bodies.push(body);
        return undefined;
      });
      expect((await program.auth.signIn(credentials)).username).toBe("alice");
      expect(Object.keys(JSON.parse(bodies[0] ?? ""))).toEqual(["username", "password"]);
    },
  );

  test("goes along with a sign-in that begins before the storage has answered", { tags: ["long"] }, async ({
    live,
  }) => {
    const memory = memoryStorage();
    const { username, password } = locked;
    const known = openProgram(live, memory);
    await createLockedAccount(live.test, { before: () => known.auth.signIn({ username, password }) });
    await known.auth.signOut();

    const gate = createGate();
    const slow: AuthStorage = { ...memory, get: () => gate.pass().then(() => memory.get()) };
    const { auth } = openProgram(live, slow);
    const signingIn = auth.signIn({ username, password });
    await gate.reached;
    gate.open();
    expect((await signingIn).username).toBe("locked");
  });
});

describe("a client that is closed", () => {
  test("calls nobody back, makes no calls, and leaves the session where it is stored", async ({ live }) => {
    const storage = memoryStorage();
    let stopped = 0;
    const program = await openSignedIn(live, {
      ...storage,
      subscribe: () => () => {
        stopped += 1;
      },
    });
    const told = program.shown.length;
    const stored = await readStored(program);
    {
      using auth = program.auth;
      expect(auth.getSnapshot().status).toBe("signedIn");
    }
    program.auth.dispose();
    expect(stopped).toBeGreaterThan(0);
    await expect(program.auth.headers()).rejects.toThrow("closed");
    await expect(program.auth.signIn(credentials)).rejects.toThrow("closed");
    await expect(program.auth.api.me.get.query()).rejects.toThrow("closed");
    expect(program.shown).toHaveLength(told);
    expect(await readStored({ ...program, storage })).toEqual(stored);
    expect((await openProgram(live, storage).auth.api.me.get.query()).username).toBe("alice");
  });

  test("ends the session of a sign-in that is answered later", async ({ live }) => {
    const program = openProgram(live);
    const { fault, reached, open } = holdAnswer("token.obtain");
    program.network.breakWith(fault);
    const signingIn = program.auth.signIn(credentials);
    await reached;
    program.auth.dispose();
    open();
    await signingIn;
    expect(await program.storage.get()).toBeNull();
    expect(await countLive(live)).toBe(0);
  });
});

describe("a change of person", () => {
  test("is told once, before the page is, and not for who was there at the start", async ({ live }) => {
    await live.test.auth.createUser(bora);
    const first = await openSignedIn(live);
    const { auth, shown } = openProgram(live, first.storage);
    const told: unknown[] = [];
    const stop = auth.onPersonChange((user) => told.push([user?.username, shown.at(-1)?.status]));
    await auth.api.me.get.query();
    await auth.api.me.update.mutate({ city: "İzmir" });
    expect(told).toEqual([]);
    await auth.signIn(bora);
    await auth.signIn(bora);
    await auth.signOut();
    await auth.signOut();
    expect(told).toEqual([
      ["bora", "signedIn"],
      [undefined, "signedIn"],
    ]);
    stop();
    await auth.signIn(bora);
    expect(told).toHaveLength(2);
  });
});

test("a stored session takes at most 2,048 bytes whatever the profile is, and the next start finds all of the person", async ({
  live,
}) => {
  const program = await openSignedIn(live);
  const long = {
    firstName: "ğ".repeat(150),
    lastName: "字".repeat(150),
    country: "é".repeat(120),
    city: "🙂".repeat(60),
  };
  await program.auth.api.me.update.mutate(long);
  await expect.poll(async () => Buffer.byteLength((await program.storage.get()) ?? "")).toBeLessThanOrEqual(2_048);

  const restarted = openProgram(live, program.storage);
  const told: unknown[] = [];
  restarted.auth.onPersonChange((user) => told.push(user));
  expect(restarted.auth.getSnapshot().status).toBe("loading");
  await restarted.auth.headers();
  expect(restarted.auth.getSnapshot().user).toMatchObject({ username: "alice", ...long });
  expect(told).toEqual([]);
  expect(Buffer.byteLength((await program.storage.get()) ?? "")).toBeLessThanOrEqual(2_048);

  await restarted.auth.api.me.update.mutate({ lastName: "", firstName: "", country: null, city: null });
  await expect.poll(async () => (await readStored(restarted)).token).not.toBe("");
});

test("a renewal that answers another person signs out, and says so", async ({ live }) => {
  await live.test.auth.createUser(bora);
  const other = await openSignedIn(live);
  await other.auth.signIn(bora);
  const { refreshToken } = await readStored(other);
  const program = await openSignedIn(live);
  await live.test.clock.advance(961);
  program.network.breakWith(({ procedures }) =>
    procedures[0] === "token.refresh"
      ? fetch(`${live.url}/trpc/token.refresh`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ refreshToken }),
        })
      : undefined,
  );
  const error = await program.auth.api.me.get.query().catch((thrown: unknown) => thrown);
  expect(String(error)).toContain("Somebody else has signed in");
  expect(isAuthError(error)).toBe(false);
  expect(program.auth.getSnapshot()).toEqual({ status: "signedOut", user: null, reason: "another_person" });
  expect(await program.storage.get()).toEqual(onlyTheMark);
});
