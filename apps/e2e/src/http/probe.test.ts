import { test, vi } from "vitest";
import { startLiveServer, call } from "../live-server.ts";
import { sendRaw } from "./raw-socket.ts";
test("probe", async () => {
  await using live = await startLiveServer({ phones: { defaultCountry: "TR" } });
  await live.test.auth.createUser({ username: "Alice", phoneNumber: "+90 532 123 45 67", password: "correct horse battery" });
  const { body: s } = await call(live.url, "token.obtain", { input: { username: "alice", password: "correct horse battery" } });
  const token = s.token;
  const out: string[] = [];
  for (const k of ["log","info","error","warn"] as const) vi.spyOn(console, k).mockImplementation((...a) => void out.push("CONSOLE "+k+" "+a.map(String).join(" ").slice(0,300)));
  const host = "Host: x\r\nConnection: close\r\n";
  const post = (path: string, body: string, extra = "", ct = "application/json") => `POST ${path} HTTP/1.1\r\n${host}${ct ? `Content-Type: ${ct}\r\n` : ""}${extra}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const get = (path: string, extra = "") => `GET ${path} HTTP/1.1\r\n${host}${extra}\r\n`;
  const big = "x".repeat(70000);
  const auth = `Authorization: Bearer ${token}\r\n`;
  const cases: Record<string, string | Uint8Array> = {
    notjson: post("/trpc/token.obtain", "hunter2 is my password"),
    empty: post("/trpc/token.obtain", ""),
    array: post("/trpc/token.obtain", "[]"),
    nul: post("/trpc/token.obtain", "null"),
    proto: post("/trpc/me.update", '{"__proto__":{"isStaff":true},"constructor":1}', auth),
    proto1: post("/trpc/me.update", '{"__proto__":{"isStaff":true}}', auth),
    proto2: post("/trpc/token.obtain", '{"__proto__":{"username":"alice","password":"x"}}'),
    bigCL: post("/trpc/token.obtain", big),
    chunked: `POST /trpc/token.obtain HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`,
    batch21: get("/trpc/" + Array(21).fill("me.get").join(",") + "?batch=1"),
    commas: get("/trpc/" + ",".repeat(5000) + "?batch=1"),
    commas4000: get("/trpc/" + ",".repeat(4000) + "?batch=1"),
    commasNoBatch: get("/trpc/" + ",".repeat(4000)),
    ctl: get("/trpc/" + "%01".repeat(1300)),
    headers: get("/healthz", "X: " + "a".repeat(17000) + "\r\n"),
    text: post("/trpc/token.obtain", "{}", "", "text/plain"),
    none: post("/trpc/token.obtain", "{}", "", ""),
    multi: post("/trpc/token.obtain", "{}", "", "multipart/form-data; boundary=x"),
    getmulti: get("/trpc/token.obtain", "Content-Type: multipart/form-data; boundary=x\r\n"),
    getoct: get("/trpc/token.obtain", "Content-Type: application/octet-stream\r\n"),
    getText: get("/trpc/me.get", "Content-Type: text/plain\r\n"),
    ...Object.fromEntries(["TRACE","PUT","DELETE","PATCH","OPTIONS","HEAD","CONNECT","TRACK","FOO","get","QUERY","PROPFIND"].map((m) => [m, `${m} /trpc/me.get HTTP/1.1\r\n${host}\r\n`])),
    CONNECT2: "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    getOnMutation: get("/trpc/token.obtain"),
    postOnQuery: post("/trpc/me.get", "{}"),
    twoAuth: get("/trpc/me.get", auth + auth),
    twoCL: `POST /trpc/token.obtain HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} `,
    clte: `POST /trpc/token.obtain HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    deep: post("/trpc/token.obtain", "[".repeat(60000)),
    deep2: post("/trpc/token.obtain", "[".repeat(32000) + "]".repeat(32000)),
    deep3: post("/trpc/token.obtain", '{"username":'+ '{"a":'.repeat(9000) + "1" + "}".repeat(9000) + "}"),
    utf8: Buffer.concat([Buffer.from(`POST /trpc/token.obtain HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 31\r\n\r\n{"username":"`), Buffer.from([0xff,0xfe]), Buffer.from(`","password":"y"}  `)]),
    pct: get("/trpc/%E0%A4%A"),
    pct2: get("/trpc/%"),
    pct3: get("/trpc/%ff"),
    unknown: get("/trpc/nothing"), protop: get("/trpc/__proto__"), constr: get("/trpc/constructor"), tp: get("/trpc/token.__proto__"), tox: get("/trpc/token.obtain.x"), tok: get("/trpc/token"),
    emptyp: get("/trpc/"), trpc: get("/trpc"), root: get("/"), dots: get("/trpc/../healthz"), dbl: get("//trpc/me.get"),
    qtok: get("/trpc/me.get?access_token=" + token),
    http10: "GET /healthz HTTP/1.0\r\n\r\n", http10h: "GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n", http09: "GET /healthz\r\n\r\n", http2: "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", pri: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    pipeline: `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(3) + get("/healthz"),
    absolute: `GET http://evil.example/trpc/me.get HTTP/1.1\r\n${host}\r\n`, absolute2: `GET http:// HTTP/1.1\r\n${host}\r\n`, absolute3: `GET ftp://x/ HTTP/1.1\r\n${host}\r\n`,absftp: `GET * HTTP/1.1\r\n${host}\r\n`, optstar: `OPTIONS * HTTP/1.1\r\n${host}\r\n`,
    nohost: "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", oddhost: "GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", oddhost2: "GET /healthz HTTP/1.1\r\nHost: <script>\r\nConnection: close\r\n\r\n",hostempty: "GET /healthz HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n", host2: "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n",
    hostport: "GET /healthz HTTP/1.1\r\nHost: x:99999\r\nConnection: close\r\n\r\n",
    expect: post("/trpc/token.obtain", "{}", "Expect: 100-continue\r\n"), expect2: post("/trpc/token.obtain", "{}", "Expect: nonsense\r\n"),
    upgrade: get("/healthz", "Upgrade: websocket\r\n"), upgrade2: `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
    jsonl: get("/trpc/me.get?batch=1", "trpc-accept: application/jsonl\r\n"), jsonl1: get("/trpc/me.get", "trpc-accept: application/jsonl\r\n"), jsonlmix: get("/trpc/me.get,nothing?batch=1", "accept: application/jsonl\r\n" + auth), 
    cparams: get("/trpc/me.get?connectionParams=x"), cparams2: get("/trpc/me.get?connectionParams=%7B%22a%22:1%7D"),
    batchArray: post("/trpc/token.obtain?batch=1", "[1]"), batchNull: post("/trpc/token.obtain?batch=1", "null"), batchNum: post("/trpc/token.obtain?batch=1", "3"), batchStr: post("/trpc/token.obtain?batch=1", '"abc"'),
    mixed: post("/trpc/token.obtain,me.get?batch=1", "{}"),
    mixed2: get("/trpc/me.get,nothing,token.obtain?batch=1", auth),
    gzip: post("/trpc/token.obtain", "{}", "Content-Encoding: gzip\r\n"),
    chunkOk: `POST /trpc/token.obtain HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3c\r\n${JSON.stringify({username:"alice",password:"correct horse battery"}).padEnd(60)}\r\n0\r\n\r\n`,
    postNoBody: `POST /trpc/token.obtain HTTP/1.1\r\n${host}Content-Type: application/json\r\n\r\n`,
    putBody: `PUT /trpc/token.obtain HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`, postHealth: post("/healthz", "{}"), postJwks: post("/.well-known/jwks.json", "{}"),
    nulpath: get("/trpc/%00"), backslash: get("/trpc\\me.get"), rawutf: get("/trpc/é"), space: get("/trpc/a b"), crlf: get("/trpc/%0d%0aSet-Cookie:x"),
    longurl: get("/trpc/" + "a".repeat(5000)), longurlHealth: get("/healthz?" + "a".repeat(5000)),
    longseg: get("/trpc/" + "a".repeat(4000)),
    badchunk: `POST /trpc/token.obtain HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    methodover: post("/trpc/me.get", "{}", "X-HTTP-Method-Override: GET\r\n" + auth),
    lf: "GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n", garbage: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", smuggle: get("/healthz", "X: a\rb\r\n"), obsfold: get("/healthz", "X: a\r\n b\r\n"), nulheader: get("/healthz", "X: a\0b\r\n"), ws: get("/healthz", "X : a\r\n"),
    aenc: get("/trpc/me.get", `Authorization: Bearer ${"a".repeat(9000)}\r\n`), auni: get("/trpc/me.get", "Authorization: Bearer \xe9\r\n"),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    const t = performance.now();
    let r: string;
    try { r = (await sendRaw(live.url, bytes)).map((a) => `${a.status} ${JSON.stringify(Object.fromEntries([...a.headers].filter(([k]) => /allow|www|cache|request-id|^content-type|retry|vary|connection/.test(k))))} len=${a.body.length} ${a.body.slice(0, 260)}`).join("\n   || ") || "(nothing)"; } catch (e) { r = "ERR " + e; }
    out.push(`${name} [${Math.round(performance.now() - t)}ms]: ${r}`);
  }
  vi.restoreAllMocks();
  out.push(...live.logged.filter((l) => !l.includes('"answered"')));
  await (await import("node:fs/promises")).writeFile("/tmp/probe.txt", out.join("\n"));
});
