import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { readWebhookReceipt } from "@latchkey/senders/webhook";
import type { ReceiptsHandler } from "@latchkey/server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Host, listen } from "./hosts.ts";
import { openShop, type Shop } from "./shop.ts";

// A provider signs the bytes that it sends. Whatever a host has made of them before, the bytes have to be there.

type OpenHost = (receipts: ReceiptsHandler) => Promise<Host>;

const options = { overrideGlobalObjects: false };

interface Parsed extends IncomingMessage {
  rawBody?: Buffer;
}

/** Hosts at which the bytes are left, though most of them read JSON of every request. */
const whole: Readonly<Record<string, OpenHost>> = {
  "node:http": (receipts) => listen(getRequestListener((request) => receipts(request), options)),

  "Express, whose parser keeps the bytes": (receipts) => {
    const app = express();
    app.use(
      express.json({
        verify: (request: Parsed, _response, bytes) => {
          request.rawBody = bytes;
        },
      }),
    );
    const listener = getRequestListener(
      (request, { incoming }) => receipts(request, { rawBody: (incoming as Parsed).rawBody }),
      options,
    );
    app.post("/messages/receipts/*path", listener);
    return listen(app);
  },

  "Fastify, whose parser keeps the bytes": async (receipts) => {
    const app = fastify();
    app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes: Buffer, done) => {
      Object.assign(request.raw, { rawBody: bytes });
      done(null, JSON.parse(bytes.toString()));
    });
    app.post("/messages/receipts/*", async ({ raw, url, headers }, reply) => {
      const request = new Request(`http://host${url}`, { method: "POST", headers: headers as Record<string, string> });
      const answer = await receipts(request, { rawBody: (raw as Parsed).rawBody });
      return reply.code(answer.status).send(await answer.text());
    });
    return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
  },

  "Hono, after a middleware that reads the text": (receipts) => {
    const app = new Hono();
    app.use(async (context, next) => {
      await context.req.text();
      await context.req.json();
      await next();
    });
    app.post("/messages/receipts/*", async ({ req }) => receipts(req.raw, { rawBody: await req.text() }));
    return listen(getRequestListener(app.fetch, options));
  },

  "a route handler of Next.js, which reads a copy": (receipts) => {
    // app/messages/receipts/[...path]/route.ts
    const POST = async (request: Request) => {
      await request.clone().json();
      return receipts(request);
    };
    return listen(getRequestListener((request) => POST(new Request(request.url, request)), options));
  },
};

/** Hosts at which something has read the body, and nothing has kept it. */
const eaten: Readonly<Record<string, OpenHost>> = {
  Express: (receipts) => {
    const app = express();
    app.use(express.json());
    app.post(
      "/messages/receipts/*path",
      getRequestListener((request) => receipts(request), options),
    );
    return listen(app);
  },

  Fastify: async (receipts) => {
    const app = fastify();
    app.post("/messages/receipts/*", async ({ url, headers }, reply) => {
      const request = new Request(`http://host${url}`, { method: "POST", headers: headers as Record<string, string> });
      const answer = await receipts(request);
      return reply.code(answer.status).send(await answer.text());
    });
    return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
  },

  "a fetch server": (receipts) =>
    listen(
      getRequestListener(async (request) => {
        const read = new Request(request.url, request);
        await read.json();
        return receipts(read);
      }, options),
    ),
};

const key = randomBytes(32);
const secret = `whsec_${key.toString("base64")}`;
const notices: string[] = [];

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

const openReceipts = () =>
  shop.latchkey.createReceiptsHandler({
    onNotice: (message) => void notices.push(message),
    signed: {
      webhook: ({ body, header }) =>
        readWebhookReceipt(
          {
            body,
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
          },
          { secret },
        ),
    },
  });

/** As a provider writes it, and nobody else would: no reader of JSON writes the same again. */
const write = (providerId: string) =>
  `{ "state" :"delivered",\n"providerId":"${providerId}" , "for": "Şükrü \\u00e9" }`;

function send(url: string, body: string, signedBody = body): Promise<Response> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", key).update(`r1.${timestamp}.${signedBody}`).digest("base64");
  return fetch(`${url}/messages/receipts/webhook`, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": "r1",
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    },
  });
}

async function putSent(providerId: string): Promise<void> {
  await shop.latchkey.auth.pool.query(
    `insert into latchkey.challenges (id, handle_hash, purpose, address, key_id, digits, next_send_at, expires_at, handed_at, channel,
      tells_channel, state, provider_id)
    values (gen_random_uuid(), decode(md5($1) || md5($1), 'hex'), 'sign_in', '+905321234567', 'k', 6, latchkey.now(),
      latchkey.now() + interval '10 minutes', latchkey.now(), 'sms', true, 'sent', $1)`,
    [providerId],
  );
}

async function readState(providerId: string): Promise<string | undefined> {
  const found = "select state from latchkey.challenges where provider_id = $1";
  return (await shop.latchkey.auth.pool.query<{ state: string }>(found, [providerId])).rows[0]?.state;
}

describe.each(Object.entries(whole))("receipts at %s", (name, open) => {
  let host: Host;
  beforeAll(async () => {
    host = await open(openReceipts());
  });
  afterAll(() => host.close());

  test("are believed by a signature of the bytes that came, and by no other", async () => {
    await putSent(name);
    expect((await send(host.url, write(name), write("another"))).status).toBe(403);
    expect((await send(host.url, write(name), JSON.stringify(JSON.parse(write(name))))).status).toBe(403);
    expect(await readState(name)).toBe("sent");
    expect((await send(host.url, write(name))).status).toBe(204);
    expect(await readState(name)).toBe("delivered");
  });
});

describe.each(Object.entries(eaten))("receipts at %s that has read the body and kept nothing", (name, open) => {
  test("are refused in words, and whoever runs the server is told once", async () => {
    await putSent(name);
    const host = await open(openReceipts());
    notices.length = 0;
    for (let time = 0; time < 2; time += 1) {
      const answer = await send(host.url, write(name));
      expect(answer.status).toBe(500);
      expect(await answer.text()).toContain("mount this before any body parser, or hand it rawBody");
    }
    expect(notices).toHaveLength(1);
    expect(await readState(name)).toBe("sent");
    await host.close();
  });
});

test("what is no provider's, no POST, or larger than a receipt, is refused as at the service", async () => {
  const receipts = openReceipts();
  const at = (path: string, init?: RequestInit) => receipts(new Request(`http://host${path}`, init));
  const post = { method: "POST", body: "{}" };
  const paths = [
    "/messages/receipts/nobody",
    "/messages/receipts/constructor",
    "/messages/receipts/webhook/x",
    "/webhook",
  ];
  for (const path of paths) expect((await at(path, post)).status, path).toBe(404);
  expect((await at("/messages/receipts/webhook")).status).toBe(405);
  expect((await at("/messages/receipts/webhook", { ...post, body: "x".repeat(300_000) })).status).toBe(413);
  const large = await receipts(new Request("http://host/messages/receipts/webhook", post), {
    rawBody: Buffer.alloc(300_000),
  });
  expect(large.status).toBe(413);
});

test("a secret in the path that is too short to be one, or empty as a variable that is not set, opens no path", () => {
  for (const secret of ["", "hunter2"])
    expect(() => shop.latchkey.createReceiptsHandler({ secret, bySecret: { http: () => [] } })).toThrow(
      "The secret of receipts is shorter than 32 bytes",
    );
});
