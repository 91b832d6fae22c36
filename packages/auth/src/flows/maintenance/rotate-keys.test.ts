import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { AuthError } from "../../errors.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";

const password = "correct horse battery";
/** Twice the time for which others keep the JWKS. */
const publishSeconds = 600;
const overlap = 960;

let service: TestAuth;
let other: Auth;
beforeAll(async () => {
  service = await createTestAuth();
  other = await service.another();
  for (const username of ["alice", "bob", "carol", "dave"]) await service.auth.createUser({ username, password });
});
// Each test begins with one key that was never used.
beforeEach(() => service.auth.rotateKeys({ compromised: true }));
afterAll(() => service[Symbol.asyncDispose]());

async function answer(auth: Auth, token: string): Promise<string> {
  try {
    return (await auth.authenticate([`Bearer ${token}`])).user.username ?? "no username";
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

async function signIn(auth: Auth, username = "alice"): Promise<string> {
  return (await auth.signIn({ username, password }, service.facts)).token;
}

const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;

const publishedKids = async (auth: Auth) => (await auth.publicKeys()).keys.map(({ kid }) => kid);

test("compromised keys and all that they signed are refused at once, on processes that know them by heart too", async () => {
  const processes = [service.auth, other, await service.another()];
  const old = await signIn(service.auth);
  for (const auth of processes) expect(await answer(auth, old)).toBe("alice");

  const kid = await service.auth.rotateKeys({ compromised: true });
  for (const auth of processes) {
    expect(await answer(auth, old)).toBe("token_invalid");
    expect(await publishedKids(auth)).toEqual([kid]);
    const token = await signIn(auth);
    expect(kidOf(token)).toBe(kid);
    for (const reader of processes) expect(await answer(reader, token)).toBe("alice");
  }
});

test("compromised keys take those with them that were only waiting to sign", async () => {
  const waiting = await service.auth.rotateKeys({ compromised: false });
  const kid = await service.auth.rotateKeys({ compromised: true });
  await service.clock.advance(publishSeconds + 1);
  expect(await publishedKids(service.auth)).toEqual([kid]);
  expect(kidOf(await signIn(service.auth))).not.toBe(waiting);
});

test("after the database's clock was set back before any key was made, the one that would sign first does, on every process", async () => {
  const kid = await service.auth.rotateKeys({ compromised: true });
  await service.auth.rotateKeys({ compromised: false });
  await service.clock.advance(-3_600);
  const token = await signIn(other);
  expect([kidOf(token), await answer(service.auth, token)]).toEqual([kid, "alice"]);
  expect((await service.auth.listSigningKeys()).keys.map(({ state }) => state)).toEqual(["signing", "waiting"]);
  await service.clock.advance(3_600);
});

test("a new key is published at once and signs once everybody can have fetched it", async () => {
  const [first] = await publishedKids(service.auth);

  const second = await service.auth.rotateKeys({ compromised: false });
  expect(new Set(await publishedKids(other))).toEqual(new Set([first, second]));
  await service.clock.advance(publishSeconds - 5);
  expect(kidOf(await signIn(other))).toBe(first);
  await service.clock.advance(5);
  expect(kidOf(await signIn(other))).toBe(second);
});

test("tokens of the old key are accepted until the last of them has run out, and then nothing of that key is", async () => {
  const longLived = await signIn(await service.another({ tokens: { lifetime: 86_400 } }));
  await service.auth.rotateKeys({ compromised: false });
  await service.clock.advance(publishSeconds - 5);
  const last = await signIn(service.auth);

  await service.clock.advance(overlap - 5);
  for (const token of [last, longLived]) expect(await answer(service.auth, token)).toBe("alice");
  expect(await publishedKids(service.auth)).toContain(kidOf(last));
  await service.clock.advance(10);
  expect(await answer(service.auth, last)).toBe("token_expired");
  expect(await answer(service.auth, longLived)).toBe("token_invalid");
  expect(await publishedKids(service.auth)).not.toContain(kidOf(last));
});

test("several rotations in a row take over in their order, and none of their tokens is lost", async () => {
  const kids = await publishedKids(service.auth);
  for (let rotation = 0; rotation < 3; rotation += 1) {
    kids.push(await service.auth.rotateKeys({ compromised: false }));
    await service.clock.advance(100);
  }
  const signers = [];
  for (let step = 0; step < 8; step += 1) {
    const token = await signIn(service.auth);
    signers.push(kids.indexOf(kidOf(token)));
    await service.clock.advance(100);
    expect(await answer(service.auth, token)).toBe("alice");
  }
  expect(signers).toEqual([0, 0, 0, 1, 2, 3, 3, 3]);
});

test("while keys rotate again and again under load on two processes, no sign-in and no call fails", {
  tags: ["long"],
}, async () => {
  const processes = [service.auth, other];
  const people = ["alice", "bob", "carol", "dave"];
  const signers = new Set<string>();
  let answered = 0;
  let isOver = false;

  async function keepCalling(username: string, number: number) {
    while (!isOver) {
      const token = await signIn(processes[number % 2] ?? service.auth, username);
      signers.add(kidOf(token));
      for (const auth of [...processes, ...processes]) expect(await answer(auth, token)).toBe(username);
      answered += 1;
    }
  }
  async function untilAllHaveCalled() {
    const goal = answered + 2 * people.length;
    while (answered < goal && !isOver) await service.auth.ping();
  }
  async function keepRotating() {
    for (let rotation = 0; rotation < 5; rotation += 1) {
      await untilAllHaveCalled();
      await (processes[rotation % 2] ?? service.auth).rotateKeys({ compromised: false });
      await untilAllHaveCalled();
      // Less than a token's life at once, so that the calls under way are not late.
      await service.clock.advance(publishSeconds / 2);
      await untilAllHaveCalled();
      await service.clock.advance(publishSeconds / 2);
    }
    await untilAllHaveCalled();
  }

  const calling = people.map(keepCalling);
  await Promise.race([keepRotating(), Promise.all(calling)]).finally(() => {
    isOver = true;
  });
  await Promise.all(calling);
  expect(signers.size).toBe(6);
});

test("a rotation leaves an event that says whether the old keys were removed", async () => {
  await service.auth.rotateKeys({ compromised: false });
  await service.auth.rotateKeys({ compromised: true });
  const [last, lastButOne] = await service.database.query(
    "select detail, actor_id from latchkey.audit_events where event = 'keys_rotated' order by position desc",
  );
  expect(lastButOne).toEqual({ detail: { oldKeysRemoved: false }, actor_id: null });
  expect(last).toEqual({ detail: { oldKeysRemoved: true }, actor_id: null });
});
