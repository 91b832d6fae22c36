import { spawnSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import type { Message } from "@latchkey/auth";
import { afterEach, expect, it } from "vitest";
import { consoleSender } from "./console.ts";
import { httpSender, msg91, netgsm, vonage } from "./http.ts";
import { smtpSender } from "./smtp.ts";
import { readTwilioReceipt, twilioSender } from "./twilio.ts";
import { readWebhookReceipt, webhookEndpoint, webhookSender } from "./webhook.ts";
import { readWhatsAppReceipt, whatsappSender } from "./whatsapp.ts";

const message: Message = {
  id: "0198c0de-0000-7000-8000-000000000001",
  channel: "sms",
  to: "+905321234567",
  text: 'Kodunuz "123456" & böyle',
  code: "123456",
  purpose: "sign_in",
  locale: "tr",
  expiresAt: new Date(0),
};
const signal = () => AbortSignal.timeout(5_000);

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A provider on this machine: answers in turn what it is given, and the last from then on. */
async function standIn(...answers: readonly (readonly [status: number, body: unknown])[]) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const [status, answer] = answers[Math.min(seen.length, answers.length - 1)] ?? [200, {}];
    seen.push({ path: request.url ?? "", headers: request.headers, body });
    response.writeHead(status, { connection: "close" });
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

it("prints a message and keeps it for the inbox, the newest first and no more than it was told", async () => {
  const lines: string[] = [];
  const sender = consoleSender({ print: (line) => lines.push(line), keep: 2 });
  for (const to of ["+901", "+902", "+903"]) await sender.send({ ...message, to }, signal());
  expect(lines.at(-1)).toContain("123456");
  expect(sender.inbox().map(({ to }) => to)).toEqual(["+903", "+902"]);
});

it("signs a webhook over its id, time and body, and takes the endpoint's own refusal", async () => {
  const key = randomBytes(32);
  const provider = await standIn([200, { providerId: "a" }], [422, { refusal: "invalid_number" }], [503, "<html>"]);
  const sender = webhookSender({ url: provider.url, secret: `whsec_${key.toString("base64")}` });
  expect(await sender.send(message, signal())).toEqual({ providerId: "a" });
  const [seen] = provider.seen;
  const signed = `${seen?.headers["webhook-id"]}.${seen?.headers["webhook-timestamp"]}.${seen?.body}`;
  expect(seen?.headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  expect(seen?.headers["webhook-id"]).toBe(message.id);
  await expect(sender.send(message, signal())).rejects.toMatchObject({ refusal: "invalid_number" });
  await expect(sender.send(message, signal())).rejects.toMatchObject({ refusal: "busy" });
  expect(() => webhookSender({ url: provider.url, secret: "short" })).toThrow(RangeError);
});

it("fills a template without letting a text end it", async () => {
  const provider = await standIn([200, {}]);
  await httpSender({
    url: provider.url,
    format: "json",
    body: { a: [{ to: "{digits}" }], text: "{text} {unknown}", n: 1 },
  }).send({ ...message, text: '"},{code}' }, signal());
  expect(JSON.parse(provider.seen[0]?.body ?? "")).toEqual({
    a: [{ to: "905321234567" }],
    text: '"},{code} {unknown}',
    n: 1,
  });
});

it("sends by Netgsm, and knows its codes", async () => {
  const provider = await standIn(
    [200, { code: "00", jobid: "17377215342605050417149344", description: "success" }],
    [406, { code: "30", description: "credential" }],
    [200, { code: "50", description: "number" }],
    [200, "nonsense"],
  );
  const sender = httpSender(netgsm({ username: "u", password: "p", header: "SHOP", url: provider.url }));
  expect(await sender.send(message, signal())).toEqual({ providerId: "17377215342605050417149344" });
  expect(JSON.parse(provider.seen[0]?.body ?? "")).toEqual({
    msgheader: "SHOP",
    msg: message.text,
    no: "905321234567",
  });
  for (const refusal of ["misconfigured", "invalid_number", "busy"])
    await expect(sender.send(message, signal())).rejects.toMatchObject({ refusal });
});

it("sends by MSG91, and takes its errors that come with 200 for what they are", async () => {
  const provider = await standIn(
    [200, { type: "success", message: "3763646c3058373530393938" }],
    [200, { type: "error" }],
  );
  const sender = httpSender(msg91({ authKey: "k", templateId: "t", url: provider.url }));
  expect(await sender.send(message, signal())).toEqual({ providerId: "3763646c3058373530393938" });
  expect(provider.seen[0]?.headers.authkey).toBe("k");
  await expect(sender.send(message, signal())).rejects.toMatchObject({ refusal: "rejected" });
});

it("sends by Vonage, and knows its statuses", async () => {
  const answer = (status: string) => ({ "message-count": "1", messages: [{ "message-id": "aaa-1", status }] });
  const provider = await standIn(...["0", "1", "4", "6"].map((status) => [200, answer(status)] as const));
  const sender = httpSender(vonage({ apiKey: "k", apiSecret: "s", from: "Shop", url: provider.url }));
  expect(await sender.send(message, signal())).toEqual({ providerId: "aaa-1" });
  expect(new URLSearchParams(provider.seen[0]?.body).get("text")).toBe(message.text);
  for (const refusal of ["busy", "misconfigured", "invalid_number"])
    await expect(sender.send(message, signal())).rejects.toMatchObject({ refusal });
});

it("sends by Vonage as Unicode only what is written with letters beyond the GSM alphabet, which costs twice as much", async () => {
  const provider = await standIn([200, { messages: [{ "message-id": "aaa-1", status: "0" }] }]);
  const sender = httpSender(vonage({ apiKey: "k", apiSecret: "s", from: "Shop", url: provider.url }));
  for (const text of ["123456 is your code", "123456 kodunuz, paylaşmayın"])
    await sender.send({ ...message, text }, signal());
  expect(provider.seen.map(({ body }) => new URLSearchParams(body).get("type"))).toEqual(["text", "unicode"]);
});

it("sends by Twilio, and takes receipts that Twilio signed for this URL alone", async () => {
  const provider = await standIn(
    [201, { sid: "SM1", status: "queued" }],
    [400, { code: 21211 }],
    [429, { code: 20429 }],
    [401, ""],
  );
  const sender = twilioSender({ accountSid: "AC1", authToken: "t", from: "MG1", url: provider.url });
  expect(await sender.send(message, signal())).toEqual({ providerId: "SM1" });
  expect(provider.seen[0]?.path).toBe("/2010-04-01/Accounts/AC1/Messages.json");
  expect(new URLSearchParams(provider.seen[0]?.body).get("MessagingServiceSid")).toBe("MG1");
  for (const refusal of ["invalid_number", "busy", "misconfigured"])
    await expect(sender.send(message, signal())).rejects.toMatchObject({ refusal });

  const statusCallback = "https://auth.example/messages/receipts/twilio";
  const body = "MessageSid=SM1&MessageStatus=delivered&AccountSid=AC1";
  const signature = createHmac("sha1", "t")
    .update(`${statusCallback}AccountSidAC1MessageSidSM1MessageStatusdelivered`)
    .digest("base64");
  const options = { authToken: "t", statusCallback };
  expect(readTwilioReceipt({ body, signature }, options)).toEqual([{ providerId: "SM1", state: "delivered" }]);
  expect(readTwilioReceipt({ body: `${body}&a=b`, signature }, options)).toBeNull();
  expect(readTwilioReceipt({ body, signature: null }, options)).toBeNull();
  expect(readTwilioReceipt({ body, signature }, { ...options, statusCallback: "https://evil.example" })).toBeNull();
});

it("sends by WhatsApp, says who has none, and takes receipts that Meta signed alone", async () => {
  const provider = await standIn([200, { messages: [{ id: "wamid.1" }] }], [400, { error: { code: 131026 } }]);
  const sender = whatsappSender({ accessToken: "t", phoneNumberId: "1", template: "code", url: provider.url });
  expect(await sender.send(message, signal())).toEqual({ providerId: "wamid.1" });
  await expect(sender.send(message, signal())).rejects.toMatchObject({ refusal: "unreachable" });

  const statuses = [
    { id: "wamid.1", status: "failed" },
    { id: "wamid.2", status: "sent" },
    { id: "wamid.3", status: "read" },
  ];
  const body = JSON.stringify({
    entry: [{ changes: [{ value: { statuses } }, { value: { messages: [] } }, null] }, 1],
  });
  const signature = `sha256=${createHmac("sha256", "s").update(body).digest("hex")}`;
  expect(readWhatsAppReceipt({ body, signature }, { appSecret: "s" })).toEqual([
    { providerId: "wamid.1", state: "failed" },
    { providerId: "wamid.3", state: "delivered" },
  ]);
  expect(readWhatsAppReceipt({ body: `${body} `, signature }, { appSecret: "s" })).toBeNull();
});

it("believes nobody where the key of signatures is empty, as an environment variable is that is not set", () => {
  const [body, id, timestamp] = ['{"providerId":"1","state":"delivered"}', "r1", String(Math.floor(Date.now() / 1000))];
  const signed = (hash: string, text: string) => createHmac(hash, "").update(text).digest();
  const bySha256 = (text: string) => signed("sha256", text);
  const ofWebhook = {
    body,
    id,
    timestamp,
    signature: `v1,${bySha256(`${id}.${timestamp}.${body}`).toString("base64")}`,
  };
  for (const secret of ["", "whsec_"]) expect(readWebhookReceipt(ofWebhook, { secret })).toBeNull();
  const ofMeta = { body, signature: `sha256=${bySha256(body).toString("hex")}` };
  expect(readWhatsAppReceipt(ofMeta, { appSecret: "" })).toBeNull();
  const statusCallback = "https://auth.example/messages/receipts/twilio";
  const ofTwilio = signed("sha1", `${statusCallback}MessageSidSM1`).toString("base64");
  const asTwilio = { body: "MessageSid=SM1", signature: ofTwilio };
  expect(readTwilioReceipt(asTwilio, { authToken: "", statusCallback })).toBeNull();
});

it("takes a provider that is away or never answers for one that is busy", async () => {
  const away = twilioSender({ accountSid: "AC1", authToken: "t", from: "+1", url: "http://127.0.0.1:1" });
  await expect(away.send(message, signal())).rejects.toMatchObject({ refusal: "busy" });
  const silent = createTcpServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  open.push(() => silent.close());
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const waiting = twilioSender({ accountSid: "AC1", authToken: "t", from: "+1", url });
  await expect(waiting.send(message, AbortSignal.timeout(50))).rejects.toMatchObject({ refusal: "busy" });
});

it("says why there was no answer: an address where nobody listens, and a host that there is not", async () => {
  const { url } = await standIn([200, {}]);
  for (const close of open.splice(0)) close();
  const send = (to: string) =>
    webhookEndpoint({ url: to, secrets: [randomBytes(24).toString("base64")] })({ id: "1", body: "{}" }, signal());
  await expect(send(url)).rejects.toThrow(/^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
  await expect(send("https://nowhere.invalid/hooks")).rejects.toThrow(
    /^getaddrinfo (ENOTFOUND|EAI_AGAIN) nowhere\.invalid$/,
  );
  const provider = twilioSender({ accountSid: "AC1", authToken: "t", from: "+1", url });
  await expect(provider.send(message, signal())).rejects.toThrow(/ECONNREFUSED/);
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

it.skipIf(!hasOpenssl)("tells a certificate that nobody is known to have signed, and sends nothing there", async () => {
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const made = spawnSync("openssl", [...request, "-keyout", "-", "-out", "-"], { encoding: "utf8" }).stdout;
  let calls = 0;
  const server = createTlsServer({ key: made, cert: made }, (_request, response) => {
    calls += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => server.close());
  const url = `https://localhost:${(server.address() as AddressInfo).port}/hooks`;
  const deliver = webhookEndpoint({ url, secrets: [randomBytes(24).toString("base64")] });
  await expect(deliver({ id: "1", body: "{}" }, signal())).rejects.toThrow("self-signed certificate");
  expect(calls).toBe(0);
});

it("sends by SMTP, and tells a mailbox that is not there from a server that is full", async () => {
  let answer = "250 OK";
  const lines: string[] = [];
  const server = createTcpServer((socket) => {
    let isData = false;
    socket.on("error", () => {});
    socket.write("220 stand-in\r\n");
    socket.on("data", (chunk) => {
      for (const line of chunk.toString().split("\r\n").slice(0, -1)) {
        lines.push(line);
        if (isData && line !== ".") continue;
        if (line === ".") isData = false;
        if (line === "DATA") isData = true;
        const isRecipient = line.startsWith("RCPT");
        socket.write(`${isData ? "354 go on" : isRecipient ? answer : "250 OK"}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => server.close());
  const url = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sender = smtpSender({ url, from: "Shop <no-reply@shop.example>", subject: () => "Your code" });
  const mail = { ...message, to: "a@example.com", channel: "email" } as const;
  expect((await sender.send(mail, signal())).providerId).toContain(message.id);
  expect(lines).toContain("Subject: Your code");
  answer = "550 no such mailbox";
  await expect(sender.send(mail, signal())).rejects.toMatchObject({ refusal: "invalid_number" });
  answer = "452 full";
  await expect(sender.send(mail, signal())).rejects.toMatchObject({ refusal: "busy" });
});
