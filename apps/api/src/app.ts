import type { Auth, Message } from "@latchkey/auth";
import { createPages, type PagesOptions } from "@latchkey/pages";
import {
  type CallFailure,
  type EndedCall,
  findReport,
  type PublicUrl,
  type SettingsReport,
  type TrustedProxy,
} from "@latchkey/server";
import {
  answerPublicDocument,
  createFetchHandler,
  findAuthError,
  jwksPath,
  refuse,
  refuseFailure,
  refuseMethod,
  relatedOriginsPath,
  toFailure,
  toPublicDocument,
} from "@latchkey/server/internal";
import { TRPCError } from "@trpc/server";
import { Hono } from "hono";
import type { Logger } from "pino";
import openApi from "../../../docs/openapi.json" with { type: "json" };
import type { AccessLog } from "./access-log.ts";
import { attendRequests } from "./attend-requests.ts";
import { type ConsoleFiles, consolePath, isAtOrigin } from "./console-files.ts";
import type { AttendedRequest, HttpEnv, NodeObjects } from "./http-env.ts";
import { answerInbox, inboxPath } from "./messages/inbox.ts";
import { receiptsPath } from "./messages/receipt-paths.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { createAppRouter, type ServedRouter } from "./router.ts";
import type { ServiceConfig } from "./service-config.ts";
import { settingNames } from "./setting-names.ts";

export interface AppOptions {
  readonly auth: Auth<ServiceConfig>;
  readonly log: Logger;
  /** Whether the process takes new work; false while it shuts down. */
  readonly isReady: () => boolean;
  /** Origins whose pages may call the service from a browser. */
  readonly corsOrigins: readonly string[];
  /** Whether pages on this machine may call without being named, where the service is called on this machine too. */
  readonly allowsLoopbackOrigins?: boolean;
  /** Where browsers reach the service, where that is not what they name as `Host`. */
  readonly publicUrl?: PublicUrl | undefined;
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly TrustedProxy[];
  /** Secrets with which a server that calls for somebody proves itself, to be believed where they are. */
  readonly forwardedSecrets?: readonly string[];
  /** The procedures; the service's own by default. */
  readonly router?: ServedRouter;
  /** What was printed in place of being sent, for a page that shows it on this machine. */
  readonly inbox?: (() => readonly Message[]) | undefined;
  /** Answers providers that tell what became of messages. */
  readonly receipts?: ((request: Request) => Promise<Response>) | undefined;
  /** What the service's own pages are told beside that. */
  readonly pages?: Pick<PagesOptions, "config" | "clients" | "registration" | "isDevelopment"> | undefined;
  /** The administrators' app; without it there is none. */
  readonly console?: ConsoleFiles | undefined;
  /** What the process runs with, for administrators who may read it. */
  readonly settings?: SettingsReport | undefined;
  /** Which answers have a line in the log; all by default. */
  readonly accessLog?: AccessLog | undefined;
  /** Told of every answer and every refusal, for whoever measures. */
  readonly metrics?: Pick<Metrics, "noteAnswer" | "noteFailure" | "noteCall"> | undefined;
}

type Bindings = HttpEnv["Bindings"];

/** What answers the requests that Node's HTTP server reads. */
export interface App {
  fetch(request: Request, node: NodeObjects): Promise<Response>;
}

/** Seconds for which a copy of the OpenAPI document is kept. */
const openApiMaxAge = 300;

