import { randomUUID } from "node:crypto";
import { type Auth, jwksMaxAge, OldTokenRefused } from "@latchkey/auth";
import { type CallCookies, createContext, type ErrorShape, findAuthError, findChallenge } from "@latchkey/server";
import { TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import { Hono, type Context as HonoContext, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import { type Logger, stdSerializers } from "pino";
import openApi from "../../../docs/openapi.json" with { type: "json" };
import { createAddressReader, type ReadAddress, type TrustedProxy } from "./client-address.ts";
import type { Context } from "./context.ts";
import { cookiePath, createCookieTransport } from "./cookie-transport.ts";
import { createForwardedAddressReader, type ReadForwardedAddress } from "./forwarded-address.ts";
import type { HttpEnv } from "./http-env.ts";
import { limits } from "./limits.ts";
import { createOriginRules, type OriginRules, type TellOperator } from "./origins.ts";
import type { ServiceConfig } from "./permissions.ts";
import type { PublicUrl } from "./public-url.ts";
import { appRouter, type ServedRouter } from "./router.ts";

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
}

/** The HTTP surface: the procedures, the public keys, the OpenAPI document, and two answers for whoever watches the process. */
export function createApp({
  auth,
  log,
  isReady,
  corsOrigins,
  allowsLoopbackOrigins = false,
  publicUrl,
  trustedProxies,
  forwardedSecrets = [],
  router = appRouter,
}: AppOptions): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  const tell: TellOperator = (message, details) => log.warn(details, message);
  const origins = createOriginRules({ named: corsOrigins, publicUrl, allowsLoopback: allowsLoopbackOrigins, tell });
  const cookieTransport = createCookieTransport({ origins, publicUrl, tell });
  const answer = createCallAnswerer({
    auth,
    router,
    readAddress: createAddressReader(trustedProxies),
    readForwarded: createForwardedAddressReader({
      secrets: forwardedSecrets,
      onRefused: () => tell("a caller names an address without a secret of FORWARDED_SECRET, and is not believed", {}),
    }),
  });
  app.use(identifyRequest(log), secureHeaders(), closeConnection(isReady), refuseAmbiguousFraming);
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    const problem = isReady() ? await findProblem(auth) : "shutting down";
    return problem ? context.json({ status: problem }, 503) : context.json({ status: "ok" });
  });
  app.use("/.well-known/jwks.json", cors(forEveryPage));
  app.get("/.well-known/jwks.json", etag(), async (context) => {
    const keys = await auth.publicKeys();
    context.header("Cache-Control", `public, max-age=${jwksMaxAge}`);
    return context.json(keys);
  });
  // It describes the service's own procedures, and no others.
  if (router === appRouter) {
    const document = JSON.stringify(openApi);
    app.use("/openapi.json", cors(forEveryPage));
    app.get("/openapi.json", etag(), (context) => {
      context.header("Cache-Control", `public, max-age=${openApiMaxAge}`);
      return context.body(document, 200, { "Content-Type": "application/json" });
    });
  }
  for (const path of ["/trpc/*", `${cookiePath}/*`]) {
    app.use(
      path,
      allowOrigins(origins, { withCookies: path !== "/trpc/*" }),
      refuseOddRequests,
      ofPost(acceptStreamedBodies),
      ofPost(bodyLimit({ maxSize: limits.body, onError: () => refuse("PAYLOAD_TOO_LARGE") })),
    );
  }
  app.on(["GET", "POST"], "/trpc/*", (context) => answer(context, context.req.raw));
  app.post(`${cookiePath}/trpc/*`, (context) => {
    const request = context.req.raw;
    const obstacle = cookieTransport.findObstacle(request);
    return obstacle ? refuse("FORBIDDEN", obstacle) : answer(context, request, cookieTransport.open(request));
  });
  app.all("*", ({ req }) => (readOnlyPaths.test(req.path) ? refuseMethod("GET, HEAD") : refuse("NOT_FOUND")));
  app.onError((error, { env: { incoming }, var: { log } }) => {
    // Whoever hangs up before the body is there has not met a failure of ours.
    if (incoming.destroyed && !incoming.complete) return refuse("BAD_REQUEST", "The request ended early");
    log.error({ err: error }, "request failed");
    return refuse("INTERNAL_SERVER_ERROR");
  });
  return app;
}

/** Seconds for which a copy of the OpenAPI document is kept. */
const openApiMaxAge = 300;

const readOnlyPaths = /^\/(healthz|readyz|openapi\.json|\.well-known\/jwks\.json)$/;

/** What pages may send beside what every page may: the token, tRPC's own headers, and those with which tracing follows a call. */
const requestHeaders = [
  ...["authorization", "content-type", "trpc-accept", "x-trpc-source", "x-request-id"],
  ...["baggage", "sentry-trace", "traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled"],
  ...["x-datadog-origin", "x-datadog-parent-id", "x-datadog-sampling-priority", "x-datadog-trace-id", "newrelic"],
];

