import { afterAll, beforeAll, expect, test } from "vitest";
import { SendError } from "../../messages/sender.ts";
import { createInbox, createTestAuth, type TestAuth } from "../../testing/index.ts";

const inbox = createInbox();
const number = "+905321234567";
let isAway = false;
let service: TestAuth;
beforeAll(async () => {
  const sms: typeof inbox = {
    ...inbox,
    send: (...sent) => (isAway ? Promise.reject(new SendError("busy", "is away")) : inbox.send(...sent)),
  };
  const messages = { senders: { sms }, isEnforced: true, countries: ["TR"] };
  service = await createTestAuth({ messages });
  // What is asked for in one test is of one step of five minutes.
  await service.clock.advance(310 - (Math.floor(service.clock.now().getTime() / 1_000) % 300));
});
afterAll(() => service?.[Symbol.asyncDispose]());

const ask = (to: string, address = "192.0.2.1") =>
  service.auth.startCode({ purpose: "enter", to }, { ...service.facts, address }).catch(({ code }) => code);

const nothing = { asked: 0, sent: 0, delivered: 0, failed: 0, proved: 0, refused: 0 };

test("the last day and the last hour tell alike what became of messages, and how long codes waited", async () => {
  const { auth, clock } = service;
  await ask(number);
  const { id: providerId } = await inbox.take(number);
  const sent = "select from latchkey.challenges where provider_id = $1";
  await expect.poll(() => service.database.query(sent, [providerId])).toHaveLength(1);
  await auth.receiveDelivery({ providerId, state: "delivered" });
  expect(await ask("+4915112345678")).toBe("invalid_input");
  const { messages, outbox, lastHour, queues, at } = await auth.readServiceOverview();
  expect(messages).toEqual([{ ...nothing, from: expect.any(Date), asked: 2, sent: 1, delivered: 1, refused: 1 }]);
  expect(lastHour.messages).toEqual([{ ...messages[0], from: expect.any(Date) }]);
  expect(outbox).toEqual([{ from: messages[0]?.from, prompt: 1, late: 0 }]);
  expect(lastHour.outbox).toEqual([{ from: lastHour.messages[0]?.from, prompt: 1, late: 0 }]);
  const [step] = lastHour.outbox;
  expect((step?.from.getTime() ?? 1) % 300_000).toBe(0);
  expect(at.getTime() - (step?.from.getTime() ?? 0)).toBeLessThan(300_000);
  expect(lastHour.events).toContainEqual({ from: step?.from, event: "message_refused", count: 1 });
  expect(queues).toEqual(["codes", "notices", "webhooks"].map((queue) => ({ queue, waiting: 0, age: 0 })));
  await clock.advance(7_200);
});

test("a code that does not leave is late, and is told of as what waits, and for how long", async () => {
  const { auth, clock } = service;
  isAway = true;
  await ask(number);
  await auth.sendDueMessages();
  await clock.advance(20);
  const { lastHour, queues } = await auth.readServiceOverview();
  expect(lastHour.messages).toEqual([{ ...nothing, from: expect.any(Date), asked: 1 }]);
  expect(lastHour.outbox).toEqual([{ from: expect.any(Date), prompt: 0, late: 1 }]);
  expect(queues[0]).toMatchObject({ queue: "codes", waiting: 1 });
  expect(queues[0]?.age).toBeGreaterThanOrEqual(20);
  isAway = false;
});

test("two weeks are told by the hour, in one country or in all, and nothing of a country that is none", async () => {
  const { auth } = service;
  const [all, turkey, nowhere] = await Promise.all(
    [undefined, "TR", "%"].map(async (country) => (await auth.readMessageHistory({ country })).hours),
  );
  const sum = (hours: typeof all) => hours?.reduce((total, { asked }) => total + asked, 0);
  expect([sum(all), sum(turkey), nowhere]).toEqual([3, 2, []]);
});
