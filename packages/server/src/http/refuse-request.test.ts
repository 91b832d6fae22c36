import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestLimits } from "./limits.ts";
import { guard, refuseRequest } from "./refuse-request.ts";

const json = { "content-type": "application/json" };
const post = (headers: Record<string, string>, url = "/trpc/token.obtain") => ({ method: "POST", url, headers });

test.each([
  ["a method that is none of the three", { method: "TRACE", url: "/trpc/me.get", headers: {} }, 405],
  ["an address that is too long", { method: "GET", url: `/${"a".repeat(requestLimits.url)}`, headers: {} }, 400],
  ["a body that is not JSON", post({ "content-type": "text/plain" }), 415],
  ["two types of a body in one", post({ "content-type": "text/plain, application/json" }), 415],
  ["a body without a type", post({}), 415],
  ["a body that says it is too large", post({ ...json, "content-length": `${requestLimits.body + 1}` }), 413],
])("%s is refused", async (_title, request, status) => {
  expect(refuseRequest(request)?.status).toBe(status);
  const { body, ...init } = { ...request, body: null };
  expect(body).toBeNull();
  if (init.method === "TRACE") return;
  const platforms = new Request(new URL(init.url, "http://x.example"), init);
  expect(refuseRequest(platforms)?.status).toBe(status);
});

test("what every client sends is let through, by an absolute address as well", () => {
  const most = `/${"a".repeat(requestLimits.url - 1)}`;
  for (const url of [most, `http://x.example${most}`])
    expect(refuseRequest({ method: "GET", url, headers: {} })).toBeNull();
  const headers = { "content-type": "application/json; charset=utf-8", "content-length": `${requestLimits.body}` };
  expect(refuseRequest(post(headers))).toBeNull();
  expect(refuseRequest(new Request("http://x.example/trpc/a", { method: "POST", headers, body: "{}" }))).toBeNull();
});

const passed: string[] = [];
const listener: RequestListener = (request, response) => {
  passed.push(`${request.method} ${request.url}`);
  response.end("passed");
};
const server = createServer(guard(listener));
let port: number;
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => server.close());

async function send(text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("a guard answers before a body is read, says how to go on, and ends the connection", async () => {
  const head = `Host: x\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n\r\n`;
  const answer = await send(`POST /trpc/token.obtain HTTP/1.1\r\n${head}`);
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  expect(answer).toContain('"reason":"invalid_input"');
  const other = await send("DELETE /trpc/me.get HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  expect(other).toMatch(/^HTTP\/1\.1 405 .*\r\nallow: GET, HEAD, POST\r\n/is);
  expect(passed).toEqual([]);
  expect(await (await fetch(`http://127.0.0.1:${port}/trpc/me.get`)).text()).toBe("passed");
  expect(passed).toEqual(["GET /trpc/me.get"]);
});
