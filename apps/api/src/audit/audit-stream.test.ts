import { createHmac } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import type { StreamedEvent } from "@latchkey/auth";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../environment.ts";
import { createLog } from "../log.ts";
import { openAuditStream } from "./open-audit-stream.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const silent = createLog("silent");

const events: readonly StreamedEvent[] = Array.from({ length: 100 }, (_, index) => ({
  id: `0190a000-0000-7000-8000-${String(index).padStart(12, "0")}`,
  position: String(index + 1),
  occurredAt: new Date("2026-11-26T03:00:00.123Z"),
  event: "permissions_set",
  actorId: null,
  subjectId: null,
  address: "192.0.2.1",
  requestId: null,
  detail: { permissions: Array.from({ length: 30 }, (_, number) => `shop.ürün_${number}`) },
}));

function open(variables: Readonly<Record<string, string>>) {
  const stream = openAuditStream(parseSettings(variables), silent);
  if (!stream) throw new Error("There is no stream");
  return stream;
}

const never = new AbortController().signal;
const idOf = (text: string) => (JSON.parse(text) as StreamedEvent).id;
const ids = events.map(({ id }) => id);

test("without the setting nothing is told", () => {
  expect(openAuditStream(parseSettings({}), silent)).toBeUndefined();
});

describe("syslog", () => {
  test("by TCP has each event in a message of RFC 5424, with its length in bytes before it", async () => {
    let received = Buffer.alloc(0);
    const server = createServer((socket) => {
      socket.on("data", (data) => {
        received = Buffer.concat([received, Buffer.from(data)]);
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await open({ AUDIT_STREAM: "syslog", AUDIT_STREAM_URL: `tcp://127.0.0.1:${port}` }).deliver(events, never);
    const texts: string[] = [];
    while (received.length > 0) {
      const [head = "", length = ""] = /^(\d+) /.exec(received.toString("latin1", 0, 12)) ?? [];
      texts.push(received.toString("utf8", head.length, head.length + Number(length)));
      received = received.subarray(head.length + Number(length));
    }
    server.close();
    const pattern = /^<110>1 2026-11-26T03:00:00\.123Z [!-~]+ latchkey \d+ permissions_set - (\{.*\})$/;
    expect(texts.map((text) => idOf(pattern.exec(text)?.[1] ?? "{}"))).toEqual(ids);
  });

  test("that nobody listens to, or that takes nothing, is no delivery", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    const { deliver } = open({ AUDIT_STREAM: "syslog", AUDIT_STREAM_URL: `tcp://127.0.0.1:${port}` });
    await expect(deliver(events, never)).rejects.toThrow("ECONNREFUSED");
  });

  test("by TLS is told nothing where the certificate is nobody's", async () => {
    const server = createServer((socket) => void socket.end("no TLS")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { deliver } = open({ AUDIT_STREAM: "syslog", AUDIT_STREAM_URL: `tls://127.0.0.1:${port}` });
    await expect(deliver(events, never)).rejects.toThrow();
    server.close();
  });

  test("by UDP has one event in each packet", async () => {
    const socket = createSocket("udp4");
    const texts: string[] = [];
    socket.on("message", (message) => void texts.push(message.toString()));
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const few = events.slice(0, 5);
    const url = `udp://127.0.0.1:${socket.address().port}`;
    await open({ AUDIT_STREAM: "syslog", AUDIT_STREAM_URL: url }).deliver(few, never);
    await expect.poll(() => texts.map((text) => idOf(text.slice(text.indexOf("{"))))).toEqual(ids.slice(0, 5));
    socket.close();
  });
});

describe("a webhook", () => {
  test("gets every event in bodies of a bounded size, signed, and a refusal of one is no delivery", async () => {
    const bodies: { body: string; isSigned: boolean }[] = [];
    let status = 204;
    const server = createHttpServer(async (request, response) => {
      let body = "";
      for await (const part of request.setEncoding("utf8")) body += part;
      const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signature } = request.headers;
      const expected = createHmac("sha256", Buffer.alloc(32, 7)).update(`${id}.${time}.${body}`).digest("base64");
      bodies.push({ body, isSigned: signature === `v1,${expected}` });
      response.writeHead(status).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const AUDIT_STREAM_URL = `http://127.0.0.1:${port}/trail`;
    const { deliver } = open({ AUDIT_STREAM: "webhook", AUDIT_STREAM_URL, AUDIT_STREAM_SECRET: secret });
    await deliver(events, never);
    expect(bodies.length).toBeGreaterThan(1);
    expect(bodies.every(({ body, isSigned }) => isSigned && Buffer.byteLength(body) < 65_536)).toBe(true);
    const told = bodies.flatMap(({ body }) => JSON.parse(body).data.events as StreamedEvent[]);
    expect(told.map(({ id }) => id)).toEqual(ids);
    status = 500;
    await expect(deliver(events, never)).rejects.toThrow("HTTP 500");
    server.close();
  });
});

test("a stream is called by its server, whatever lets one in there, so that it goes on where that is replaced", () => {
  const nameOf = (url: string) =>
    open({ AUDIT_STREAM: "webhook", AUDIT_STREAM_URL: url, AUDIT_STREAM_SECRET: secret }).name;
  for (const rest of ["/", "/canary", "/v1/canary?token=canary"])
    expect(nameOf(`https://logs.example:8443${rest}`)).toBe("webhook https://logs.example:8443");
});

test.each([
  [{ AUDIT_STREAM: "syslog" }, "AUDIT_STREAM=syslog needs AUDIT_STREAM_URL"],
  [
    { AUDIT_STREAM: "webhook", AUDIT_STREAM_URL: "https://a.example" },
    "AUDIT_STREAM=webhook needs AUDIT_STREAM_SECRET",
  ],
  [
    { AUDIT_STREAM: "syslog", AUDIT_STREAM_URL: "https://a.example" },
    "AUDIT_STREAM=syslog needs an AUDIT_STREAM_URL of tls",
  ],
  [
    { AUDIT_STREAM: "webhook", AUDIT_STREAM_URL: "tls://a.example", AUDIT_STREAM_SECRET: secret },
    "AUDIT_STREAM=webhook needs an AUDIT_STREAM_URL of https",
  ],
  [
    { AUDIT_STREAM: "stdout", AUDIT_STREAM_URL: "https://a.example" },
    "AUDIT_STREAM_URL needs AUDIT_STREAM=syslog or webhook",
  ],
  [{ AUDIT_STREAM_SECRET: secret }, "AUDIT_STREAM_SECRET needs AUDIT_STREAM=webhook"],
  [{ AUDIT_STREAM: "syslog", AUDIT_STREAM_URL: "tls://user:pass@a.example" }, "without a password in it"],
])("settings that do not go together are refused in words: %j", (settings, message) => {
  expect(() => parseSettings(settings)).toThrow(message);
});