/** The HTTP surface: what every host of Latchkey has, in a process with a log, its OpenAPI document, and two answers for monitoring. */
export function createApp({
  log,
  isReady,
  publicUrl,
  router,
  metrics,
  inbox,
  receipts,
  pages: pagesOptions,
  console: consoleFiles,
  accessLog = "all",
  settings,
  ...rest
}: AppOptions): App {
  const app = new Hono<HttpEnv>();
  const told = {
    publicUrl: publicUrl?.href,
    onNotice: (message: string, details: object) => log.warn(details, message),
    onError: (failure: CallFailure) => {
      metrics?.noteFailure(failure.error);
      logFailure(log, failure);
    },
  };
  const consoleOrigin = consoleFiles?.origin;
  const isForConsole = (request: Request) => consoleOrigin !== undefined && isAtOrigin(request, consoleOrigin);
  const answer = createFetchHandler({
    ...{ ...rest, ...told, settings },
    corsOrigins: [...rest.corsOrigins, ...(consoleOrigin ? [consoleOrigin] : [])],
    router: router ?? createAppRouter(rest.auth.profile),
    names: settingNames,
  });
  const pages = createPages({ ...rest, ...told, ...pagesOptions });
  addHealthChecks(app, { auth: rest.auth, isReady });
  if (consoleFiles) app.use(async ({ req }, next) => (isForConsole(req.raw) ? consoleFiles.fetch(req.raw) : next()));
  // It tells of the service's own procedures, and of no others.
  if (!router) {
    const document = toPublicDocument(JSON.stringify(openApi), openApiMaxAge);
    app.all("/openapi.json", ({ req }) => answerPublicDocument(req.raw, () => document));
  }
  if (inbox) {
    app.all(inboxPath, ({ req, env: { incoming } }) =>
      answerInbox(
        req.raw,
        { remoteAddress: incoming.socket.remoteAddress, headers: incoming.headersDistinct },
        inbox(),
      ),
    );
  }
  if (receipts) app.all(`${receiptsPath}/*`, ({ req }) => receipts(req.raw));
  const toPageInfo = (env: Bindings) => {
    const info = toInfo(env);
    const onCall = ({ path, error }: EndedCall) => {
      metrics?.noteCall({ path, error });
      // A page shows why it was refused, and throws what is no refusal.
      if (error instanceof TRPCError && findAuthError(error)) told.onError({ error, path, requestId: info.requestId });
    };
    return { ...info, onCall };
  };
  const answerCall = (request: Request, env: Bindings) =>
    answer(request, { ...toInfo(env), onCall: metrics?.noteCall, headers: env.incoming.headersDistinct });
  for (const path of pages.paths) app.all(path, ({ req, env }) => pages.fetch(req.raw, toPageInfo(env)));
  if (consoleFiles) {
    for (const path of [consolePath, `${consolePath}/*`]) app.all(path, ({ req }) => consoleFiles.fetch(req.raw));
  }
  for (const path of ["/trpc/*", "/cookie/*", jwksPath, relatedOriginsPath])
    app.all(path, ({ req, env }) => answerCall(req.raw, env));
  app.all("*", ({ req, env }) => {
    if (/^\/(healthz|readyz)$/.test(req.path)) return refuseMethod("GET, HEAD");
    return isBrowserAtPage(req.raw) ? pages.answerStranger(req.raw, toPageInfo(env)) : refuse("NOT_FOUND");
  });
  const fail = (error: unknown, { incoming, attended }: Bindings): Response => {
    // Whoever hangs up before the body is there has not met a failure of ours.
    if (incoming.destroyed && !incoming.complete) return refuse("BAD_REQUEST", "The request ended early");
    told.onError({ error: toFailure(error), path: undefined, requestId: attended.requestId });
    return refuseFailure(error);
  };
  app.onError((error, { env }) => fail(error, env));
  const attend = attendRequests({ log, isReady, metrics, accessLog, trustedProxies: rest.trustedProxies });
  return {
    fetch: (request, node) =>
      attend(request, node, async (attended) => {
        const env = { incoming: node.incoming, outgoing: node.outgoing, attended };
        if (!isCall(request, attended) || isForConsole(request)) return await app.fetch(request, env);
        // What nearly all requests are is not looked for among the rest.
        try {
          return await answerCall(request, env);
        } catch (error) {
          return fail(error, env);
        }
      }),
  };
}

/** A call of procedures. Hono answers `HEAD`, by leaving the body of the answer out. */
const isCall = ({ method }: Request, { path }: AttendedRequest) =>
  path.startsWith("/trpc/") && (method === "GET" || method === "POST");

/** Somebody who types an address, and no program that calls. */
const isBrowserAtPage = ({ method, headers }: Request) =>
  method === "GET" && /(^|,)\s*text\/html\s*[,;]/.test(`${headers.get("accept")},`);

/** From where a request comes, and whose call it turns out to be. */
const toInfo = ({ incoming, attended }: Bindings) => ({
  remoteAddress: incoming.socket.remoteAddress,
  requestId: attended.requestId,
  onCaller: (userId: string) => {
    attended.userId = userId;
  },
});

/** Whether the process runs, and whether it takes work. */
function addHealthChecks(app: Hono<HttpEnv>, { auth, isReady }: Pick<AppOptions, "auth" | "isReady">): void {
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    const problem = isReady() ? await findProblem(auth) : "shutting down";
    return problem ? context.json({ status: problem }, 503) : context.json({ status: "ok" });
  });
}

async function findProblem(auth: Auth<ServiceConfig>): Promise<string | null> {
  try {
    return (await auth.ping()).takesWrites ? null : "the database takes no writes";
  } catch {
    return "the database does not answer";
  }
}

/** Writes down what is worth a line, under the id of its request. */
function logFailure(log: Logger, { error, path, requestId }: CallFailure): void {
  const report = findReport({ error });
  if (report) log[report.level]({ requestId, err: report.error, because: report.because, path }, report.message);
}
