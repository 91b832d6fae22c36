import { createHmac, randomBytes } from "node:crypto";
import type { Sender } from "@latchkey/auth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSettings } from "../../../api/src/environment.ts";
import { createReceiptsHandler } from "../../../api/src/messages/receipts.ts";
import { type LiveServer, startLiveServer } from "../live-server.ts";

const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";
const webhookKey = randomBytes(32);
const settings = parseSettings({
  PUBLIC_URL: "https://auth.example.com",
  RECEIPTS_SECRET: secret,
  TWILIO_AUTH_TOKEN: "token-of-twilio",
  WHATSAPP_APP_SECRET: "secret-of-the-app",
  WEBHOOK_SENDER_SECRET: `whsec_${webhookKey.toString("base64")}`,
});

const sender: Sender = { send: async () => ({}) };

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer(
    { messages: { senders: { whatsapp: sender, sms: sender } } },
    { host: undefined, receipts: (auth) => createReceiptsHandler(settings, { receive: auth.receiveDelivery }) },
  );
});
afterAll(() => live[Symbol.asyncDispose]());

/** A message that a provider has taken. */
async function putSent(providerId: string, channel = "sms"): Promise<void> {
  await live.test.database.query(
    `insert into latchkey.challenges (id, handle_hash, purpose, address, key_id, digits, next_send_at, expires_at, handed_at, channel,
      tells_channel, state, provider_id)
    values (gen_random_uuid(), decode(md5($1) || md5($1), 'hex'), 'sign_in', '+905321234567', 'k', 6, latchkey.now(),
      latchkey.now() + interval '10 minutes', latchkey.now(), $2, true, 'sent', $1)`,
    [providerId, channel],
  );
}

async function readMessage(providerId: string) {
  const rows = await live.test.database.query(
    "select state, channel, provider_id from latchkey.challenges where handle_hash = decode(md5($1) || md5($1), 'hex')",
    [providerId],
  );
  return rows[0];
}

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${live.url}/messages/receipts/${path}`, { method: "POST", body, headers });

const form = { "content-type": "application/x-www-form-urlencoded" };

function tellByTwilio(id: string, status: string, key = "token-of-twilio") {
  const body = new URLSearchParams({ MessageSid: id, MessageStatus: status });
  const signed = `https://auth.example.com/messages/receipts/twilioMessageSid${id}MessageStatus${status}`;
  const signature = createHmac("sha1", key).update(signed).digest("base64");
  return post("twilio", body.toString(), { ...form, "x-twilio-signature": signature });
}

