import { type AuthStorage, memoryStorage } from "@latchkey/client";
import { createTRPCClient } from "@trpc/client";
import { beforeEach, describe, expect, vi } from "vitest";
import { password } from "../http/accounts-over-http.ts";
import type { LiveServer } from "../live-server.ts";
import { type NotesRouter, startNotesService } from "../sdk/notes-service.ts";
import { test as base, openProgram, openSignedIn, type Program, pastExpiry } from "../sdk/sdk-process.ts";

const readClaims = (token: string): { sub?: string } =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString() || "{}");

const bora = { username: "bora", password };

/** One place for several tabs, of which each hears of what the others store. */
function createSharedStorage(): AuthStorage {
  const memory = memoryStorage();
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    get: memory.get,
    async set(value) {
      await memory.set(value);
      tell();
    },
    async remove() {
      await memory.remove();
      tell();
    },
    isShared: true,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const test = base.extend("people", async ({ live }) => {
  await live.test.auth.createUser(bora);
  return live;
});

/** Does something while the first answer to a procedure is on its way. */
function doDuring({ network }: Program, procedure: string, act: () => Promise<unknown>): void {
  network.breakWith(async ({ procedures }, send) => {
    if (procedures[0] !== procedure) return send();
    network.mend();
    const answer = await send();
    await act();
    return answer;
  });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  return () => void vi.useRealTimers();
});

/** So that the next call has to renew the session first. */
async function expireToken(live: LiveServer): Promise<void> {
  await live.test.clock.advance(pastExpiry);
  vi.setSystemTime(Date.now() + pastExpiry * 1_000);
}

describe("a call that waits while somebody else signs in is not sent in their name", () => {
  test("in this tab, during a renewal", async ({ people }) => {
    const program = await openSignedIn(people);
    await expireToken(people);
    doDuring(program, "token.refresh", () => program.auth.signIn(bora));
    await expect(program.auth.api.me.update.mutate({ city: "Bursa" })).rejects.toThrow("Somebody else has signed in");
    expect(program.network.count("me.update")).toBe(0);
    expect(await program.auth.api.me.get.query()).toMatchObject({ username: "bora", city: null });
  });

  test("in another tab, during a renewal", async ({ people }) => {
    const storage = createSharedStorage();
    const program = await openSignedIn(people, storage);
    const other = openProgram(people, storage);
    await expireToken(people);
    doDuring(program, "token.refresh", () => other.auth.signIn(bora));
    await expect(program.auth.api.me.update.mutate({ city: "Bursa" })).rejects.toThrow("Somebody else has signed in");
    expect(program.network.count("me.update")).toBe(0);
  });

  test.for(["token.refresh", "token.exchange"])(
    "with a token of another API, during %s",
    async (during, { people }) => {
      await using notes = await startNotesService(people);
      const program = await openSignedIn(people);
      const { auth, network } = program;
      const api = createTRPCClient<NotesRouter>({
        links: [auth.link({ url: notes.url, audience: "notes", fetch: network.fetch })],
      });
      const alice = auth.getSnapshot().user;
      await expireToken(people);
      doDuring(program, during, () => auth.signIn(bora));
      const whose = await api.whoami.query().catch(() => null);
      expect([alice?.id, null]).toContain(whose);
      expect(await api.whoami.query()).toBe(auth.getSnapshot().user?.id);
    },
  );

  test("with a token of another API, before its exchange is sent", async ({ people }) => {
    const { auth } = await openSignedIn(people);
    const bearer = auth.headers({ audience: "notes" });
    const alice = auth.getSnapshot().user;
    await auth.signIn(bora);
    const { authorization = "" } = await bearer.catch(() => ({ authorization: undefined }));
    expect([undefined, alice?.id]).toContain(readClaims(authorization.replace("Bearer ", "")).sub);
  });
});

test("what was fetched for a person of whom only the id was known is forgotten as soon as another is found", async ({
  people,
}) => {
  const storage = createSharedStorage();
  const first = await openSignedIn(people, storage);
  first.auth.dispose();
  const { auth, network } = openProgram(people, storage);
  network.breakWith(({ procedures }) =>
    procedures[0] === "me.get" ? Response.json(null, { status: 503 }) : undefined,
  );
  const told: unknown[] = [];
  auth.onPersonChange((user) => told.push([user?.username, auth.getSnapshot().status]));
  await auth.headers();
  expect(auth.getSnapshot().status).toBe("loading");
  expect(told).toEqual([]);

  await openProgram(people, storage).auth.signIn(bora);
  await expect.poll(() => told).toEqual([[undefined, "loading"]]);
  network.mend();
  await expect.poll(() => told, { timeout: 5_000 }).toHaveLength(2);
  expect(told.at(-1)).toEqual(["bora", "signedIn"]);
});
