import { traceWork } from "@latchkey/server/internal";
import { context, propagation, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient } from "./form-client.ts";

const password = "correct horse battery";
const username = "canary";
const exporter = new InMemorySpanExporter();
let live: LiveServer;

beforeAll(async () => {
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  live = await startLiveServer({ watch: traceWork }, { trustedProxies: ["127.0.0.1"] });
  await live.test.auth.createUser({ username, password });
});

afterAll(async () => {
  await live?.[Symbol.asyncDispose]();
  // Other files of this worker are not traced.
  for (const api of [trace, context, propagation]) api.disable();
});

beforeEach(() => exporter.reset());

const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);

const only = (name: string): ReadableSpan => {
  const [span, ...more] = named(name);
  expect(more, name).toEqual([]);
  if (!span) throw new Error(`There is no span ${name}`);
  return span;
};

const isBelow = (child: ReadableSpan, parent: ReadableSpan) =>
  child.parentSpanContext?.spanId === parent.spanContext().spanId;

describe.skipIf(!isService)("a request for a page", () => {
  test("is a span by its path, with what was answered", async () => {
    await createFormClient(live.url).get("/sign-in?return_to=/canary");
    const span = only("GET /sign-in");
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.attributes).toEqual({
      "http.request.method": "GET",
      "http.route": "/sign-in",
      "http.response.status_code": 200,
    });
  });

  test("is the parent of what the page calls, and that is no call of its own from outside", async () => {
    const browser = createFormClient(live.url);
    await browser.post("/cookie/sign-in", { form: "1", username, password });
    const form = only("POST /cookie/sign-in");
    expect(form.attributes["http.response.status_code"]).toBe(303);
    const call = only("token.obtain");
    expect(call.kind).toBe(SpanKind.INTERNAL);
    expect(isBelow(call, form)).toBe(true);
    expect(named("latchkey.hash").filter((hash) => isBelow(hash, call))).toHaveLength(1);
    exporter.reset();
    await browser.get("/account");
    const page = only("GET /account");
    expect(new Set(named("me.get").map((read) => isBelow(read, page)))).toEqual(new Set([true]));
  });

  test("that no page answers has a name that nobody chose", async () => {
    const browser = createFormClient(live.url);
    await browser.get("/canary", { accept: "text/html" });
    await browser.get("/pages/canary.css");
    await fetch(`${live.url}/sign-in`, { method: "PROPFIND" });
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["GET *", "GET /pages/*", "HTTP /sign-in"]);
  });

  test("goes on with the trace of a trusted proxy", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    await createFormClient(live.url).post("/cookie/sign-in", { form: "traced", username, password }, { traceparent });
    expect(only("POST /cookie/sign-in")).toMatchObject({ parentSpanContext: { traceId, spanId: "00f067aa0ba902b7" } });
    expect(only("token.obtain").spanContext().traceId).toBe(traceId);
  });

  test("tells no span who it is", async () => {
    const browser = createFormClient(live.url);
    await browser.post("/cookie/sign-in?return_to=/canary", { form: "wrong", username, password: "canary" });
    await browser.post("/cookie/sign-in", { form: "right", username, password });
    await browser.get("/account");
    const told = exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => JSON.stringify({ name, attributes, events, status }))
      .join("\n");
    expect(told).not.toMatch(/canary|127\.0\.0\.1|battery/);
  });

  test("has its user in the line of the log, as a call of the API has", async () => {
    const browser = createFormClient(live.url);
    await browser.post("/cookie/sign-in", { form: "logged", username, password });
    await browser.get("/account");
    const lines = live.logged.map((line) => JSON.parse(line));
    const [{ id = "" } = {}] = await live.test.database.query<{ id: string }>("select id from latchkey.users");
    expect(lines.findLast(({ path }) => path === "/account")).toMatchObject({ userId: id });
  });
});
