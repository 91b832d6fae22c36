import { once } from "node:events";
import { createServer, IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { AuthOptions } from "@latchkey/auth";
import { type TestAuth, testSecret } from "@latchkey/auth/testing";
import {
  createLatchkey,
  formatError,
  type HttpOptions,
  type ProcedureMeta,
  type RequestHeaders,
  requestLimits,
} from "@latchkey/server";
import { type AnyTRPCRouter, initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { createHTTPHandler } from "@trpc/server/adapters/standalone";

/** What serves the router: one of tRPC's adapters, or the handler of `@latchkey/server`. */
export type HostKind = "standalone" | "fetch" | "handler";

export const hostKinds: readonly HostKind[] = ["standalone", "fetch", "handler"];

export interface HostOptions {
  readonly kind: HostKind;
  readonly options: Partial<AuthOptions>;
  readonly http: HttpOptions;
  /** Latchkey's procedures alone, at the root, by default. */
  readonly router?: AnyTRPCRouter | undefined;
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
 * tRPC's, and cookie mode and public keys by the handler of `@latchkey/server`.
 */
export async function startMountedHost(
  { database, clock }: Pick<TestAuth, "database" | "clock">,
  { kind, options, http, router }: HostOptions,
): Promise<RunningHost> {
  const { onError: _hooks, ...own } = options;
  const latchkey = await createLatchkey({
    secret: testSecret,
    clock,
    ...own,
    passwords: { cost: 4, hashConcurrency: 2, ...own.passwords },
    database: database.connection,
    http,
  });
  const t = initTRPC.context<ReturnType<typeof latchkey.context>>().meta<ProcedureMeta>();
  const appRouter = router ?? t.create({ isDev: false, errorFormatter: formatError }).router(latchkey.procedures);
  const answer = latchkey.createFetchHandler({ router: appRouter });
  const rest = getRequestListener(
    (request, { incoming }) =>
      answer(request, { remoteAddress: incoming.socket.remoteAddress, headers: distinctOf(incoming) }),
    { overrideGlobalObjects: false },
  );
  const { responseMeta } = latchkey;
  const standalone = createHTTPHandler({
    router: appRouter,
    basePath: "/trpc/",
    maxBatchSize: requestLimits.batch,
    maxBodySize: requestLimits.body,
    createContext: ({ req }) => latchkey.context({ headers: distinctOf(req), remoteAddress: req.socket.remoteAddress }),
    responseMeta,
  });
  const fetchAdapter = getRequestListener(
    (req, { incoming }) =>
      fetchRequestHandler({
        endpoint: "/trpc",
        req,
        router: appRouter,
        maxBatchSize: requestLimits.batch,
        createContext: () =>
          latchkey.context({ headers: distinctOf(incoming), remoteAddress: incoming.socket.remoteAddress }),
        responseMeta,
      }),
    { overrideGlobalObjects: false },
  );
  const trpc = { standalone, fetch: fetchAdapter, handler: rest }[kind];
  const listener: RequestListener = (request, response) =>
    (request.url?.startsWith("/trpc/") ? trpc : rest)(request, response);
  const server = createServer({ maxHeaderSize: 16_384, keepAliveTimeout: 65_000 }, listener).listen(0, "127.0.0.1");
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
