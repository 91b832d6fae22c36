import type { AppRouter } from "@latchkey/client";
import { createTRPCClient } from "@trpc/client";
import { describe, expect } from "vitest";
import { password } from "../http/accounts-over-http.ts";
import { type NotesRouter, startNotesService } from "./notes-service.ts";
import { onlyTheMark, openProgram, openSignedIn, type Program, pastExpiry, readStored, test } from "./sdk-process.ts";

const refusal = (reason: string) => expect.objectContaining({ data: expect.objectContaining({ reason }) });
const batches = ({ network }: Program) => network.requests.map(({ procedures }) => procedures.join());

test("an expired token is renewed once and the call repeated once, with the new token", async ({ live }) => {
  const program = await openSignedIn(live);
  const old = await readStored(program);
  await live.test.clock.advance(pastExpiry);

  expect((await program.auth.api.me.get.query()).username).toBe("alice");

  expect(batches(program)).toEqual(["token.obtain", "me.get", "token.refresh", "me.get"]);
  const { token, refreshToken } = await readStored(program);
  expect([token === old.token, refreshToken === old.refreshToken]).toEqual([false, false]);
  expect(program.network.requests.map(({ authorization }) => authorization)).toEqual([
    null,
    `Bearer ${old.token}`,
    null,
    `Bearer ${token}`,
  ]);
});

test("of a batch, only the calls that were refused are sent again: a mutation that ran never is", async ({ live }) => {
  await using service = await startNotesService(live);
  const program = await openSignedIn(live);
  const { fetch } = program.network;
  const options = { url: service.url, audience: "notes", fetch };
  const notes = createTRPCClient<NotesRouter>({ links: [program.auth.link(options)] });
  await notes.whoami.query();
  await live.test.clock.advance(pastExpiry);

  const answers = await Promise.all([
    notes.visit.mutate(),
    notes.add.mutate(),
    notes.visit.mutate(),
    notes.add.mutate(),
  ]);

  expect(answers.sort()).toEqual([1, 1, 2, 2]);
  expect(service.ran).toEqual({ visit: 2, add: 2 });
  const sent = batches(program).filter((procedures) => procedures !== "token.exchange");
  expect(sent).toEqual(["token.obtain", "whoami", "visit,add,visit,add", "token.refresh", "add,add"]);
});

test("a mutation whose answer was lost is not sent again", async ({ live }) => {
  const program = await openSignedIn(live);
  program.network.breakWith(async (_request, send) => {
    await send();
    throw new TypeError("fetch failed");
  });
  await expect(program.auth.api.me.update.mutate({ city: "İzmir" })).rejects.toThrow("fetch failed");
  program.network.mend();
  expect(program.network.count("me.update")).toBe(1);
  expect((await program.auth.api.me.get.query()).city).toBe("İzmir");
});

test("20 calls in 20 requests with an expired token renew it once, and all succeed", async ({ live }) => {
  const program = await openSignedIn(live);
  const link = program.auth.link<AppRouter>({ url: `${live.url}/trpc`, fetch: program.network.fetch, maxItems: 1 });
  const api = createTRPCClient<AppRouter>({ links: [link] });
  await live.test.clock.advance(pastExpiry);

  const people = await Promise.all(Array.from({ length: 20 }, () => api.me.get.query()));

  expect(people.map(({ username }) => username)).toEqual(Array.from({ length: 20 }, () => "alice"));
  expect(program.network.count("token.refresh")).toBe(1);
  expect(program.network.count("me.get")).toBe(40);
});

test("more calls than a batch or an address may hold are sent in several", async ({ live }) => {
  const program = await openSignedIn(live);
  const updates = Array.from({ length: 45 }, () => program.auth.api.me.update.mutate({ city: "İzmir" }));
  const reads = Array.from({ length: 45 }, () => program.auth.api.me.get.query());
  await Promise.all([...updates, ...reads]);
  const sizes = program.network.requests.slice(1).map(({ procedures }) => procedures.length);
  expect(sizes.sort()).toEqual([20, 20, 20, 20, 5, 5]);
});

