import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { createLog } from "@latchkey/api/log";
import type { AuthOptions } from "@latchkey/auth";
import { quick, type TestAuth, timeLimits } from "@latchkey/auth/testing";
import {
  type CallFailure,
  createLatchkey,
  findReport,
  guard,
  type HttpOptions,
  type ProcedureMeta,
  type RequestHeaders,
  refuseRequest,
} from "@latchkey/server";
import { formatError, limitBody, refuse, requestLimits } from "@latchkey/server/internal";
import { type AnyTRPCRouter, initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";

type Logger = ReturnType<typeof createLog>;

/** What serves the router: one of tRPC's adapters, or the handler of `@latchkey/server`. */
export type HostKind = "standalone" | "fetch" | "handler";

export const hostKinds: readonly HostKind[] = ["standalone", "fetch", "handler"];

export interface HostOptions {
  readonly kind: HostKind;
  readonly options: Partial<AuthOptions>;
  readonly http: HttpOptions;
  /** The host's own log: a line for each request, and what failed. */
  readonly log: Logger;
  /** Latchkey's procedures alone, at the root, by default. */
  readonly router?: AnyTRPCRouter | undefined;
  /** The name that all of it stands below, such as `auth`. */
  readonly prefix?: string | undefined;
}

export interface RunningHost {
  /** The core that it serves. */
  readonly auth: TestAuth["auth"];
  readonly url: string;
  close(): Promise<void>;
}

/** Of two headers of one name Node's `headers` has the first alone. */
const distinctOf = (request: object & { readonly headers: RequestHeaders }): RequestHeaders =>
  request instanceof IncomingMessage ? request.headersDistinct : request.headers;

/**
 * A server of a team's own, as docs/mount.md has it, on the database and the clock of a test: its router at `/trpc` by an adapter of
 * tRPC's, and cookie mode and public keys by the handler of `@latchkey/server`. Its health, its request ids and its log are its own.
 */
export async function startMountedHost(
  { database, clock }: Pick<TestAuth, "database" | "clock">,
  { kind, options, http, log, router, prefix }: HostOptions,
): Promise<RunningHost> {
  const { onError: _hooks, ...own } = options;
  const logFailure = (failure: CallFailure) => {
    const report = findReport(failure);
    if (report)
      log[report.level]({ err: report.error, path: failure.path, requestId: failure.requestId }, report.message);
  };
  const latchkey = await createLatchkey({
    ...quick,
    clock,
    ...own,
    passwords: { cost: 4, hashConcurrency: 2, ...own.passwords },
    database: { ...database.connection, ...timeLimits },
    http: { ...http, onError: logFailure },
  });
  const t = initTRPC
    .context<ReturnType<typeof latchkey.context>>()
    .meta<ProcedureMeta>()
    .create({ isDev: false, errorFormatter: formatError });
  const root = router ?? t.router(latchkey.procedures);
  const appRouter: AnyTRPCRouter = prefix ? t.router({ [prefix]: root }) : root;
  const answer = latchkey.createFetchHandler({ router: appRouter });
  const rest = getRequestListener(
    (request, { incoming }) =>
      answer(request, {
        remoteAddress: incoming.socket.remoteAddress,
        headers: distinctOf(incoming),
        requestId: idOf(incoming),
      }),
    { overrideGlobalObjects: false },
  );
  const contextOf = (request: Incoming) =>
    latchkey.context({
      headers: distinctOf(request),
      remoteAddress: request.socket.remoteAddress,
      requestId: idOf(request),
    });
  const { responseMeta } = latchkey;
  const standalone = guard(
    createHTTPHandler({
      router: appRouter,
      basePath: "/trpc/",
      maxBatchSize: requestLimits.batch,
      allowMethodOverride: true,
      maxBodySize: requestLimits.body,
      createContext: ({ req }) => contextOf(req),
      onError: ({ error, path, req }) => logFailure({ error, path, requestId: idOf(req) }),
      responseMeta,
    }),
    appRouter,
  );
  const fetchAdapter = getRequestListener(
    async (request, { incoming }) => {
      const refusal = refuseRequest(request, appRouter);
      if (refusal) return refusal;
      const req = request.method === "POST" ? await limitBody(request, requestLimits.body) : request;
      if (req === "too large") return refuse("PAYLOAD_TOO_LARGE", undefined, appRouter);
      if (req === "cut off") return refuse("BAD_REQUEST", "The request ended early", appRouter);
      return fetchRequestHandler({
        endpoint: "/trpc",
        req,
        router: appRouter,
        maxBatchSize: requestLimits.batch,
        allowMethodOverride: true,
        createContext: () => contextOf(incoming),
        onError: ({ error, path }) => logFailure({ error, path, requestId: idOf(incoming) }),
        responseMeta,
      });
    },
    { overrideGlobalObjects: false },
  );
  const trpc = { standalone, fetch: fetchAdapter, handler: rest }[kind];
  const listener: RequestListener = (request, response) => {
    attend(request, response, log);
    if (request.url === "/healthz") response.setHeader("Content-Type", "application/json").end('{"status":"ok"}');
    else (request.url?.startsWith("/trpc/") ? trpc : rest)(request, response);
  };
  const server = createServer(limits, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    auth: latchkey.auth,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeIdleConnections();
      server.closeAllConnections();
      await once(server, "close");
      await latchkey.stop();
    },
  };
}

/** Of headers, in bytes, and of what takes its time, in milliseconds. */
const limits = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 20_000, keepAliveTimeout: 65_000 };

type Incoming = object & {
  readonly headers: RequestHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
};

const requestIds = new WeakMap<object, string>();
const idOf = (request: object): string | null => requestIds.get(request) ?? null;

/** What a team does with every request of its server: an id, and a line in the log when it was answered. */
function attend(request: IncomingMessage, response: ServerResponse, log: Logger): void {
  const requestId = randomUUID();
  const startedAt = performance.now();
  requestIds.set(request, requestId);
  response.setHeader("X-Request-Id", requestId);
  response.once("close", () => {
    const { method, url = "" } = request;
    const [path = ""] = url.split("?");
    const milliseconds = Math.round(performance.now() - startedAt);
    log.info({ requestId, method, path: path.slice(0, 200), status: response.statusCode, milliseconds }, "answered");
  });
}
