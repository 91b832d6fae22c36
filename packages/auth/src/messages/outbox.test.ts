import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Challenges, createChallenges } from "../challenges/challenges.ts";
import { hashHandle, toCodeKey } from "../challenges/derived-code.ts";
import { openStorage, type Storage } from "../storage/database.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import { createOutbox, type SendOutcome } from "./outbox.ts";
import { type Message, SendError, type Sender } from "./sender.ts";
import { renderMessage } from "./texts.ts";

let service: TestAuth;
let storage: Storage;
let challenges: Challenges;
beforeAll(async () => {
  service = await createTestAuth();
  storage = openStorage({ ...service.database.connection, max: 8 });
  challenges = createChallenges({ countKey: randomBytes(32), db: storage.db, keys: [toCodeKey(randomBytes(32))] });
});
beforeEach(() => service.database.query("delete from latchkey.challenges"));
afterAll(async () => {
  await storage.close();
  await service[Symbol.asyncDispose]();
});

let numbers = 0;
const purpose = "sign_in" as const;
const start = (channel: "sms" | "whatsapp" | "email" = "sms", isSent = true) =>
  challenges.start({
    purpose,
    address: channel === "email" ? `a${++numbers}@example.com` : `+9053200${String(++numbers).padStart(5, "0")}`,
    userId: null,
    channel,
    tellsChannel: true,
    isSent,
    isKnownDevice: false,
  });

/** A sender that keeps what it is handed, and answers as it is told. */
function record(answer: (message: Message, nth: number) => void = () => {}) {
  const messages: Message[] = [];
  const send: Sender["send"] = async (message) => {
    messages.push(message);
    answer(message, messages.length);
    return { providerId: `provider-${message.id}` };
  };
  return { messages, send };
}

