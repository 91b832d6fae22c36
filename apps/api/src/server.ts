import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { type AddressInfo, Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { getRequestListener } from "@hono/node-server";
import { type Auth, StartError } from "@latchkey/auth";
import type { PublicUrl, TrustedProxy } from "@latchkey/server";
import { createAddressReader } from "@latchkey/server/internal";
import type { Logger } from "pino";
import { type AppOptions, createApp } from "./app.ts";
import { takeTurns } from "./fair-turns.ts";
import type { NodeObjects } from "./http-env.ts";
import { limits } from "./limits.ts";
import type { ServedRouter } from "./router.ts";
import type { ServiceConfig } from "./service-config.ts";
import { SecureServiceResponse, ServiceResponse, toSecurityHeaders } from "./service-response.ts";

export interface ServerOptions {
  readonly auth: Auth<ServiceConfig>;
  readonly log: Logger;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Origins whose pages may call the service from a browser, such as `https://app.example.com`; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Whether pages on this machine may call without being named, where the service is called on this machine too. */
  readonly allowsLoopbackOrigins?: boolean;
  /** Where browsers reach the service, where that is not what they name as `Host`. */
  readonly publicUrl?: PublicUrl | undefined;
  /** Proxies whose `X-Forwarded-For` is believed; none by default. */
  readonly trustedProxies?: readonly TrustedProxy[];
  /** Secrets with which a server that calls for somebody proves itself; nobody is believed by default. */
  readonly forwardedSecrets?: readonly string[];
  /** The procedures; the service's own by default. */
  readonly router?: ServedRouter;
  /** What was printed in place of being sent, for a page that shows it on this machine. */
  readonly inbox?: AppOptions["inbox"];
  /** Answers providers that tell what became of messages. */
  readonly receipts?: AppOptions["receipts"];
  /** What the service's own pages are told beside that. */
  readonly pages?: AppOptions["pages"];
  /** The administrators' app; without it there is none. */
  readonly console?: AppOptions["console"];
  /** What the process runs with, for administrators who may read it. */
  readonly settings?: AppOptions["settings"];
  /** Told of every answer and every refusal. */
  readonly metrics?: AppOptions["metrics"];
  /** Which answers have a line in the log; all by default. */
  readonly accessLog?: AppOptions["accessLog"];
}

export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Answers 503 at `/readyz` from now on, and everything else as before. */
  endReadiness(): void;
  /** Stops being ready, answers what is in flight, and resolves when the last connection is closed. */
  close(): Promise<void>;
}

/**
 * Serves the API until it is closed.
 *
 * @throws StartError when it cannot listen
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, corsOrigins = [], trustedProxies = [], ...rest } = options;
  const isSecure = rest.publicUrl?.isSecure ?? false;
  let isReady = true;
  const app = createApp({ ...rest, isReady: () => isReady, corsOrigins, trustedProxies });
  const server = createServer(
    {
      ServerResponse: isSecure ? SecureServiceResponse : ServiceResponse,
      maxHeaderSize: limits.headers,
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.keepAliveTimeout,
      connectionsCheckingInterval: 2_000,
    },
    takeTurns(
      // Health checks of HTTP/1.0 name no host; a call of HTTP/1.1 without one never gets here. It puts a `Response` in place of the
      // platform's that keeps status, headers and body as they were given, and is one of the platform's only when it is asked for more.
      getRequestListener((request, node) => app.fetch(request, node as NodeObjects), { hostname: "localhost" }),
      createAddressReader(trustedProxies),
    ),
  );
  server.on("connect", (_request, socket) => answerOnSocket(socket, 405, isSecure));
  refuseUnreadable(server, isSecure);
  await listen(server, host, port);
  const endReadiness = () => {
    isReady = false;
  };
  const close = () => {
    endReadiness();
    return closeServer(server);
  };
  return { url: toUrl(server.address() as AddressInfo), endReadiness, close };
}

const statusOfParserError: Readonly<Record<string, number>> = {
  HPE_INVALID_METHOD: 405,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * What Node's parser gives up on never reaches the app. The calls that came whole before it on the same connection get their own
 * answers first: a refusal written in between would be taken for theirs.
 */
function refuseUnreadable(server: Server, isSecure: boolean): void {
  const unfinished = new WeakMap<Duplex, ServerResponse<IncomingMessage>[]>();
  const refused = new WeakSet<Duplex>();
  server.prependListener("request", (request, response) => {
    const before = unfinished.get(request.socket)?.filter(({ writableFinished }) => !writableFinished) ?? [];
    unfinished.set(request.socket, [...before, response]);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const refuse = () => answerOnSocket(socket, statusOfParserError[error.code ?? ""] ?? 400, isSecure);
    const lastWhole = unfinished
      .get(socket)
      ?.findLast(({ req, writableFinished }) => req.complete && !writableFinished);
    if (lastWhole) lastWhole.once("close", refuse);
    else refuse();
  });
}

function answerOnSocket(socket: Duplex, status: number, isSecure: boolean): void {
  socket.on("error", () => {});
  const allow = status === 405 ? "Allow: GET, HEAD, POST\r\n" : "";
  const common = Object.entries(toSecurityHeaders(isSecure)).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${allow}${common.join("")}Content-Length: 0\r\nConnection: close\r\n\r\n`;
  if (socket.writable) socket.end(head, () => socket.destroy());
  else socket.destroy();
}

/**
 * @param setting what names the port; the host is named alike
 * @throws StartError
 */
export async function listen(server: Server, host: string, port: number, setting = "PORT"): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(port, host, resolve);
  try {
    await promise;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const hostSetting = setting.replace("PORT", "HOST");
    const noAddress = `no address of this machine is called so; set ${hostSetting} to one that is`;
    const advice: Readonly<Record<string, string>> = {
      EACCES: `this user may not listen there; set ${setting} to a port from 1024 on`,
      EADDRINUSE: `another program listens there; set ${setting} to a free one`,
      EADDRNOTAVAIL: noAddress,
      EAI_AGAIN: noAddress,
      EINVAL: noAddress,
      ENOTFOUND: noAddress,
    };
    throw new StartError(`Cannot listen on ${host}:${port}: ${advice[code] ?? String(cause)}.`, { cause });
  }
}

export function toUrl({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** Turns of the event loop; when nothing comes, they are over at once. */
const lastTurns = 10;

/**
 * Takes in nobody more, and reads what those who are in have sent by now. The HTTP server's own `close` comes last: it cuts every
 * connection that is idle, and to Node one whose next request has come and waits to be read is idle.
 */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  NetServer.prototype.close.call(server);
  for (let left = lastTurns; left > 0; left -= 1) await turn();
  server.close();
  await closed;
}
