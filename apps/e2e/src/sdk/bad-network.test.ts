import { isAuthError } from "@latchkey/client";
import { afterEach, beforeEach, describe, expect, vi } from "vitest";
import { type Fault, openSignedIn, type Program, pastExpiry, readStored, test } from "./sdk-process.ts";

// The SDK reads the device's clock and no other.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const second = 1_000;
const day = 86_400 * second;
const passTime = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);

const html = "<!doctype html><title>Accept our terms</title>";
const page = (status: number) => () => new Response(html, { status, headers: { "content-type": "text/html" } });
const json = (value: unknown, status = 200) => Response.json(value, { status });
const offline: Fault = () => Promise.reject(new TypeError("fetch failed"));

function refuse(httpStatus: number, details: object): Fault {
  const error = { message: "no", code: -32603, data: { code: "TOO_MANY_REQUESTS", httpStatus, ...details } };
  return ({ procedures: [procedure] }) => json(procedure === "token.refresh" ? { error } : [{ error }], httpStatus);
}

const faults: Readonly<Record<string, Fault>> = {
  "nobody answers": offline,
  "a connection that breaks in the middle": () =>
    new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError("terminated")) })),
  "a captive portal's page with 200": page(200),
  "a proxy's page with 401": page(401),
  "a proxy's page with 502": page(502),
  "500 of the service": refuse(500, { reason: null }),
  "503 `unavailable`": refuse(503, { reason: "unavailable", retryAfter: 1 }),
  "429 `rate_limited`": refuse(429, { reason: "rate_limited", retryAfter: 1 }),
  "a reason that is newer than the SDK": refuse(400, { reason: "moon_in_the_wrong_house" }),
  "an empty answer": () => new Response(null, { status: 204 }),
  "JSON of something else": () => json({ ok: true }),
  "JSON that is nothing": () => json(null),
  "an answer without a session": () => json({ result: { data: {} } }),
  "an answer with a token that is none": () => json({ result: { data: { token: "x", refreshToken: "y", user: {} } } }),
};

async function callInVain({ auth }: Program): Promise<void> {
  await expect(auth.api.me.get.query()).rejects.toThrow();
}

describe.each(Object.entries(faults))("%s", (_name, fault) => {
  test("signs nobody out, loses no token, is tried once until the wait is over, and then all is well", async ({
    live,
  }) => {
    const program = await openSignedIn(live);
    const [state, stored, told] = [program.auth.getSnapshot(), await readStored(program), program.shown.length];
    await live.test.clock.advance(pastExpiry);
    passTime(pastExpiry * second);
    program.network.breakWith(fault);

    for (let call = 0; call < 3; call += 1) await callInVain(program);
    await Promise.all([callInVain(program), callInVain(program)]);

    expect(program.network.count("token.refresh")).toBe(1);
    expect(program.network.count("me.get")).toBe(0);
    expect(program.auth.getSnapshot()).toBe(state);
    expect(program.shown).toHaveLength(told);
    expect(await readStored(program)).toEqual(stored);

    program.network.mend();
    await callInVain(program);
    passTime(1.5 * second);
    expect((await program.auth.api.me.get.query()).username).toBe("alice");
    expect(program.network.count("token.refresh")).toBe(2);
  });
});

test("a call that fails for whatever reason is not sent twice, and leaves the session alone", async ({ live }) => {
  const program = await openSignedIn(live);
  const state = program.auth.getSnapshot();
  for (const fault of Object.values(faults)) {
    program.network.breakWith(fault);
    const sent = program.network.requests.length;
    await program.auth.api.me.update.mutate({ city: "İzmir" }).catch(() => {});
    expect(program.network.requests).toHaveLength(sent + 1);
    expect(program.auth.getSnapshot()).toBe(state);
  }
  program.network.mend();
  expect((await program.auth.api.me.get.query()).city).toBeNull();
});