test("a token whose key was withdrawn is replaced and the call repeated", async ({ live }) => {
  const program = await openSignedIn(live);
  await live.test.auth.rotateKeys({ compromised: true });
  expect((await program.auth.api.me.get.query()).username).toBe("alice");
  expect(batches(program)).toEqual(["token.obtain", "me.get", "token.refresh", "me.get"]);
});

test("a call that is refused again with its new token is not sent a third time", async ({ live }) => {
  const program = await openSignedIn(live);
  program.network.breakWith(({ procedures }) => {
    if (procedures[0] !== "me.get") return undefined;
    const data = { code: "UNAUTHORIZED", httpStatus: 401, reason: "token_invalid" };
    return Response.json([{ error: { message: "The token is not valid", code: -32001, data } }], { status: 401 });
  });
  await expect(program.auth.api.me.get.query()).rejects.toEqual(refusal("token_invalid"));
  expect(batches(program)).toEqual(["token.obtain", "me.get", "token.refresh", "me.get"]);
  expect(program.auth.getSnapshot().status).toBe("signedIn");
});

test("a session that was ended elsewhere signs out here, once and without trying to renew it", async ({ live }) => {
  const program = await openSignedIn(live);
  const elsewhere = await openSignedIn(live);
  await elsewhere.auth.api.sessions.revokeOthers.mutate();
  const told = program.shown.length;

  const calls = Array.from({ length: 10 }, () => program.auth.api.me.get.query());
  for (const { status, ...outcome } of await Promise.allSettled(calls)) {
    expect([status, outcome]).toEqual(["rejected", { reason: refusal("session_ended") }]);
  }

  expect(program.auth.getSnapshot().status).toBe("signedOut");
  expect(program.shown).toHaveLength(told + 1);
  expect(await program.storage.get()).toEqual(onlyTheMark);
  await expect(program.auth.api.me.get.query()).rejects.toEqual(refusal("token_missing"));
  expect(program.network.requests).toHaveLength(3);
  expect((await elsewhere.auth.api.me.get.query()).username).toBe("alice");
});

test("an expired token of a session that has ended, or of an account that is disabled, signs out after one try", async ({
  live,
}) => {
  const ended = await openSignedIn(live);
  const { auth, clock, database } = live.test;
  await auth.signOut((await readStored(ended)).refreshToken, live.test.facts);
  await clock.advance(pastExpiry);
  await expect(ended.auth.api.me.get.query()).rejects.toEqual(refusal("session_ended"));
  expect(batches(ended)).toEqual(["token.obtain", "me.get", "token.refresh"]);

  const disabled = await openSignedIn(live);
  await database.query("update latchkey.users set is_active = false");
  await clock.advance(pastExpiry);
  await expect(disabled.auth.api.me.get.query()).rejects.toEqual(refusal("account_disabled"));
  expect(batches(disabled)).toEqual(["token.obtain", "me.get", "token.refresh"]);
  for (const { shown } of [ended, disabled]) {
    expect(shown.map(({ status }) => status)).toEqual(["signedOut", "signedIn", "signedOut"]);
  }
});

test("a refresh token that somebody else has used signs out here", async ({ live }) => {
  const program = await openSignedIn(live);
  await live.test.auth.refresh((await readStored(program)).refreshToken, live.test.facts);
  await live.test.clock.advance(pastExpiry);
  await expect(program.auth.api.me.get.query()).rejects.toEqual(refusal("refresh_token_reused"));
  expect(program.auth.getSnapshot().status).toBe("signedOut");
});

test("whoever signs out while the token is being renewed stays signed out, here and on the service", async ({
  live,
}) => {
  const program = await openSignedIn(live);
  await live.test.clock.advance(pastExpiry);
  let signedOut: Promise<void> | undefined;
  program.network.breakWith(async ({ procedures }, send) => {
    if (procedures[0] !== "token.refresh") return send();
    const answer = await send();
    signedOut = program.auth.signOut();
    await signedOut;
    return answer;
  });

  await expect(program.auth.api.me.get.query()).rejects.toThrow();
  await signedOut;

  expect(program.auth.getSnapshot().status).toBe("signedOut");
  expect(await program.storage.get()).toEqual(onlyTheMark);
  const unfinished = await live.test.database.query("select id from latchkey.sessions where ended_at is null");
  expect(unfinished).toEqual([]);
});

