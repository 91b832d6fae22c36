import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { onceARun } from "../once-a-run.ts";
import { page } from "./page.ts";

/** The web server of a team: it gives out their page, and hands the service's paths on to the service. */
export interface Front extends AsyncDisposable {
  /** Its origin, such as `http://127.0.0.1:4711`. */
  readonly url: string;
  /** What browsers asked for, in order. */
  readonly requests: readonly ReceivedRequest[];
  /**
   * From now on, `/trpc` and `/cookie` are handed on to the service at this address.
   *
   * @param base what stands before them here, and is taken away, such as `/auth`
   */
  handOnTo(service: string, base?: string): void;
  /** Holds back the next answer to a procedure. Resolves once the service has given it, with what lets it go. */
  holdAnswer(procedure: string): Promise<() => void>;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** What it was answered with; 0 until then. */
  status: number;
}

/** @param folder what is given out in place of our own page, as Vite builds it */
export async function startFront(folder?: string): Promise<Front> {
  sdk ??= Promise.all([bundle("index"), bundle("passkeys"), bundle("redirect")]);
  const [script, passkeyScript, redirectScript] = await sdk;
  const requests: ReceivedRequest[] = [];
  let service: string | undefined;
  let base = "";
  const held = new Map<string, (letGo: () => void) => void>();
  /** Waits where the answer to this path is to be held back. */
  const pass = (path: string): Promise<void> => {
    const [procedure = "", tell] = [...held].find(([name]) => path.includes(name)) ?? [];
    held.delete(procedure);
    return new Promise((letGo) => (tell ? tell(letGo) : letGo()));
  };
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "/";
    const received = { method: incoming.method ?? "", path, headers: incoming.headers, status: 0 };
    requests.push(received);
    outgoing.on("finish", () => {
      received.status = outgoing.statusCode;
    });
    const inner = path.startsWith(`${base}/`) ? path.slice(base.length) : "/";
    if (service && /^\/(trpc|cookie)\//.test(inner))
      return handOn(incoming, outgoing, { url: new URL(inner, service), pass });
    if (folder) return giveOut(outgoing, join(folder, new URL(path, "http://front").pathname));
    if (path === "/sdk.js") return answer(outgoing, "text/javascript", script);
    if (path === "/passkeys.js") return answer(outgoing, "text/javascript", passkeyScript);
    if (path === "/redirect.js") return answer(outgoing, "text/javascript", redirectScript);
    return answer(outgoing, "text/html; charset=utf-8", page);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    handOnTo(url, before = "") {
      service = url;
      base = before;
    },
    holdAnswer: (procedure) => new Promise((resolve) => held.set(procedure, resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(outgoing: ServerResponse, type: string, body: string): void {
  outgoing.setHeader("content-type", type).end(body);
}

const types: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html" };

/** A file of a built page; `index.html` for a folder. */
function giveOut(outgoing: ServerResponse, path: string): void {
  const file = path.endsWith("/") ? `${path}index.html` : path;
  readFile(file, "utf8").then(
    (body) => answer(outgoing, types[extname(file)] ?? "text/plain", body),
    () => outgoing.writeHead(404).end(),
  );
}

interface Onward {
  readonly url: URL;
  /** Waited for before an answer is handed back. */
  readonly pass: (path: string) => Promise<void>;
}

/** The `Host` that the browser sent is kept: with it the service tells its own origin from others. */
function handOn(incoming: IncomingMessage, outgoing: ServerResponse, { url, pass }: Onward): void {
  const { method, headers } = incoming;
  const onward = request(url, { ...(method && { method }), headers }, async (received) => {
    await pass(url.pathname);
    outgoing.writeHead(received.statusCode ?? 502, received.rawHeaders);
    received.pipe(outgoing);
  });
  onward.on("error", () => outgoing.writeHead(502).end());
  incoming.pipe(onward);
}

let sdk: Promise<[script: string, passkeyScript: string, redirectScript: string]> | undefined;
const client = fileURLToPath(new URL("../../../../packages/client/", import.meta.url));

/** A part of the built SDK and `@trpc/client` in one script, as a team's own bundler makes it: once in a run of tests. */
async function bundle(part: string): Promise<string> {
  const script = await onceARun(`sdk-${part}.js`, async (file) => {
    const words = [`dist/${part}.js`, "--format", "esm", "--platform", "browser", "--file", file];
    await promisify(execFile)("node_modules/.bin/rolldown", words, { cwd: client });
  });
  return readFile(script, "utf8");
}
