import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server } from "node:http";
import { connect } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { call, hostOfSuite, isService, startLiveServer } from "../live-server.ts";
import { password, signUp } from "./accounts-over-http.ts";
import { type RawAnswer, sendRaw } from "./raw-socket.ts";

const live = await startLiveServer();
const { token } = await signUp(live, { username: "alice" });
afterAll(() => live[Symbol.asyncDispose]());

const crlf = "\r\n";
const last = `Host: localhost${crlf}Connection: close${crlf}`;
const bearer = `Authorization: Bearer ${token}${crlf}`;
const json = `Content-Type: application/json${crlf}`;

const get = (target: string, headers = "") => `GET ${target} HTTP/1.1${crlf}${last}${headers}${crlf}`;
const post = (target: string, body: string | Buffer, headers = json) =>
  Buffer.concat([
    Buffer.from(
      `POST ${target} HTTP/1.1${crlf}${last}${headers}Content-Length: ${Buffer.byteLength(body)}${crlf}${crlf}`,
    ),
    Buffer.from(body),
  ]);
const chunked = (target: string, ...chunks: string[]) =>
  `POST ${target} HTTP/1.1${crlf}${last}${json}Transfer-Encoding: chunked${crlf}${crlf}${[...chunks, ""]
    .map((chunk) => `${Buffer.byteLength(chunk).toString(16)}${crlf}${chunk}${crlf}`)
    .join("")}`;
const withMethod = (method: string, target = "/trpc/me.get") =>
  `${method} ${target} HTTP/1.1${crlf}${last}${bearer}${crlf}`;

const signIn = JSON.stringify({ username: "alice", password });
const limit = 64 * 1024;

