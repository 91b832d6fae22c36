import { createHmac } from "node:crypto";
import { createTestAuth, shareOut, type TestAuth } from "@latchkey/auth/testing";
import { webhookEndpoint } from "@latchkey/senders/webhook";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Receiver, refuse, startReceiver, take } from "./receiver.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const older = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const password = "correct horse battery";

let receiver: Receiver;
let service: TestAuth;
beforeAll(async () => {
  receiver = await startReceiver();
  service = await createTestAuth(optionsFor({ shop: receiver }));
  await service.auth.deliverDueWebhooks();
});
/** Nobody is there any more, and nobody has been told anything. */
beforeEach(async () => {
  receiver.answer = take;
  await untilTold();
  await service.database.query("delete from latchkey.users");
  await service.database.query("delete from latchkey.webhook_events");
  await service.database.query("update latchkey.webhook_endpoints set seen_at = latchkey.now()");
  receiver.forget();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

function optionsFor(receivers: Readonly<Record<string, Receiver>>) {
  const endpoints = Object.entries(receivers).map(([name, { url }]) => [
    name,
    webhookEndpoint({ url, secrets: [secret, older] }),
  ]);
  return { webhooks: { endpoints: Object.fromEntries(endpoints) } };
}

/** Waits until nothing is due any more, whichever process sends it. */
const untilTold = () =>
  expect
    .poll(async () => {
      await service.auth.deliverDueWebhooks();
      return service.database.query("select id from latchkey.webhook_events where due_at <= latchkey.now()");
    })
    .toEqual([]);

const typesOf = () => receiver.taken.map(({ event }) => event.type);

const createAlice = async (username = "alice") => (await service.auth.createUser({ username, password })).id;

const signIn = (username = "alice") => service.auth.signIn({ username, password }, service.facts);

test("what happens to a person is told in order, signed with each secret as Standard Webhooks says", async () => {
  const { auth, facts } = service;
  const userId = await createAlice();
  const signedIn = await signIn();
  await auth.signOut(signedIn.refreshToken, facts);
  await auth.operator.update("alice", { phoneNumber: "+905321234567" });
  await signIn();
  await auth.operator.changePassword("alice", "another horse battery");
  await auth.operator.update("alice", { isActive: false });
  await auth.operator.delete("alice");
  await untilTold();

  expect(typesOf()).toEqual([
    "user.created",
    "session.ended",
    "user.updated",
    "phone.changed",
    "session.ended",
    "password.changed",
    "user.updated",
    "user.deleted",
  ]);
  expect(receiver.taken.every(({ event }) => event.data.userId === userId)).toBe(true);
  const [created, ended] = receiver.taken;
  expect(created?.event.data).toEqual({ userId, by: "command_line" });
  expect(ended?.event.data).toEqual({ userId, sessionIds: [expect.any(String)], reason: "signed_out" });
  for (const { body, headers, event } of receiver.taken) {
    const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signatures } = headers;
    const expected = [secret, older].map((key) => {
      const bytes = Buffer.from(key.replace("whsec_", ""), "base64");
      return `v1,${createHmac("sha256", bytes).update(`${id}.${at}.${body}`).digest("base64")}`;
    });
    expect(signatures).toBe(expected.join(" "));
    expect(Math.abs(Number(at) - Date.now() / 1_000)).toBeLessThan(60);
    expect(new Date(event.timestamp).toISOString()).toBe(event.timestamp);
  }
});

test("nothing that is told holds a password, a hash, a token, a name or a number", async () => {
  const { auth, facts } = service;
  const { refreshToken, user } = await auth.register({ username: "kanarya", password, firstName: "Kanarya" }, facts);
  await auth.operator.update("kanarya", { phoneNumber: "+905321234567", email: "kanarya@example.com" });
  await auth.operator.changePassword("kanarya", "another horse battery");
  await untilTold();
  const told = JSON.stringify(receiver.received.map(({ body }) => body));
  expect(told).toContain(user.id);
  for (const canary of [/kanarya/i, /horse/, /bcrypt/, /90532/]) expect(told).not.toMatch(canary);
  expect(told).not.toContain(refreshToken);
});

test("a purge tells of the accounts that it deletes and why, and of nothing else that it clears away", async () => {
  const day = 86_400;
  const { facts, clock, database } = service;
  await createAlice();
  const { refreshToken } = await signIn();
  await service.auth.signOut(refreshToken, facts);
  const parked = await createAlice("parked");
  await database.query(
    "update latchkey.users set username = null, username_key = null, parked_at = latchkey.now() where id = $1",
    [parked],
  );
  await untilTold();
  const before = typesOf().length;
  const auth = await service.another({ ...optionsFor({ shop: receiver }), parkedRetention: 30 * day });
  await clock.advance(40 * day);
  expect(await auth.purge()).toMatchObject({ parked: 1, sessions: 1 });
  await untilTold();
  expect(receiver.taken.slice(before).map(({ event }) => [event.type, event.data])).toEqual([
    ["user.deleted", { userId: parked, by: "parked" }],
  ]);
});

test("what is undone is not told", async () => {
  await createAlice();
  await untilTold();
  await expect(service.auth.createUser({ username: "ALICE", password })).rejects.toThrow();
  await untilTold();
  expect(typesOf()).toEqual(["user.created"]);
});

describe("a receiver that", () => {
  const answers: [title: string, answer: typeof take][] = [
    ["fails", refuse(500)],
    ["refuses", refuse(403)],
    [
      "answers a redirect, which is not followed",
      (response) => void response.writeHead(307, { location: "/elsewhere" }).end(),
    ],
    ["cuts the connection", (response) => void response.destroy()],
    ["answers garbage", (response) => void response.socket?.end("SSH-2.0-garbage\r\n\r\n")],
  ];

  for (const { tags, cases } of shareOut(answers, 2))
    test.each(cases)(
      "%s is told again under the same id, until it takes it, and nobody else waits",
      { tags },
      async (_title, answer) => {
        receiver.answer = answer;
        await createAlice();
        await createAlice("bob");
        await untilTold();
        expect(receiver.taken).toEqual([]);
        const ids = receiver.received.map(({ headers }) => headers["webhook-id"]).sort();
        expect(ids).toHaveLength(2);

        receiver.answer = take;
        await service.clock.advance(6);
        await untilTold();
        expect(receiver.taken.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids);
        expect(typesOf()).toEqual(["user.created", "user.created"]);
      },
    );

  test("never answers keeps nobody from an answer, and another endpoint is told meanwhile", async () => {
    await using silent = await startReceiver();
    silent.answer = () => {};
    await using service = await createTestAuth(optionsFor({ shop: receiver, silent }));
    const both = service.auth;
    await both.createUser({ username: "carol", password });
    await expect.poll(() => silent.received.length).toBe(1);
    const { refreshToken } = await both.signIn({ username: "carol", password }, service.facts);
    await both.signOut(refreshToken, service.facts);
    await expect.poll(() => receiver.taken.length).toBe(2);
    expect(silent.taken).toEqual([]);
  });

  test("is down is told all of one person in order once it is back, and a failing event holds up that person alone", async () => {
    receiver.answer = (response, received) =>
      (received.event.type === "user.created" ? refuse(503) : take)(response, received);
    const alice = await createAlice();
    await service.auth.operator.update("alice", { phoneNumber: "+905321234567" });
    await signIn();
    await service.auth.operator.changePassword("alice", "another horse battery");
    await createAlice("bob");
    await expect.poll(() => receiver.received.length).toBe(2);
    await service.auth.deliverDueWebhooks();
    expect(typesOf()).toEqual([]);

    receiver.answer = take;
    await service.clock.advance(3_600);
    await untilTold();
    const ofAlice = receiver.taken.filter(({ event }) => event.data.userId === alice);
    expect(ofAlice.map(({ event }) => event.type)).toEqual([
      "user.created",
      "user.updated",
      "phone.changed",
      "session.ended",
      "password.changed",
    ]);
  });

  // The ordinary run begins some twenty hours after it happened.
  for (const { tags, cases } of shareOut([6, 26], 2))
    test.each(cases)(
      "is away for more than a day, %i hours of it looked at, has what was given up listed and sent again",
      { tags },
      async (hours) => {
        receiver.answer = refuse(500);
        await createAlice();
        await untilTold();
        await service.database.query(
          "update latchkey.webhook_events set occurred_at = occurred_at - make_interval(hours => $1)",
          [26 - hours],
        );
        for (let hour = 0; hour < hours; hour += 1) {
          await service.clock.advance(3_601);
          await untilTold();
        }
        const { endpoints, undelivered } = await service.auth.reportWebhooks({ limit: 10 });
        expect(endpoints).toMatchObject([{ endpoint: "shop", waiting: 0, failed: 1, delivered: 0 }]);
        expect(undelivered).toMatchObject([{ type: "user.created", state: "failed", failure: "Error: HTTP 500" }]);
        const tries = receiver.received.length;
        expect(tries).toBeGreaterThan(hours * 0.75);

        receiver.answer = take;
        expect(await service.auth.resendWebhooks({})).toBe(1);
        await untilTold();
        expect(receiver.taken).toHaveLength(1);
        expect(await service.auth.resendWebhooks({ id: undelivered[0]?.id ?? "" })).toBe(1);
        await untilTold();
        expect(new Set(receiver.taken.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
        expect(receiver.taken).toHaveLength(2);
      },
    );
});

test("the end of everybody's sessions is told of each person once", async () => {
  const { auth } = service;
  const ids = [await createAlice(), await createAlice("bob")];
  for (const name of ["alice", "alice", "bob"]) await signIn(name);
  await untilTold();
  const before = receiver.taken.length;
  await auth.operator.endAllSessions();
  await untilTold();
  const countIn = (data: object) =>
    "sessionIds" in data && Array.isArray(data.sessionIds) ? data.sessionIds.length : 0;
  const told = receiver.taken.slice(before).map(({ event: { type, data } }) => [type, data.userId, countIn(data)]);
  expect(told.sort()).toEqual(
    [
      ["session.ended", ids[0], 2],
      ["session.ended", ids[1], 1],
    ].sort(),
  );
});

test("of four processes one sends each event", async () => {
  const others = await Promise.all([1, 2, 3].map(() => service.another(optionsFor({ shop: receiver }))));
  await Promise.all(Array.from({ length: 12 }, (_, index) => createAlice(`user${index}`)));
  await Promise.all([service.auth, ...others].map((auth) => auth.deliverDueWebhooks()));
  await untilTold();
  await expect.poll(() => receiver.received.length).toBeGreaterThanOrEqual(12);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(12);
  expect(receiver.received).toHaveLength(12);
});

test("whoever configures nothing writes nothing, and an endpoint that no process names any more is told nothing", async () => {
  await using plain = await createTestAuth();
  await plain.auth.createUser({ username: "alice", password });
  expect(await plain.database.query("select from latchkey.webhook_events")).toEqual([]);

  await service.database.query("update latchkey.webhook_endpoints set seen_at = latchkey.now() - interval '25 hours'");
  await createAlice();
  expect(await service.database.query("select from latchkey.webhook_events")).toEqual([]);
});

test("what arrived is forgotten after seven days", async () => {
  await createAlice();
  await untilTold();
  await service.clock.advance(6 * 86_400);
  await service.auth.purge();
  expect(await service.database.query("select from latchkey.webhook_events")).toHaveLength(1);
  await service.clock.advance(2 * 86_400);
  await service.auth.purge();
  expect(await service.database.query("select from latchkey.webhook_events")).toEqual([]);
});