function open(senders: Parameters<typeof createOutbox>[0]["senders"]) {
  const outcomes: SendOutcome[] = [];
  const outbox = createOutbox({
    db: storage.db,
    challenges,
    senders,
    render: (input) => renderMessage(input, { app: "Shop" }),
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  return { outbox, outcomes };
}

const readState = async () =>
  (await service.database.query("select state, channel, failure, due_at from latchkey.challenges"))[0];

describe("the outbox", () => {
  it("sends what is due once, though many processes look at the same moment", async () => {
    await Promise.all(Array.from({ length: 24 }, () => start()));
    await start("sms", false);
    const sender = record();
    const processes = Array.from({ length: 4 }, () => open({ sms: sender }).outbox);
    await Promise.all(processes.map((outbox) => outbox.drain()));
    expect(sender.messages).toHaveLength(24);
    expect(new Set(sender.messages.map(({ id }) => id)).size).toBe(24);
    for (const message of sender.messages) expect(message.text).toContain(message.code);
  });

  it("makes a code right when its message leaves, and not before", async () => {
    const { challenge } = await start();
    let early: unknown;
    const sender = record(({ code }) => {
      early = challenges.check({ challenge, purpose, code });
    });
    const [row] = await service.database.query("select id, key_id, digits, address from latchkey.challenges");
    const owner = { id: row?.id, keyId: row?.key_id, digits: row?.digits, address: row?.address, purpose };
    const code = (await challenges.codeOf(owner)) ?? "";
    await expect(challenges.check({ challenge, purpose, code })).rejects.toMatchObject({ code: "code_invalid" });
    await open({ sms: sender }).outbox.drain();
    expect(await early).toMatchObject({ purpose });
    expect(sender.messages[0]?.code).toBe(code);
  });

  it("tries again after 1, 3 and 9 seconds under the same id, and then gives up", async () => {
    await start();
    const sender = record(() => {
      throw new SendError("busy", "full");
    });
    const { outbox, outcomes } = open({ sms: sender });
    for (const seconds of [1, 3, 9]) {
      await outbox.drain();
      expect(await outbox.drain()).toBe(0);
      await service.clock.advance(seconds);
    }
    await outbox.drain();
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["retried", "retried", "retried", "failed"]);
    expect(new Set(sender.messages.map(({ id }) => id)).size).toBe(1);
    expect(await readState()).toMatchObject({ state: "failed", failure: "busy", due_at: null });
  });

  it("goes on with SMS and the same code where WhatsApp does not reach, as a message of its own", async () => {
    await start("whatsapp");
    const whatsapp = record(() => {
      throw new SendError("unreachable", "no account");
    });
    const sms = record();
    const { outbox } = open({ whatsapp, sms });
    await outbox.drain();
    await outbox.drain();
    expect(sms.messages[0]?.code).toBe(whatsapp.messages[0]?.code);
    expect(sms.messages[0]?.id).not.toBe(whatsapp.messages[0]?.id);
    expect(await readState()).toMatchObject({ state: "sent", channel: "sms" });
  });

  it("takes nonsense from a sender for a provider that is busy, and a missing sender for a fault of the settings", async () => {
    await start();
    const { outbox, outcomes } = open({
      sms: { send: () => Promise.reject("nonsense") },
    });
    await outbox.drain();
    await start("email");
    await outbox.drain();
    expect(outcomes.map(({ refusal }) => refusal)).toEqual(["busy", "misconfigured"]);
  });

  it("takes a message for sent whatever its listener throws and its sender answers", async () => {
    await start();
    const failures: unknown[] = [];
    const outbox = createOutbox({
      db: storage.db,
      challenges,
      senders: { sms: { send: async () => ({ providerId: 7 }) as never } },
      render: (input) => renderMessage(input, { app: "Shop" }),
      onOutcome: () => {
        throw new Error("a listener's own");
      },
      onError: (error) => failures.push(error),
    });
    await outbox.drain();
    expect(await outbox.drain()).toBe(0);
    expect(await readState()).toMatchObject({ state: "sent", failure: null });
    expect(failures).toEqual([new Error("a listener's own")]);
  });

  it("ends within seconds though a provider hangs, and leaves its message to the others under the same id", async () => {
    await start();
    let isAsked = false;
    const hanging = open({
      sms: {
        send: () => {
          isAsked = true;
          return new Promise(() => {});
        },
      },
    }).outbox;
    hanging.start();
    await expect.poll(() => isAsked).toBe(true);
    await hanging.stop();
    expect(await readState()).toMatchObject({ state: "queued", failure: "busy" });
    await service.clock.advance(2);
    const sender = record();
    await open({ sms: sender }).outbox.drain();
    expect(sender.messages).toHaveLength(1);
  });

  it("sends again under the same id what a process had taken that died, when its lease has run out", async () => {
    await start();
    const dying = open({ sms: { send: () => new Promise(() => {}) } }).outbox;
    void dying.drain().catch(() => {});
    await expect
      .poll(async () => (await service.database.query("select lease_until from latchkey.challenges"))[0]?.lease_until)
      .not.toBeNull();
    const [before] = await service.database.query("select message_id from latchkey.challenges");
    const sender = record();
    const { outbox } = open({ sms: sender });
    expect(await outbox.drain()).toBe(0);
    await service.clock.advance(31);
    await outbox.drain();
    expect(sender.messages.map(({ id }) => id)).toEqual([before?.message_id]);
  });

  it("sends nothing after a code has run out or was used", async () => {
    await start();
    await service.clock.advance(600);
    const used = await start();
    await service.database.query("update latchkey.challenges set consumed_at = latchkey.now() where handle_hash = $1", [
      hashHandle(used.challenge),
    ]);
    const sender = record();
    expect(await open({ sms: sender }).outbox.drain()).toBe(0);
  });

  it("moves on by receipts and never back, and starts the next channel once however often it is told", async () => {
    await start("whatsapp");
    const [whatsapp, sms] = [record(), record()];
    const { outbox } = open({ whatsapp, sms });
    await outbox.drain();
    const providerId = `provider-${whatsapp.messages[0]?.id}`;
    await Promise.all(Array.from({ length: 5 }, () => outbox.receive({ providerId, state: "failed" })));
    await outbox.drain();
    expect(sms.messages).toHaveLength(1);
    const second = `provider-${sms.messages[0]?.id}`;
    await outbox.receive({ providerId: second, state: "delivered" });
    await outbox.receive({ providerId: second, state: "failed" });
    await outbox.receive({ providerId: "unknown", state: "failed" });
    expect(await outbox.drain()).toBe(0);
    expect(await readState()).toMatchObject({ state: "delivered", channel: "sms" });
  });

  it("sends without being asked once it is started, and nothing after it has stopped", async () => {
    const sender = record();
    const { outbox } = open({ sms: sender });
    outbox.start();
    await start();
    outbox.wake();
    await expect.poll(() => sender.messages.length).toBe(1);
    await outbox.stop();
    await start();
    outbox.wake();
    expect(sender.messages).toHaveLength(1);
  });
});