/** What each hostile request is answered with. */
const requests: Readonly<Record<string, readonly [bytes: string | Uint8Array, status: number]>> = {
  "a body of one byte too many": [post("/trpc/token.obtain", signIn.padEnd(limit + 1)), 413],
  "a streamed body of one byte too many": [
    chunked("/trpc/token.obtain", signIn, " ".repeat(limit - signIn.length + 1)),
    413,
  ],
  "a body that claims 10 MB and sends none": [
    `POST /trpc/token.obtain HTTP/1.1${crlf}${last}${json}Content-Length: 10000000${crlf}${crlf}`,
    413,
  ],
  "a body that claims more bytes than there are numbers": [
    `POST /trpc/token.obtain HTTP/1.1${crlf}${last}${json}Content-Length: 99999999999999999999${crlf}${crlf}`,
    400,
  ],
  "a negative length": [`POST /trpc/token.obtain HTTP/1.1${crlf}${last}${json}Content-Length: -1${crlf}${crlf}`, 400],
  "no body and no length": [`POST /trpc/token.obtain HTTP/1.1${crlf}${last}${json}${crlf}`, 400],
  "a chunk that is no chunk": [
    `POST /trpc/token.obtain HTTP/1.1${crlf}${last}${json}Transfer-Encoding: chunked${crlf}${crlf}zz${crlf}`,
    400,
  ],
  "a body that says it is compressed": [post("/trpc/token.obtain", "{}", `${json}Content-Encoding: gzip${crlf}`), 415],
  "bytes that are not UTF-8": [
    post(
      "/trpc/token.obtain",
      Buffer.concat([
        Buffer.from('{"username":"'),
        Buffer.from([0xff, 0xc0, 0xed, 0xa0]),
        Buffer.from('","password":"x"}'),
      ]),
    ),
    400,
  ],
  "UTF-16": [post("/trpc/token.obtain", Buffer.from(signIn, "utf16le")), 400],
  "arrays nested as deep as a body is long": [
    post("/trpc/token.obtain", "[".repeat(limit / 2) + "]".repeat(limit / 2)),
    400,
  ],
  "arrays that never close": [post("/trpc/token.obtain", "[".repeat(limit)), 400],
  "objects nested deep in a field": [
    post("/trpc/token.obtain", `{"username":${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)},"password":"x"}`),
    400,
  ],
  "a number too large": [post("/trpc/token.obtain", `{"username":1e999,"password":"x"}`), 400],
  "a prototype in place of an object": [
    post("/trpc/token.obtain", `{"__proto__":{"username":"alice","password":"${password}"}}`),
    400,
  ],
  "a constructor with a prototype": [
    post("/trpc/me.update", '{"constructor":{"prototype":{"isStaff":true}}}', json + bearer),
    400,
  ],
  "a batch whose inputs are an array": [post("/trpc/token.obtain?batch=1", "[1]"), 400],
  "a batch whose inputs are null": [post("/trpc/token.obtain?batch=1", "null"), 400],
  "a batch whose inputs have prototypes for indices": [
    post("/trpc/token.obtain?batch=1", '{"__proto__":{"0":{}}}'),
    400,
  ],

  "a batch of 21": [get(`/trpc/${Array(21).fill("me.get").join()}?batch=1`, bearer), 400],
  "a batch of 1,000": [get(`/trpc/${Array(1_000).fill("a").join()}?batch=1`), 400],
  "4,000 commas": [get(`/trpc/${",".repeat(4_000)}?batch=1`), 400],
  "5,000 commas": [get(`/trpc/${",".repeat(5_000)}?batch=1`), 400],
  "commas without a batch": [get(`/trpc/${",".repeat(4_000)}`), 404],
  "a batch of queries and mutations": [get("/trpc/me.get,token.obtain?batch=1", bearer), 400],
  "a stream that is no batch": [get("/trpc/me.get", `trpc-accept: application/jsonl${crlf}`), 400],
  "connection parameters that are no JSON": [get("/trpc/me.get?connectionParams=x", bearer), 400],

  "an address of one character too many": [get(`/trpc/${"a".repeat(4 * 1024 - 5)}`), 400],
  "a long address that needs escapes": [get(`/trpc/${"%01".repeat(1_300)}`), 404],
  "headers of over 16 KB": [get("/healthz", `X: ${"a".repeat(16 * 1024)}${crlf}`), 431],
  "a thousand headers": [get("/healthz", `X: a${crlf}`.repeat(3_000)), 431],
  "a folded header": [get("/healthz", `X: a${crlf} b${crlf}`), 400],
  "a NUL in a header": [get("/healthz", `X: a\0b${crlf}`), 400],
  "a lone carriage return in a header": [get("/healthz", `X: a\rY: b${crlf}`), 400],
  "white space before a header's colon": [get("/healthz", `X : a${crlf}`), 400],
  "two lengths": [
    `POST /trpc/token.obtain HTTP/1.1${crlf}${last}${json}Content-Length: 2${crlf}Content-Length: 3${crlf}${crlf}{} `,
    400,
  ],
  "a length beside chunks": [
    `POST /trpc/token.obtain HTTP/1.1${crlf}${last}${json}Content-Length: 5${crlf}Transfer-Encoding: chunked${crlf}${crlf}0${crlf}${crlf}`,
    400,
  ],
  "two Authorization headers": [get("/trpc/me.get", bearer + bearer), 401],
  "a good Authorization header before another scheme": [
    get("/trpc/me.get", `${bearer}Authorization: Basic x${crlf}`),
    401,
  ],
  "two tokens in one header": [get("/trpc/me.get", `Authorization: Bearer ${token}, Bearer ${token}${crlf}`), 401],
  "a token of 9,000 characters": [get("/trpc/me.get", `Authorization: Bearer ${"a".repeat(9_000)}${crlf}`), 401],

  "a form": [
    post("/trpc/token.obtain", "username=alice", `Content-Type: application/x-www-form-urlencoded${crlf}`),
    415,
  ],
  "plain text": [post("/trpc/token.obtain", signIn, `Content-Type: text/plain${crlf}`), 415],
  "no content type": [post("/trpc/token.obtain", signIn, ""), 415],
  "a type that begins like JSON": [post("/trpc/token.obtain", signIn, `Content-Type: application/jsonp${crlf}`), 415],
  "two content types": [post("/trpc/token.obtain", signIn, `Content-Type: text/plain, application/json${crlf}`), 415],
  "several parts": [
    post("/trpc/token.obtain", `--x${crlf}${crlf}${crlf}--x--`, `Content-Type: multipart/form-data; boundary=x${crlf}`),
    415,
  ],
  bytes: [post("/trpc/token.obtain", signIn, `Content-Type: application/octet-stream${crlf}`), 415],
  "several parts in a GET": [get("/trpc/token.obtain", `Content-Type: multipart/form-data; boundary=x${crlf}`), 415],
  "bytes in a GET": [get("/trpc/token.obtain", `Content-Type: application/octet-stream${crlf}`), 415],

  TRACE: [withMethod("TRACE"), 405],
  PUT: [withMethod("PUT"), 405],
  "PUT with a body": [post("/trpc/token.obtain", signIn).toString().replace("POST", "PUT"), 405],
  DELETE: [withMethod("DELETE"), 405],
  PATCH: [withMethod("PATCH"), 405],
  OPTIONS: [withMethod("OPTIONS"), 405],
  QUERY: [withMethod("QUERY"), 405],
  PROPFIND: [withMethod("PROPFIND"), 405],
  CONNECT: [withMethod("CONNECT"), 405],
  "a tunnel": [`CONNECT evil.example:443 HTTP/1.1${crlf}Host: evil.example:443${crlf}${crlf}`, 405],
  "a method that nobody knows": [withMethod("STEAL"), 405],
  "a method in lower case": [withMethod("get"), 405],
  "GET on a mutation": [get(`/trpc/token.obtain?input=${encodeURIComponent(signIn)}`), 405],
  "a query by POST without a token": [post("/trpc/me.get", "{}"), 401],
  "a query by POST that wants to be a GET": [
    post("/trpc/token.obtain", "{}", `${json}X-HTTP-Method-Override: GET${crlf}`),
    400,
  ],
  "a query by POST that is a form": [
    post("/trpc/me.get", "input={}", `Content-Type: application/x-www-form-urlencoded${crlf}${bearer}`),
    415,
  ],
  "POST to the health of the process": [post("/healthz", "{}"), 405],
  "DELETE of the public keys": [withMethod("DELETE", "/.well-known/jwks.json"), 405],

  "a procedure that is not there": [get("/trpc/nothing"), 404],
  "a procedure called __proto__": [get("/trpc/__proto__"), 404],
  "a procedure called constructor": [get("/trpc/constructor"), 404],
  "a procedure called token.__proto__": [get("/trpc/token.__proto__"), 404],
  "a procedure called token.constructor.name": [get("/trpc/token.constructor.name"), 404],
  "a router in place of a procedure": [get("/trpc/token"), 404],
  "more than a procedure": [post("/trpc/token.obtain.x", signIn), 404],
  "a procedure in capitals": [post("/trpc/TOKEN.OBTAIN", signIn), 404],
  "no procedure": [get("/trpc/"), 404],
  "no procedure and no slash": [get("/trpc"), 404],
  "two slashes": [get("//trpc/me.get", bearer), 404],
  "a path that climbs out": [get("/trpc/../../../etc/passwd"), 404],
  "a path that climbs out in escapes": [get("/trpc/%2e%2e%2f%2e%2e%2fetc%2fpasswd"), 404],
  "the source": [get("/src/app.ts"), 404],
  "a NUL in the path": [get("/trpc/%00"), 404],
  "a header in the path": [get("/trpc/%0d%0aSet-Cookie:%20x=1"), 404],
  "an escape that breaks off": [get("/trpc/%"), 400],
  "an escape of half a character": [get("/trpc/%E0%A4%A"), 400],
  "an escape that is not UTF-8": [get("/trpc/%ff"), 400],
  "a backslash in the path": [get("/trpc\\me.get"), 400],
  "letters that are not ASCII in the path": [get("/trpc/é"), 400],
  "a space in the path": [get("/trpc/a b"), 400],
  "markup in the path": [get("/trpc/%3Cscript%3Ealert(1)%3C/script%3E"), 404],

  "a token in the query": [get(`/trpc/me.get?access_token=${token}`), 401],
  "a token in the body": [post("/trpc/me.update", JSON.stringify({ access_token: token })), 401],
  "a token in a cookie": [get("/trpc/me.get", `Cookie: access_token=${token}${crlf}`), 401],

  "HTTP/1.0": [`GET /healthz HTTP/1.0${crlf}Host: localhost${crlf}${crlf}`, 200],
  "HTTP/1.0 without a host": [`GET /healthz HTTP/1.0${crlf}${crlf}`, 200],
  "two hosts": [get("/healthz", `Host: evil.example${crlf}`), 400],
  "HTTP/0.9": [`GET /healthz${crlf}${crlf}`, 400],
  "HTTP/2 without asking": [`PRI * HTTP/2.0${crlf}${crlf}SM${crlf}${crlf}`, 400],
  "lines that end in a line feed only": ["GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n", 400],
  "no host": [`GET /healthz HTTP/1.1${crlf}Connection: close${crlf}${crlf}`, 400],
  "an empty host": [`GET /healthz HTTP/1.1${crlf}Host:${crlf}Connection: close${crlf}${crlf}`, 400],
  "a host that is markup": [`GET /healthz HTTP/1.1${crlf}Host: <script>${crlf}Connection: close${crlf}${crlf}`, 400],
  "a host with a path": [`GET /trpc/me.get HTTP/1.1${crlf}Host: x/healthz?${crlf}Connection: close${crlf}${crlf}`, 400],
  "a port that is none": [`GET /healthz HTTP/1.1${crlf}Host: x:99999${crlf}Connection: close${crlf}${crlf}`, 400],
  "another host in an absolute target": [get("http://evil.example/trpc/me.get"), 401],
  "an absolute target without a host": [get("http://"), 400],
  "an absolute target of another scheme": [get("ftp://localhost/healthz"), 400],
  "a target that is a star": [get("*"), 400],
  "OPTIONS of everything": [withMethod("OPTIONS", "*"), 400],
  "an expectation": [post("/trpc/token.obtain", "{}", `${json}Expect: 100-continue${crlf}`), 400],
  "an expectation that nobody knows": [post("/trpc/token.obtain", "{}", `${json}Expect: a-miracle${crlf}`), 417],
  "an upgrade": [get("/trpc/me.get", `Connection: upgrade${crlf}Upgrade: websocket${crlf}`), 401],
  "a handshake of TLS": [Buffer.from("16030100c8010000c40303", "hex"), 405],
  noise: [Buffer.from("\0\x01\xff\xfe\r\n\r\n", "latin1"), 405],
};