function tellByMeta(statuses: readonly object[], key = "secret-of-the-app") {
  const body = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: "1", changes: [{ field: "messages", value: { messaging_product: "whatsapp", statuses } }] }],
  });
  const signature = createHmac("sha256", key).update(body).digest("hex");
  return post("whatsapp", body, { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` });
}

function tellByWebhook(receipt: object, { key = webhookKey, at = Date.now() } = {}) {
  const body = JSON.stringify(receipt);
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac("sha256", key).update(`r1.${timestamp}.${body}`).digest("base64");
  return post("webhook", body, {
    "content-type": "application/json",
    "webhook-id": "r1",
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  });
}

describe("a receipt is refused and changes nothing", () => {
  beforeAll(() => putSent("refused"));

  it.each<[title: string, send: () => Promise<Response>, status: number]>([
    ["that is signed with another key", () => tellByTwilio("refused", "delivered", "guess"), 403],
    ["that is not signed", () => post("twilio", "MessageSid=refused&MessageStatus=delivered", form), 403],
    ["that Meta has not signed", () => tellByMeta([{ id: "refused", status: "delivered" }], "guess"), 403],
    ["of a webhook that is signed by somebody else", () => tellByWebhook({}, { key: randomBytes(32) }), 403],
    [
      "of a webhook that was signed long ago",
      () => tellByWebhook({ providerId: "refused", state: "delivered" }, { at: Date.now() - 400_000 }),
      403,
    ],
    ["without the secret in its path", () => post("vonage", '{"messageId":"refused","status":"delivered"}'), 404],
    [
      "with another secret in its path",
      () => post(`vonage/${secret.slice(1)}x`, '{"messageId":"refused","status":"delivered"}'),
      404,
    ],
    ["of a provider that there is not", () => post(`pigeon/${secret}`, "{}"), 404],
    ["of a provider named as what every object has", () => post("constructor", "{}"), 404],
    ["with something behind its secret", () => post(`vonage/${secret}/x`, "{}"), 404],
    ["that is too large", () => post(`http/${secret}`, "x".repeat(300_000)), 413],
  ])("%s", async (_, send, status) => {
    const answer = await send();
    await answer.body?.cancel();
    expect(answer.status).toBe(status);
    expect(await readMessage("refused")).toMatchObject({ state: "sent" });
  });

  it("that is asked for", async () => {
    const answer = await fetch(`${live.url}/messages/receipts/twilio`);
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("that is nonsense, with the right secret, and is answered all the same", async () => {
    for (const body of ["", "null", "[]", "{", '{"providerId":{},"state":"delivered"}', "data=%00", "[[[[1]]]]"])
      for (const provider of ["vonage", "msg91", "http"])
        expect((await post(`${provider}/${secret}`, body)).status).toBe(204);
    expect(await readMessage("refused")).toMatchObject({ state: "sent" });
  });
});

describe("a receipt moves its message on, as often as it comes,", () => {
  it.each<[provider: string, tell: (id: string, isGood: boolean) => Promise<Response>]>([
    ["Twilio", (id, isGood) => tellByTwilio(id, isGood ? "delivered" : "undelivered")],
    ["WhatsApp", (id, isGood) => tellByMeta([{ id, status: isGood ? "read" : "failed" }])],
    ["a webhook", (id, isGood) => tellByWebhook({ providerId: id, state: isGood ? "delivered" : "failed" })],
    [
      "Vonage as JSON",
      (id, isGood) =>
        post(
          `vonage/${secret}`,
          JSON.stringify({ msisdn: "905321234567", messageId: id, status: isGood ? "delivered" : "expired" }),
        ),
    ],
    [
      "Vonage as a form",
      (id, isGood) =>
        post(`vonage/${secret}`, `messageId=${id}&status=${isGood ? "delivered" : "rejected"}&err-code=0`, form),
    ],
    [
      "MSG91",
      (id, isGood) => {
        const report = [{ number: "905321234567", status: isGood ? "1" : "2", desc: "" }];
        return post(
          `msg91/${secret}`,
          new URLSearchParams({ data: JSON.stringify([{ requestId: id, report }]) }).toString(),
          form,
        );
      },
    ],
    [
      "another provider, in our words",
      (id, isGood) =>
        post(`http/${secret}`, JSON.stringify({ providerId: id, state: isGood ? "delivered" : "failed" })),
    ],
  ])("of %s, and never back", async (provider, tell) => {
    const [good, bad] = [`good-${provider}`, `bad-${provider}`].map((name) => name.replaceAll(/[ ,]/g, "-"));
    for (const id of [good, bad]) await putSent(id ?? "");
    for (let time = 0; time < 2; time += 1) {
      expect((await tell(good ?? "", true)).status).toBe(204);
      expect((await tell(bad ?? "", false)).status).toBe(204);
    }
    await tell(good ?? "", false);
    await tell(bad ?? "", true);
    expect(await readMessage(good ?? "")).toMatchObject({ state: "delivered" });
    expect(await readMessage(bad ?? "")).toMatchObject({ state: "failed" });
  });
});

it("a receipt of a failure has the next channel tried, once however often it comes", async () => {
  await putSent("by-whatsapp", "whatsapp");
  await Promise.all(Array.from({ length: 10 }, () => tellByMeta([{ id: "by-whatsapp", status: "failed" }])));
  expect(await readMessage("by-whatsapp")).toMatchObject({ channel: "sms", provider_id: null });
  const counts = await live.test.database.query(
    "select tries from latchkey.challenges where handle_hash = decode(md5('by-whatsapp') || md5('by-whatsapp'), 'hex')",
  );
  expect(Number(counts[0]?.tries)).toBeLessThanOrEqual(1);
});

it("Meta is told its challenge, if it knows the secret", async () => {
  const ask = (token: string, challenge = "1158201444") =>
    fetch(
      `${live.url}/messages/receipts/whatsapp?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=${encodeURIComponent(challenge)}`,
    );
  expect(await (await ask(secret)).text()).toBe("1158201444");
  expect((await ask("guess")).status).toBe(403);
  expect((await ask(secret, "<script>alert(1)</script>")).status).toBe(403);
});

it("no line of the log holds the secret of a path", async () => {
  await post(`vonage/${secret}`, "{}");
  expect(live.logged.join("")).toContain("/messages/receipts/vonage");
  expect(live.logged.join("")).not.toContain(secret);
});
