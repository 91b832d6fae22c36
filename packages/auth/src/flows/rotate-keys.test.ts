import { expect, test } from "vitest";
import type { Auth } from "../auth.ts";
import { AuthError } from "../errors.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";

const password = "correct horse battery";
/** Twice the time for which others keep the JWKS. */
const publishSeconds = 600;
const overlap = 960;

async function answer(auth: Auth, token: string): Promise<string> {
  try {
    return (await auth.authenticate([`Bearer ${token}`])).user.username;
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

async function login(auth: Auth, { facts }: TestAuth, username = "alice"): Promise<string> {
  return (await auth.login({ username, password }, facts)).token;
}

const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid;

const publishedKids = async (auth: Auth) => (await auth.publicKeys()).keys.map(({ kid }) => kid);

test("compromised keys and all that they signed are refused at once, on processes that know them by heart too", async () => {
  await using test = await createTestAuth();
  await test.auth.createUser({ username: "alice", password });
  const processes = [test.auth, await test.another(), await test.another()];
  const old = await login(test.auth, test);
  for (const auth of processes) expect(await answer(auth, old)).toBe("alice");

  const kid = await test.auth.rotateKeys({ compromised: true });
  for (const auth of processes) {
    expect(await answer(auth, old)).toBe("token_invalid");
    expect(await publishedKids(auth)).toEqual([kid]);
    const token = await login(auth, test);
    expect(kidOf(token)).toBe(kid);
    for (const reader of processes) expect(await answer(reader, token)).toBe("alice");
  }
});

test("compromised keys take those with them that were only waiting to sign", async () => {
  await using test = await createTestAuth();
  await test.auth.createUser({ username: "alice", password });
  const waiting = await test.auth.rotateKeys({ compromised: false });
  const kid = await test.auth.rotateKeys({ compromised: true });
  await test.clock.advance(publishSeconds + 1);
  expect(await publishedKids(test.auth)).toEqual([kid]);
  expect(kidOf(await login(test.auth, test))).not.toBe(waiting);
});

test("a new key is published at once and signs once everybody can have fetched it", async () => {
  await using test = await createTestAuth();
  await test.auth.createUser({ username: "alice", password });
  const other = await test.another();
  const [first] = await publishedKids(test.auth);

  const second = await test.auth.rotateKeys({ compromised: false });
  expect(new Set(await publishedKids(other))).toEqual(new Set([first, second]));
  await test.clock.advance(publishSeconds - 5);
  expect(kidOf(await login(other, test))).toBe(first);
  await test.clock.advance(5);
  expect(kidOf(await login(other, test))).toBe(second);
});

test("tokens of the old key are accepted until the last of them has run out, and then nothing of that key is", async () => {
  await using test = await createTestAuth();
  await test.auth.createUser({ username: "alice", password });
  const longLived = await login(await test.another({ tokens: { lifetime: 86_400 } }), test);
  await test.auth.rotateKeys({ compromised: false });
  await test.clock.advance(publishSeconds - 5);
  const last = await login(test.auth, test);

  await test.clock.advance(overlap - 5);
  for (const token of [last, longLived]) expect(await answer(test.auth, token)).toBe("alice");
  expect(await publishedKids(test.auth)).toContain(kidOf(last));
  await test.clock.advance(10);
  expect(await answer(test.auth, last)).toBe("token_expired");
  expect(await answer(test.auth, longLived)).toBe("token_invalid");
  expect(await publishedKids(test.auth)).not.toContain(kidOf(last));
});

test("several rotations in a row take over in their order, and none of their tokens is lost", async () => {
  await using test = await createTestAuth();
  await test.auth.createUser({ username: "alice", password });
  const kids = await publishedKids(test.auth);
  for (let rotation = 0; rotation < 3; rotation += 1) {
    kids.push(await test.auth.rotateKeys({ compromised: false }));
    await test.clock.advance(100);
  }
  const signers = [];
  for (let step = 0; step < 8; step += 1) {
    const token = await login(test.auth, test);
    signers.push(kids.indexOf(kidOf(token)));
    await test.clock.advance(100);
    expect(await answer(test.auth, token)).toBe("alice");
  }
  expect(signers).toEqual([0, 0, 0, 1, 2, 3, 3, 3]);
});

test("while keys rotate again and again under load on two processes, no sign-in and no call fails", async () => {
  await using test = await createTestAuth();
  const processes = [test.auth, await test.another()];
  const people = ["alice", "bob", "carol", "dave"];
  for (const username of people) await test.auth.createUser({ username, password });
  const signers = new Set<string>();
  let answered = 0;
  let isOver = false;

  async function keepCalling(username: string, number: number) {
    while (!isOver) {
      const token = await login(processes[number % 2] ?? test.auth, test, username);
      signers.add(kidOf(token));
      for (const auth of [...processes, ...processes]) expect(await answer(auth, token)).toBe(username);
      answered += 1;
    }
  }
  async function untilAllHaveCalled() {
    const goal = answered + 2 * people.length;
    while (answered < goal && !isOver) await test.auth.ping();
  }
  async function keepRotating() {
    for (let rotation = 0; rotation < 5; rotation += 1) {
      await untilAllHaveCalled();
      await (processes[rotation % 2] ?? test.auth).rotateKeys({ compromised: false });
      await untilAllHaveCalled();
      // Less than a token's life at once, so that the calls under way are not late.
      await test.clock.advance(publishSeconds / 2);
      await untilAllHaveCalled();
      await test.clock.advance(publishSeconds / 2);
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
  await using test = await createTestAuth();
  await test.auth.rotateKeys({ compromised: false });
  await test.auth.rotateKeys({ compromised: true });
  const events = await test.database.query(
    "select event, detail, actor_id from latchkey.audit_events where event = 'keys_rotated' order by occurred_at",
  );
  expect(events).toEqual([
    { event: "keys_rotated", detail: { oldKeysRemoved: false }, actor_id: null },
    { event: "keys_rotated", detail: { oldKeysRemoved: true }, actor_id: null },
  ]);
});