/** What a server of a team's own leaves to Node: what its parser gives up on, and which host a request is for. Its health is its own. */
const ofNode: Readonly<Record<string, number | null>> = {
  CONNECT: null,
  "a tunnel": null,
  "a method that nobody knows": 400,
  "a method in lower case": 400,
  "a handshake of TLS": 400,
  noise: 400,
  "POST to the health of the process": 200,
  "two hosts": 200,
  "HTTP/0.9": 200,
  "an empty host": 200,
  "a host that is markup": 200,
  "a port that is none": 200,
};

/** What the standalone adapter of tRPC answers otherwise, behind `guard`: it reads no host, and its word for the end of a body is 400. */
const ofStandalone: Readonly<Record<string, number>> = {
  "a host with a path": 401,
  "a streamed body of one byte too many": 400,
};

/** Null where the connection ends without an answer. */
function statusOnHost(title: string, status: number): number | null {
  const own = { ...(!isService && ofNode), ...(hostOfSuite === "standalone" && ofStandalone) };
  return own[title] === undefined ? status : own[title];
}

const leak = /node_modules|file:\/\/|\bat [\w.]+ \(|\.[jt]s:\d|\/src\/|postgres|kysely|zod/i;

/** What holds for every answer to whatever was sent. */
function expectHarmless({ status, headers, body }: RawAnswer, isTyped = true): void {
  expect(status).toBeLessThan(500);
  if (status >= 400) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(10 * 1024);
  expect(body).not.toMatch(leak);
  expect(body).not.toContain(password);
  expect(headers.get("set-cookie")).toBeNull();
  expect(headers.get("x-powered-by")).toBeNull();
  if (status === 405) expect(headers.get("allow")).toMatch(/^(GET|POST)/);
  if (body.startsWith("{") && isTyped) expect(headers.get("content-type")).toBe("application/json");
}

describe("refuses, and stays up after", () => {
  test.each(Object.entries(requests))("%s", async (title, [bytes, status]) => {
    const answers = await sendRaw(live.url, bytes);
    const expected = statusOnHost(title, status);
    expect(answers.map((answer) => answer.status)).toEqual(expected === null ? [] : [expected]);
    // tRPC's own adapters leave the type open where they refuse to stream.
    const isTyped = title !== "a stream that is no batch" || !hostOfSuite || hostOfSuite === "handler";
    for (const answer of answers) expectHarmless(answer, isTyped);
    const health = await fetch(`${live.url}/healthz`);
    expect(await health.json()).toEqual({ status: "ok" });
  });

  test("none of it is logged as a failure", () => {
    const failures = live.logged.filter((line) => !line.includes('"level":"info"'));
    expect(failures).toEqual([]);
  });
});

describe("holds its limits", () => {
  test("a body of exactly the limit is read, with its length told and without", async () => {
    for (const bytes of [
      post("/trpc/token.obtain", signIn.padEnd(limit)),
      chunked("/trpc/token.obtain", ...signIn, " ".repeat(limit - signIn.length)),
    ]) {
      const [answer] = await sendRaw(live.url, bytes);
      expect(answer?.status).toBe(200);
    }
  });

  test("the limit is told in the shape of every other refusal, and kept by nobody", async () => {
    const [answer] = await sendRaw(live.url, post("/trpc/token.obtain", " ".repeat(limit + 1)));
    expect(JSON.parse(answer?.body ?? "")).toEqual({
      error: {
        message: "The body is larger than 65536 bytes",
        code: -32013,
        data: { code: "PAYLOAD_TOO_LARGE", httpStatus: 413, reason: "invalid_input" },
      },
    });
    expect(answer?.headers.get("cache-control")).toBe("no-store");
    expect(answer?.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("10 MB are answered before they are read", async () => {
    const head = `POST /trpc/token.obtain HTTP/1.1${crlf}Host: localhost${crlf}${json}Content-Length: 10485760${crlf}${crlf}`;
    const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(10 * 1024 * 1024, "x")]);
    const [answer] = await sendRaw(live.url, bytes, { answers: 1 });
    expect(answer?.status).toBe(413);
  });

  test("requests in one breath are answered one by one, in their order", async () => {
    const keepAlive = (request: string | Buffer) => request.toString().replace(`Connection: close${crlf}`, "");
    const answers = await sendRaw(
      live.url,
      [
        keepAlive(get("/trpc/me.get", bearer)),
        keepAlive(get("/trpc/me.get")),
        keepAlive(post("/trpc/token.obtain", "{")),
        keepAlive(get("/trpc/nothing")),
        get("/trpc/me.get", bearer),
      ].join(""),
    );
    expect(answers.map((answer) => answer.status)).toEqual([200, 401, 400, 404, 200]);
    expect(answers[0]?.body).toContain('"username":"alice"');
    expect(answers[1]?.body).not.toContain("alice");
  });

  test("HEAD gets no body and changes nothing", async () => {
    for (const target of ["/healthz", "/.well-known/jwks.json", "/trpc/me.get", "/trpc/token.obtain"]) {
      const [answer] = await sendRaw(live.url, `${withMethod("HEAD", target)}`);
      expect(answer?.status).toBeLessThan(300);
      expect(answer?.body).toBe("");
    }
  });

  test("whoever closes their half at once does no harm", async () => {
    for (const bytes of [get("/trpc/me.get", bearer), post("/trpc/token.obtain", signIn), "GET /heal", ""]) {
      for (const answer of await sendRaw(live.url, bytes, { halfClose: true })) expectHarmless(answer);
    }
    expect(await (await fetch(`${live.url}/healthz`)).json()).toEqual({ status: "ok" });
  });

  test("whoever hangs up in the middle of a body is no failure of the service or its database", async () => {
    await using own = await startLiveServer();
    const { port } = new URL(own.url);
    const heads = [`Content-Length: 100${crlf}${crlf}{`, `Transfer-Encoding: chunked${crlf}${crlf}5${crlf}{`];
    for (const head of heads) {
      const socket = connect(Number(port), "127.0.0.1");
      const arrived = nextRequest();
      socket.write(`POST /trpc/token.obtain HTTP/1.1${crlf}Host: localhost${crlf}${json}${head}`);
      await arrived;
      socket.destroy();
    }
    await expect.poll(() => own.logged.length, { interval: 5 }).toBe(heads.length);

    // Without an answer that somebody waits for, a server of a team's own notes what it would have been.
    const status = isService ? 400 : expect.any(Number);
    for (const line of own.logged) expect(JSON.parse(line)).toMatchObject({ level: "info", status });
  });

  test("slow headers, slow bodies and idle connections run out of time", async () => {
    const request = nextRequest();
    await fetch(`${live.url}/healthz`);
    const { headersTimeout, requestTimeout, keepAliveTimeout } = await request;
    expect({ headersTimeout, requestTimeout, keepAliveTimeout }).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 20_000,
      keepAliveTimeout: 65_000,
    });
  });

  test("the answer to a full batch of wrong inputs, each with long names, is at most 10 KB", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `${index}`.padEnd(40, "\u0001"));
    const input = Object.fromEntries(names.map((name) => [name, 1]));
    const rawBody = JSON.stringify(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [index, input])));
    const response = await fetch(`${live.url}/trpc/${Array(20).fill("token.verify").join()}?batch=1`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: rawBody,
    });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10 * 1024);
    expect(JSON.parse(text)).toHaveLength(20);
  });

  test("the answer to a full batch of unknown procedures with long names is at most 10 KB", async () => {
    const response = await fetch(`${live.url}/trpc/${Array(20).fill("%01".repeat(66)).join()}?batch=1`);
    const text = await response.text();
    expect(response.status).toBe(404);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10 * 1024);
  });

  test("a polluted prototype never comes of any input", async () => {
    const rawBody = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    for (const procedure of ["token.obtain", "token.verify", "token.revoke", "me.update"]) {
      expect((await call(live.url, procedure, { rawBody, token })).status).toBe(400);
    }
    expect("polluted" in {}).toBe(false);
  });
});

/** The HTTP server behind the next request that any server of this process receives. */
function nextRequest(): Promise<Server> {
  const { promise, resolve } = Promise.withResolvers<Server>();
  const channel = "http.server.request.start";
  const onRequest = (message: unknown) => {
    unsubscribe(channel, onRequest);
    resolve((message as { server: Server }).server);
  };
  subscribe(channel, onRequest);
  return promise;
}
