import { afterAll, test } from "vitest";
import { call, startLiveServer } from "../live-server.ts";

/** Long enough to be told apart from everything else that takes time. */
const delay = 700;

const live = await startLiveServer({ refusalDelay: delay });
const { url, test: service } = live;
afterAll(() => live[Symbol.asyncDispose]());

const wrong = { username: "somebody", password: "wrong" };
const signIn = () => call(url, "token.obtain", { input: wrong });

async function reachLimit(): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) if ((await signIn()).status === 429) return;
  throw new Error("No limit was reached");
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly took: number }> {
  const startedAt = performance.now();
  const result = await work();
  return { result, took: performance.now() - startedAt };
}

test.concurrent("a client that is told to wait and asks again at once can ask only as often as the delay lets it", async ({
  expect,
}) => {
  await reachLimit();
  const { result, took } = await timed(signIn);
  expect(result.status).toBe(429);
  expect(took).toBeGreaterThanOrEqual(delay - 5);
});

test.concurrent("a batch of twenty refusals is delayed once, and not twenty times", async ({ expect }) => {
  await reachLimit();
  const procedures = Array.from({ length: 20 }, () => "token.obtain").join();
  const body = JSON.stringify(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [index, wrong])));
  const headers = { "content-type": "application/json" };
  const send = () => fetch(`${url}/trpc/${procedures}?batch=1`, { method: "POST", headers, body });
  const { result, took } = await timed(async () => (await send()).json());
  expect(result).toEqual(Array.from({ length: 20 }, () => expect.objectContaining({ error: expect.anything() })));
  expect(took).toBeGreaterThanOrEqual(delay - 5);
  expect(took).toBeLessThan(5 * delay);
});

/** Which of two comes first: the machine may be busy, but then it is so for both. */
const firstOf = (one: Promise<unknown>, other: Promise<unknown>) =>
  Promise.race([one.then(() => "the one"), other.then(() => "the other")]);

test.concurrent("refusals that say something of a password or a token are not delayed", async ({ expect }) => {
  await reachLimit();
  const delayed = signIn();
  expect(await firstOf(call(url, "me.get", { token: "x" }), delayed)).toBe("the one");
  expect((await delayed).status).toBe(429);
});

test("a service that stops answers what it delays at once", async ({ expect }) => {
  await using other = await startLiveServer({ refusalDelay: delay });
  const [refused, delayed] = [service.auth.delayRefusal(), other.test.auth.delayRefusal()];
  service.auth.rejectQueuedHashes();
  expect(await firstOf(refused, delayed)).toBe("the one");
});
