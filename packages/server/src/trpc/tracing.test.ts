import type { PlainConfig } from "@latchkey/auth";
import { createTestDatabase, type TestDatabase, testSecret } from "@latchkey/auth/testing";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLatchkey, type Latchkey } from "../create-latchkey.ts";
import { traceCall, traceWork } from "./tracing.ts";

const password = "correct horse battery staple";
const username = "canary";
const phoneNumber = "+905321234567";
const proxy = "10.0.0.7";
const sent: string[] = [];

const exporter = new InMemorySpanExporter();
let database: TestDatabase;
let latchkey: Latchkey<PlainConfig>;
let token: string;

const done = Promise.resolve({ ok: true });

/** As many as no compiler looks into from where they are called: it would find that nothing happens there, and do it once. */
const works = [() => done, () => done, () => done, () => done, () => done, () => done];

type Work = () => typeof done;

/** Milliseconds of so many calls with nothing to do. */
function timeCalls(count: number, call: (work: Work) => Promise<unknown>): number {
  const startedAt = performance.now();
  for (let turn = 0; turn < count; turn += 1) for (const work of works) void call(work);
  return performance.now() - startedAt;
}

/** Nanoseconds that a span adds to a call while nobody listens: of several rounds the least, since others work on this machine too. */
function measureUnheard(wrapped: (work: Work) => Promise<unknown>): number {
  const count = 20_000;
  const least = { plain: Number.POSITIVE_INFINITY, wrapped: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 30; round += 1) {
    least.plain = Math.min(
      least.plain,
      timeCalls(count, (work) => work()),
    );
    least.wrapped = Math.min(least.wrapped, timeCalls(count, wrapped));
  }
  return ((least.wrapped - least.plain) / (count * works.length)) * 1_000_000;
}

let unheard: readonly [call: number, work: number];

beforeAll(async () => {
  unheard = [
    measureUnheard((work) => traceCall("token.obtain", work)),
    measureUnheard((work) => traceWork("hash", { kind: "bcrypt_sha256" }, work)),
  ];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  database = await createTestDatabase();
  latchkey = await createLatchkey({
    ...{ database: database.connection, secret: testSecret, passwords: { cost: 10, hashConcurrency: 1 } },
    http: { trustedProxies: ["10.0.0.0/8"] },
    messages: {
      countries: ["TR"],
      senders: {
        sms: {
          async send({ text }: { readonly text: string }) {
            sent.push(text);
            return {};
          },
        },
      },
    },
  });
  await latchkey.auth.createUser({ username, phoneNumber, password });
  token = (await obtain()).body.result.data.token;
});

afterAll(async () => {
  await latchkey.stop();
  await database[Symbol.asyncDispose]();
  // Other files of this worker are not traced.
  for (const api of [trace, context, propagation]) api.disable();
});

beforeEach(() => exporter.reset());

async function request(path: string, init: RequestInit = {}, remoteAddress = "203.0.113.9") {
  const answer = await latchkey.fetch(new Request(`http://127.0.0.1/trpc/${path}`, init), { remoteAddress });
  // biome-ignore lint/suspicious/noExplicitAny: the wire is untyped; each test asserts the shape
  const body: any = await answer.json();
  return { status: answer.status, body };
}

const post = (path: string, input: object, headers: Record<string, string> = {}, from?: string) =>
  request(
    path,
    { method: "POST", body: JSON.stringify(input), headers: { "content-type": "application/json", ...headers } },
    from,
  );

const obtain = (input: object = {}, headers: Record<string, string> = {}, from?: string) =>
  post("token.obtain", { username, password, ...input }, headers, from);

const get = (path: string) => request(path, { headers: { authorization: `Bearer ${token}` } });

const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);

const only = (name: string): ReadableSpan => {
  const [span, ...more] = named(name);
  expect(more, name).toEqual([]);
  if (!span) throw new Error(`There is no span ${name}`);
  return span;
};

const isChildOf = (child: ReadableSpan, parent: ReadableSpan) =>
  child.parentSpanContext?.spanId === parent.spanContext().spanId &&
  child.spanContext().traceId === parent.spanContext().traceId;

