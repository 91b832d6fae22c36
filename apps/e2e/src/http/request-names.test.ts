import { afterAll, test as base, describe, expect } from "vitest";
import { call, isService, startLiveServer } from "../live-server.ts";

const behindProxy = await startLiveServer({}, { trustedProxies: ["127.0.0.1"] });
const direct = await startLiveServer();
afterAll(async () => {
  await behindProxy[Symbol.asyncDispose]();
  await direct[Symbol.asyncDispose]();
});

// A server of a team's own names its requests itself.
const test = base.runIf(isService);

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const own = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

const nameOf = async (url: string, headers: Record<string, string>) =>
  (await fetch(`${url}/healthz`, { headers })).headers.get("x-request-id") ?? "";

describe("behind a trusted proxy a request", () => {
  test.each([
    [
      "keeps the id that the proxy gave it",
      { "x-request-id": "Root=1-67891233-abcdef012345678912345678" },
      /^Root=1-67891233/,
    ],
    ["keeps that id also beside a trace", { "x-request-id": "abc", traceparent }, /^abc$/],
    ["is called by its trace, where that is all there is", { traceparent }, new RegExp(`^${traceId}$`)],
    ["gets one of our own where there is none", {}, own],
    ["gets one where the id is too long", { "x-request-id": "a".repeat(129) }, own],
    ["gets one where the id has other characters", { "x-request-id": "a<script>" }, own],
    ["gets one where the id is empty", { "x-request-id": "" }, own],
    ["gets one where the trace is of nobody", { traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01` }, own],
    ["gets one where the trace is no trace", { traceparent: "00-xyz-1-01" }, own],
  ] as const)("%s", async (_title, headers, expected) => {
    expect(await nameOf(behindProxy.url, headers)).toMatch(expected);
  });

  test("has that id in its log line and in the audit trail too", async () => {
    const input = { username: "nobody", password: "correct horse battery" };
    const headers = { "x-request-id": "edge-7.42", traceparent };
    await call(behindProxy.url, "token.obtain", { input, headers });
    const [event] = await behindProxy.test.database.query(
      "select request_id from latchkey.audit_events where event = 'sign_in_refused' order by position desc limit 1",
    );
    expect(event).toEqual({ request_id: "edge-7.42" });
    const lines = behindProxy.logged.map((line) => JSON.parse(line));
    expect(lines.find(({ requestId }) => requestId === "edge-7.42")).toMatchObject({
      msg: "answered",
      traceId,
      pid: process.pid,
      host: expect.any(String),
    });
  });
});

test("of nobody else an id is taken over, so that no stranger writes into the trail what an operator looks for", async () => {
  expect(await nameOf(direct.url, { "x-request-id": "mine", traceparent })).toMatch(own);
});