const forPages = {
  allowMethods: ["GET", "POST"],
  allowHeaders: requestHeaders,
  exposeHeaders: ["retry-after", "www-authenticate", "x-request-id"],
  maxAge: 600,
};

/** Public keys and the OpenAPI document are for everybody. */
const forEveryPage = {
  origin: "*",
  allowMethods: ["GET", "HEAD"],
  allowHeaders: [...requestHeaders, "if-none-match"],
  exposeHeaders: ["etag"],
  maxAge: 86_400,
};

/** Lets pages of known origins call from a browser; to others the answer says nothing of it, and browsers refuse. */
function allowOrigins(origins: OriginRules, { withCookies }: { withCookies: boolean }): MiddlewareHandler<HttpEnv> {
  const allow = cors({ ...forPages, origin: (origin) => origin, credentials: withCookies });
  return (context, next) => {
    if (context.req.header("origin") === undefined) return next();
    if (origins.allows(context.req.raw)) return allow(context, next);
    origins.noteRefused(context.req.raw);
    return next();
  };
}

/**
 * Some answers are the last ones on their connection: all while it shuts down, since a connection that is kept would hold up the end,
 * and one that comes before the whole body, since whatever follows would be read as the rest of it.
 */
function closeConnection(isReady: () => boolean): MiddlewareHandler<HttpEnv> {
  return async (context, next) => {
    await next();
    if (!isReady() || !context.env.incoming.complete) context.header("Connection", "close");
  };
}

/** What two readers of one request may read differently: which host it is for, and where its body ends (RFC 9112 §3.2, §6.1). */
const refuseAmbiguousFraming: MiddlewareHandler<HttpEnv> = async ({ env: { incoming } }, next) => {
  if (incoming.httpVersionMajor < 1) return refuse("BAD_REQUEST", "Speak HTTP/1.0 or later");
  const { host, "transfer-encoding": encodings } = incoming.headersDistinct;
  if (host && (host.length > 1 || host[0] === "")) return refuse("BAD_REQUEST", "Send one Host header");
  if (encodings && encodings.join().toLowerCase() !== "chunked") return refuse("NOT_IMPLEMENTED");
  return next();
};

/** Gives each request an id of our own, on its answer and in every line that is logged about it. */
function identifyRequest(log: Logger): MiddlewareHandler<HttpEnv> {
  const requestLog = log.child({}, { serializers: { err: describeFailure } });
  // The line of every request holds these five things and no object: looking for names to blank would take longer than the rest.
  const answers = log.child({}, { redact: [] });
  return async (context, next) => {
    const requestId = randomUUID();
    const startedAt = performance.now();
    context.set("requestId", requestId);
    context.set("log", requestLog.child({ requestId }));
    await next();
    context.header("X-Request-Id", requestId);
    const { method, path } = context.req;
    const milliseconds = Math.round(performance.now() - startedAt);
    const { status } = context.res;
    answers.info({ requestId, method, path: path.slice(0, 200), status, milliseconds }, "answered");
  };
}

/** An error for the log. PostgreSQL repeats whole rows in `detail` and values in `where`: hashes and phone numbers among them. */
function describeFailure(error: Error): Record<string, unknown> {
  const { detail, where, ...rest } = stdSerializers.err(error);
  return rest;
}

async function findProblem(auth: Auth<ServiceConfig>): Promise<string | null> {
  try {
    await auth.ping();
    return null;
  } catch {
    return "the database does not answer";
  }
}

/** What a client never sends by accident: another method, an endless address, or a body that is not JSON. */
const refuseOddRequests: MiddlewareHandler<HttpEnv> = async ({ req, env }, next) => {
  if (!["GET", "HEAD", "POST"].includes(req.method)) return refuseMethod("GET, HEAD, POST");
  if ((env.incoming.url ?? "").length > limits.url) return refuse("BAD_REQUEST", "The address is too long");
  const type = req.header("content-type");
  const isJson = /^application\/json\s*(;|$)/i.test(type ?? "");
  if (!isJson && (type || req.method === "POST")) {
    return refuse("UNSUPPORTED_MEDIA_TYPE", "Send the input as application/json");
  }
  return next();
};

/** Only a POST brings a body here: that of another request is never read, and asking for it makes a whole `Request`. */
function ofPost(handler: MiddlewareHandler<HttpEnv>): MiddlewareHandler<HttpEnv> {
  return (context, next) => (context.req.method === "POST" ? handler(context, next) : next());
}