test("the service is asked again after the time that it named, and not before", async ({ live }) => {
  const program = await openSignedIn(live);
  passTime(pastExpiry * second);
  program.network.breakWith(refuse(429, { reason: "rate_limited", retryAfter: 30 }));
  const error = await program.auth.api.me.get.query().catch((thrown: unknown) => thrown);
  expect(isAuthError(error, "rate_limited") && error.data.retryAfter).toBe(30);

  passTime(29.9 * second);
  await callInVain(program);
  expect(program.network.count("token.refresh")).toBe(1);
  passTime(0.1 * second);
  await callInVain(program);
  expect(program.network.count("token.refresh")).toBe(2);
});

test("a network that stays away is asked less and less, and never more rarely than every 12 seconds", async ({
  live,
}) => {
  const program = await openSignedIn(live);
  passTime(pastExpiry * second);
  program.network.breakWith(offline);
  const waits: number[] = [];
  let sinceLast = 0;
  while (waits.length < 10) {
    const before = program.network.requests.length;
    await callInVain(program);
    if (program.network.requests.length > before) {
      waits.push(sinceLast);
      sinceLast = 0;
    }
    passTime(0.1 * second);
    sinceLast += 0.1;
  }
  const [, first = 0, secondWait = 0, third = 0, ...others] = waits;
  const isAbout = (wait: number, middle: number) => wait >= middle * 0.5 && wait <= middle * 1.5 + 0.2;
  expect([isAbout(first, 1), isAbout(secondWait, 2), isAbout(third, 4)]).toEqual([true, true, true]);
  expect(others.every((wait) => isAbout(wait, 8))).toBe(true);
});

test("a token that is about to run out is renewed beside the call, which neither waits for it nor fails with it", async ({
  live,
}) => {
  const program = await openSignedIn(live);
  const old = await program.auth.headers();
  passTime(14.5 * 60 * second);
  program.network.breakWith(({ procedures }) => (procedures[0] === "token.refresh" ? page(502)() : undefined));
  expect((await program.auth.api.me.get.query()).username).toBe("alice");
  const sent = program.network.requests.find(({ procedures }) => procedures[0] === "me.get");
  expect(sent?.authorization).toBe(old.authorization);

  program.network.mend();
  for (let call = 0; call < 10 && program.network.count("token.refresh") < 2; call += 1) {
    passTime(1.5 * second);
    expect((await program.auth.api.me.get.query()).username).toBe("alice");
  }
  expect(program.network.count("token.refresh")).toBe(2);
  expect(program.network.count("me.get")).toBeLessThan(10);
});

test.for([-day, day])(
  "a device whose clock is wrong by %i ms renews no sooner and no later",
  async (error, { live }) => {
    passTime(error);
    const program = await openSignedIn(live);
    await program.auth.api.me.get.query();
    expect(program.network.count("token.refresh")).toBe(0);

    await live.test.clock.advance(pastExpiry);
    passTime(pastExpiry * second);
    await Promise.all([program.auth.api.me.get.query(), program.auth.api.sessions.list.query()]);
    await program.auth.api.me.get.query();
    const sent = program.network.requests.map(({ procedures }) => procedures.join());
    expect(sent).toEqual(["token.obtain", "me.get", "token.refresh", "me.get,sessions.list", "me.get"]);
  },
);

test.for([-day, day])(
  "a device whose clock is moved by %i ms stays signed in, with one refresh at most",
  async (move, { live }) => {
    const program = await openSignedIn(live);
    passTime(move);
    for (let call = 0; call < 3; call += 1) await program.auth.api.me.get.query();
    expect(program.network.count("token.refresh")).toBeLessThanOrEqual(1);

    await live.test.clock.advance(pastExpiry);
    for (let call = 0; call < 3; call += 1) await program.auth.api.me.get.query();
    expect(program.network.count("token.refresh")).toBeLessThanOrEqual(2);
    expect(program.auth.getSnapshot().status).toBe("signedIn");
  },
);

test("a clock that is set back while the service is left alone does not make the wait longer", async ({ live }) => {
  const program = await openSignedIn(live);
  await live.test.clock.advance(pastExpiry);
  program.network.breakWith(({ procedures }) => (procedures[0] === "token.refresh" ? page(502)() : undefined));
  await callInVain(program);
  program.network.mend();
  passTime(-day);
  expect((await program.auth.api.me.get.query()).username).toBe("alice");
});