describe("with somebody who listens", () => {
  test("a sign-in is a span of its procedure, with the hash below it", async () => {
    expect((await obtain()).status).toBe(200);
    const call = only("token.obtain");
    expect(call.attributes).toEqual({ "rpc.system": "trpc", "rpc.method": "token.obtain" });
    expect(call.status.code).toBe(0);
    const hash = only("latchkey.hash");
    expect(hash.attributes).toEqual({ "latchkey.kind": "bcrypt_sha256" });
    expect(isChildOf(hash, call)).toBe(true);
  });

  test("who waits for a hash has a span for it, below the call that waits", async () => {
    // One hash is made at once, so that of many calls some wait, whatever else the machine does.
    await Promise.all(Array.from({ length: 8 }, () => obtain()));
    const waits = named("latchkey.hash_wait");
    expect(waits.length).toBeGreaterThan(0);
    for (const wait of waits) expect(named("token.obtain").filter((call) => isChildOf(wait, call))).toHaveLength(1);
  });

  test("calls that arrive together share one read, which says of how many it is", async () => {
    await Promise.all([get("me.get"), get("me.get"), get("me.get")]);
    const read = only("latchkey.shared_read");
    expect(read.attributes).toEqual({ "latchkey.calls": 3 });
    expect(named("me.get").filter((call) => isChildOf(read, call))).toHaveLength(1);
  });

  test("a call of a batch has a span of its own", async () => {
    await get("me.get,sessions.list?batch=1&input={}");
    expect(named("me.get")).toHaveLength(1);
    expect(named("sessions.list")).toHaveLength(1);
  });

  test("a message that is handed to a provider has a span, and its code is in none", async () => {
    await post("codes.start", { purpose: "enter", to: phoneNumber });
    await expect.poll(() => named("latchkey.message").length, { timeout: 10_000 }).toBe(1);
    expect(only("latchkey.message").attributes).toEqual({ "latchkey.channel": "sms" });
  });

  test("a refusal says its reason and is no error; a defect is one, and says nothing of itself", async () => {
    expect((await obtain({ password: "wrong" })).status).toBe(400);
    expect(only("token.obtain").attributes["error.type"]).toBe("invalid_credentials");
    expect(only("token.obtain").status.code).toBe(0);
    exporter.reset();
    expect((await obtain({ username: 7 })).status).toBe(400);
    expect(only("token.obtain").attributes["error.type"]).toBe("invalid_input");
    exporter.reset();
    const defect = new Error(`a defect of ${username}`);
    await expect(traceWork("hash", {}, () => Promise.reject(defect))).rejects.toBe(defect);
    expect(only("latchkey.hash")).toMatchObject({ attributes: { "error.type": "internal" }, status: { code: 2 } });
    expect(only("latchkey.hash").events).toEqual([]);
  });

  test("a trace goes on that a trusted proxy names, and nobody else", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    await obtain({}, headers, proxy);
    expect(only("token.obtain")).toMatchObject({ parentSpanContext: { traceId, spanId: "00f067aa0ba902b7" } });
    expect(only("latchkey.hash").spanContext().traceId).toBe(traceId);
    exporter.reset();
    await obtain({}, headers);
    expect(only("token.obtain").parentSpanContext).toBeUndefined();
    exporter.reset();
    await obtain({}, { traceparent: "00-nonsense" }, proxy);
    expect(only("token.obtain").parentSpanContext).toBeUndefined();
  });

  test("a proxy that does not sample its trace is followed in that, for every span of the call", async () => {
    await obtain({}, { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00" }, proxy);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  test("no span says who calls: no name, number, address, token, code or password", async () => {
    await obtain();
    await obtain({ username: phoneNumber });
    await get("me.get");
    await get("sessions.list");
    await post("codes.start", { purpose: "enter", to: phoneNumber });
    await expect.poll(() => named("latchkey.message").length, { timeout: 10_000 }).toBe(1);
    const told = exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => JSON.stringify({ name, attributes, events, status }))
      .join("\n");
    const [user] = await database.query<{ id: string }>("select id from latchkey.users");
    const code = /\d{6}/.exec(sent.at(-1) ?? "")?.[0] ?? "no code was sent";
    for (const secret of [username, phoneNumber, "5321234567", "203.0.113.9", token, password, code, user?.id ?? ""])
      expect(told).not.toContain(secret);
  });
});

test("with nobody who listens, a span takes less than twenty nanoseconds, of the hundred thousand of a call", () => {
  const [call, work] = unheard;
  console.log(`nanoseconds a span with nobody listening: call ${call.toFixed(1)}, work ${work.toFixed(1)}`);
  expect(call).toBeLessThan(20);
  expect(work).toBeLessThan(20);
});