/** Hono counts the bytes of a body without a length in a copy of the request, and can copy the platform's own kind only. */
const acceptStreamedBodies: MiddlewareHandler<HttpEnv> = async ({ req }, next) => {
  const { body } = req.raw;
  if (body && req.header("content-length") === undefined) {
    req.raw = new Request(req.url, { method: req.method, headers: req.header(), body, duplex: "half" });
  }
  return next();
};

const refusalMessages: Partial<Record<TRPCError["code"], string>> = {
  PAYLOAD_TOO_LARGE: `The body is larger than ${limits.body} bytes`,
  METHOD_NOT_SUPPORTED: "Use GET for queries and POST for mutations",
  NOT_IMPLEMENTED: "Send the body as it is or in chunks: other transfer codings are not known here",
  NOT_FOUND: "There is nothing here; the procedures are under /trpc",
  INTERNAL_SERVER_ERROR: "Internal server error",
};

/** An answer in the shape of tRPC's own errors, for a request that never reached a procedure. */
function refuse(code: TRPCError["code"], message = refusalMessages[code] ?? code): Response {
  const error = new TRPCError({ code, message });
  const httpStatus = getHTTPStatusCodeFromError(error);
  const reason = findAuthError(error)?.code ?? null;
  const shape: ErrorShape = { message, code: TRPC_ERROR_CODES_BY_KEY[code], data: { code, httpStatus, reason } };
  return Response.json({ error: shape }, { status: httpStatus, headers: { "Cache-Control": "no-store" } });
}

/** @param allowed the methods that would have been right (RFC 9110 §15.5.6) */
function refuseMethod(allowed: string): Response {
  const response = refuse("METHOD_NOT_SUPPORTED");
  response.headers.set("Allow", allowed);
  return response;
}

interface Answering extends Reading {
  readonly router: ServedRouter;
}

function createCallAnswerer({ router, ...reading }: Answering) {
  return async (context: HonoContext<HttpEnv>, req: Request, cookies?: CallCookies): Promise<Response> => {
    const response = await fetchRequestHandler({
      endpoint: cookies ? `${cookiePath}/trpc` : "/trpc",
      req,
      router,
      // Of a batch of refreshes only one could have the cookie.
      allowBatching: cookies === undefined,
      maxBatchSize: limits.batch,
      createContext: (): Context => readContext(reading, context, cookies),
      onError: ({ error, path }) => logFailure(context.var.log, error, path),
      responseMeta: ({ errors }) => ({ headers: toAnswerHeaders(errors) }),
    });
    // tRPC leaves the type open where it refuses a request before it knows the calls.
    response.headers.set("Content-Type", "application/json");
    for (const line of cookies?.lines ?? []) response.headers.append("Set-Cookie", line);
    return response;
  };
}

/** Refusals are ordinary and are not logged, but for one that an administrator can do something about. */
function logFailure(log: Logger, error: TRPCError, path: string | undefined): void {
  const refusal = findAuthError(error);
  if (!refusal) log.error({ err: error.cause ?? error, path }, "procedure failed");
  if (refusal?.code === "hook_failed") log.error({ err: refusal.cause ?? refusal, path }, "hook failed");
  if (refusal?.code === "unavailable") log.warn({ err: refusal.cause ?? refusal, path }, "service unavailable");
  // A genuine token of somebody who has to sign in anew: too young for the last round, or of nobody who came over.
  if (refusal?.cause instanceof OldTokenRefused)
    log.info({ because: refusal.cause.because, path }, "old token refused");
}

interface Reading {
  readonly auth: Auth<ServiceConfig>;
  readonly readAddress: ReadAddress;
  readonly readForwarded: ReadForwardedAddress;
}

function readContext(
  { auth, readAddress, readForwarded }: Reading,
  { env, req, var: { requestId, log } }: HonoContext<HttpEnv>,
  cookies: CallCookies | undefined,
): Context {
  const forwarded = readForwarded((name) => req.header(name));
  return {
    ...createContext(auth, {
      headers: env.incoming.headersDistinct,
      remoteAddress:
        forwarded === null
          ? readAddress(env.incoming.socket.remoteAddress, req.header("x-forwarded-for"))
          : readAddress(forwarded, undefined),
      requestId,
      cookies,
    }),
    log,
  };
}

/** Answers are about one person at one moment, so nothing keeps them; refusals say how to go on. */
function toAnswerHeaders(errors: readonly TRPCError[]): Headers {
  const headers = new Headers({ "Cache-Control": "no-store" });
  for (const error of errors) {
    const refusal = findAuthError(error);
    const challenge = refusal && findChallenge(refusal.code);
    if (challenge) headers.set("WWW-Authenticate", challenge);
    if (refusal?.retryAfter)
      headers.set("Retry-After", String(Math.max(refusal.retryAfter, Number(headers.get("Retry-After")))));
  }
  return headers;
}