describe("a call that is under way while its session ends and another begins", () => {
  /** Signs somebody in as soon as the first call was answered. */
  function signInMeanwhile(program: Program, username: string): void {
    program.network.breakWith(async (_, send) => {
      program.network.mend();
      const answer = await send();
      await program.auth.signIn({ username, password });
      return answer;
    });
  }

  test("goes on in the new session of the same person, once", async ({ live }) => {
    const program = await openSignedIn(live);
    await live.test.auth.signOut((await readStored(program)).refreshToken, live.test.facts);
    signInMeanwhile(program, "alice");
    expect((await program.auth.api.me.update.mutate({ city: "Bursa" })).city).toBe("Bursa");
    expect(program.network.count("me.update")).toBe(2);
    expect(program.auth.getSnapshot()).toMatchObject({ status: "signedIn", user: { city: "Bursa" } });
  });

  test.for(["session_ended", "token_expired"])(
    "is never made in somebody else's name: %s",
    async (reason, { live }) => {
      const { auth, clock, facts } = live.test;
      await auth.createUser({ username: "bora", password });
      const program = await openSignedIn(live);
      if (reason === "session_ended") await auth.signOut((await readStored(program)).refreshToken, facts);
      else await clock.advance(pastExpiry);
      signInMeanwhile(program, "bora");
      await expect(program.auth.api.me.update.mutate({ city: "Bursa" })).rejects.toEqual(refusal(reason));
      expect(program.network.count("me.update")).toBe(1);
      expect(await program.auth.api.me.get.query()).toMatchObject({ username: "bora", city: null });
    },
  );
});

test("whoever signs in anew while an old session turns out to have ended stays signed in", async ({ live }) => {
  await live.test.auth.createUser({ username: "bora", password });
  const program = await openSignedIn(live);
  await live.test.auth.signOut((await readStored(program)).refreshToken, live.test.facts);
  await live.test.clock.advance(pastExpiry);
  program.network.breakWith(async ({ procedures }, send) => {
    const answer = await send();
    if (procedures[0] === "token.refresh") await program.auth.signIn({ username: "bora", password });
    return answer;
  });
  await program.auth.api.me.get.query().catch(() => {});
  expect(program.auth.getSnapshot().user?.username).toBe("bora");
  expect((await program.auth.api.sessions.list.query())[0]?.current).toBe(true);
});

test("an answer that comes after its person has gone shows nobody and signs nobody in", async ({ live }) => {
  await live.test.auth.createUser({ username: "bora", password });
  const program = await openSignedIn(live);
  program.network.breakWith(async ({ procedures }, send) => {
    const answer = await send();
    if (procedures[0] === "me.get") await program.auth.signIn({ username: "bora", password });
    if (procedures[0] === "me.changePassword") await program.auth.signOut();
    return answer;
  });
  expect((await program.auth.api.me.get.query()).username).toBe("alice");
  expect(program.auth.getSnapshot().user?.username).toBe("bora");

  const change = { currentPassword: password, newPassword: "a new horse battery" };
  await program.auth.api.me.changePassword.mutate(change);
  expect(program.auth.getSnapshot().status).toBe("signedOut");
  expect(await program.storage.get()).toEqual(onlyTheMark);
});

test("a call that was abandoned while its token was renewed is not sent again", async ({ live }) => {
  const program = await openSignedIn(live);
  await live.test.clock.advance(pastExpiry);
  const abandoned = new AbortController();
  program.network.breakWith(({ procedures }) => {
    if (procedures[0] === "token.refresh") abandoned.abort();
    return undefined;
  });
  await expect(program.auth.api.me.update.mutate({ city: "İzmir" }, { signal: abandoned.signal })).rejects.toThrow(
    /abort/i,
  );
  await program.auth.api.me.get.query();
  expect(program.network.count("me.update")).toBe(1);
});

test("a stranger's refused call renews nothing", async ({ live }) => {
  const program = openProgram(live);
  await expect(program.auth.api.me.get.query()).rejects.toEqual(refusal("token_missing"));
  expect(batches(program)).toEqual(["me.get"]);
});
