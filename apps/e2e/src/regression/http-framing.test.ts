import { shareOut } from "@latchkey/auth/testing";
import { afterAll, expect, test } from "vitest";
import { sendRaw } from "../http/raw-socket.ts";
import { startLiveServer } from "../live-server.ts";

const { url, ...live } = await startLiveServer();
afterAll(() => live[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };
const head = "Host: localhost\r\nContent-Type: application/json\r\n";

async function readStatuses(bytes: string): Promise<number[]> {
  return (await sendRaw(url, bytes)).map(({ status }) => status);
}

function send(procedure: string, body: string, headers: Record<string, string> = json): Promise<Response> {
  return fetch(`${url}/trpc/${procedure}`, { method: "POST", headers, body });
}

const refusedBodies = [
  { why: "too large", path: "token.obtain", headers: json, status: 413 },
  { why: "of another type", path: "token.obtain", headers: { "content-type": "text/plain" }, status: 415 },
  { why: "for nothing that is there", path: "../nothing", headers: json, status: 404 },
].flatMap((refused) => [65_537, 1_000_000, 10_000_000].map((size) => ({ ...refused, size })));

// In the ordinary run each refusal once, and each size.
for (const { tags, cases } of shareOut(refusedBodies, 4))
  test.each(cases)(
    "a call after one whose $size bytes were $why never fails, although it takes the connection before",
    { tags },
    async ({ path, headers, status, size }) => {
      for (let round = 0; round < 10; round += 1) {
        const refused = await send(path, " ".repeat(size), headers);
        expect([refused.status, refused.headers.get("connection")]).toEqual([status, "close"]);
        await refused.text();
        const next = await send("token.verify", '{"token":"x"}');
        expect(await next.json()).toEqual({ result: { data: { active: false } } });
      }
    },
  );

test("a connection is kept after every answer to a call that came whole", async () => {
  for (const body of ['{"token":"x"}', "{}", "{"]) {
    const answer = await send("token.verify", body);
    expect(answer.headers.get("connection")).toBe("keep-alive");
    await answer.text();
  }
});

test.each(["/healthz", "/readyz"])("a health check of HTTP/1.0 without a host finds %s well", async (path) => {
  expect(await readStatuses(`GET ${path} HTTP/1.0\r\n\r\n`)).toEqual([200]);
  expect(await readStatuses(`HEAD ${path} HTTP/1.0\r\n\r\n`)).toEqual([200]);
});

test("a call of HTTP/1.1 names one host, and one only", async () => {
  const close = "Connection: close\r\n\r\n";
  expect(await readStatuses(`GET /healthz HTTP/1.1\r\n${close}`)).toEqual([400]);
  expect(await readStatuses(`GET /healthz HTTP/1.1\r\nHost: \r\n${close}`)).toEqual([400]);
  expect(await readStatuses(`GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n${close}`)).toEqual([400]);
  expect(await readStatuses(`GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n`)).toEqual([400]);
});

test.each([
  "gzip, chunked",
  "gzip,chunked",
  "chunked, chunked",
  "gzip\r\nTransfer-Encoding: chunked",
  "identity, chunked",
])("a body in another coding than chunks is not read as if it were: %j", async (coding) => {
  const bytes = `POST /trpc/token.verify HTTP/1.1\r\n${head}Transfer-Encoding: ${coding}\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
  const answers = await sendRaw(url, bytes);
  expect(answers.map(({ status }) => (status === 400 ? 501 : status))).toEqual([501]);
  expect(answers[0]?.headers.get("connection")).toBe("close");
});

test.each([
  [
    "chunks by HTTP/1.0",
    "POST /trpc/token.verify HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n",
  ],
  [
    "another HTTP than the one that is spoken",
    "POST /trpc/token.verify HTTP/2.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
  ],
  ["two hosts", "POST /trpc/token.verify HTTP/1.1\r\nHost: a\r\nHost: b\r\nTransfer-Encoding: chunked\r\n"],
])("%s are refused, and nothing that follows is read as another call", async (_, start) => {
  const answers = await sendRaw(
    url,
    `${start}Content-Type: application/json\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n${head}\r\n`,
  );
  expect(answers.map(({ status, headers }) => [status, headers.get("connection")])).toEqual([[400, "close"]]);
});

test.each([
  ["noise", "NOISE noise noise\r\n\r\n", 405],
  ["a folded header", `GET /healthz HTTP/1.1\r\n${head}X: a\r\n b\r\n\r\n`, 400],
  [
    "a chunk without a length",
    `POST /trpc/token.verify HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    400,
  ],
  ["headers without end", `GET /healthz HTTP/1.1\r\n${head}X: ${"x".repeat(20_000)}\r\n\r\n`, 431],
])("a call keeps its own answer when %s comes behind it on the connection", async (_, garbage, status) => {
  const call = `GET /readyz HTTP/1.1\r\n${head}\r\n`;
  for (const calls of [1, 2, 5]) {
    expect(await readStatuses(call.repeat(calls) + garbage)).toEqual([...Array(calls).fill(200), status]);
  }
});
