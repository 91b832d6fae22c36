import { type Auth, type Config, StartError } from "@latchkey/auth";
import type { AnyTRPCRouter, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { createContext, type LatchkeyContext, type RequestHeaders } from "../trpc/context.ts";
import type { CallCookies } from "../trpc/cookie-mode.ts";
import { toFailure } from "../trpc/error-map.ts";
import type { SettingsReport } from "../trpc/settings-report.ts";
import type { TellCall } from "../trpc/tell-call.ts";
import { createTraceContinuation } from "../trpc/tracing.ts";
import { isTrustedProxy, type TrustedProxy } from "./client-address.ts";
import { type CookieTransport, cookiePath, createCookieTransport } from "./cookie-transport.ts";
import { allowPage, answerPreflight, type CorsRules, forNamedPages } from "./cors.ts";
import { responseMeta } from "./headers.ts";
import { answerPublicKeys, jwksPath } from "./jwks.ts";
import { limitBody } from "./limit-body.ts";
import { requestLimits } from "./limits.ts";
import { createOriginRules, findOriginFault, type OriginRules, readOrigin, type TellOperator } from "./origins.ts";
import { answerRelatedOrigins, relatedOriginsPath } from "./passkeys.ts";
import { answerPlainCall, findPlainCall } from "./plain-call.ts";
import { type PublicUrl, parsePublicUrl } from "./public-url.ts";
import { refuse, refuseFailure } from "./refusals.ts";
import { refuseRequest, targetOf } from "./refuse-request.ts";
import { createRequestAddressReader, type ReadRequestAddress } from "./request-address.ts";
import type { SettingNames } from "./setting-names.ts";
import { withoutValues } from "./without-values.ts";

/** How requests reach the process, and who may send them. */
export interface HttpOptions {
  /** What stands before `/trpc`, `/cookie` and `/.well-known` in the requests that come here, such as `/api`; nothing by default. */
  readonly basePath?: string;
  /**
   * Where browsers reach that place, such as `https://example.com/api`: cookies are then named and bound by it. Set it in production if
   * you use cookie mode.
   */
  readonly publicUrl?: string | undefined;
  /** Origins whose pages may call from a browser, such as `https://app.example.com`; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Whether pages on this machine may call without being named, where the server is called on this machine too. */
  readonly allowsLoopbackOrigins?: boolean;
  /** Proxies whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`; none by default. */
  readonly trustedProxies?: readonly TrustedProxy[];
  /** Secrets with which a server that calls for somebody proves itself, to be believed where they are. */
  readonly forwardedSecrets?: readonly string[];
  /** Told once what whoever runs the server should know, such as an origin whose pages get no answer. */
  readonly onNotice?: TellOperator;
  /**
   * Told of every error of a call, refusals among them, and of what failed outside one. What PostgreSQL repeats of rows and statements, such as
   * hashes and phone numbers, is not in it.
   */
  readonly onError?: (failure: CallFailure) => void;
}

/** Something that failed, and in which call. */
export interface CallFailure {
  /** A `TRPCError` where a procedure was called. */
  readonly error: unknown;
  /** The procedure, such as `token.obtain`; undefined where none was called. */
  readonly path: string | undefined;
  readonly requestId: string | null;
}

/** What a `Request` does not say. */
export interface ConnectionInfo {
  /** The socket's address. Without it, limits by address count nothing. */
  readonly remoteAddress: string | null | undefined;
  /** The id under which your logs know the request. */
  readonly requestId?: string | null | undefined;
  /** The headers as Node's `headersDistinct` has them, where they are at hand: reading them is cheaper, and shows what came twice. */
  readonly headers?: RequestHeaders | undefined;
  /** Told the id of the user who makes the call, once it is known; for a line of a log. */
  readonly onCaller?: ((userId: string) => void) | undefined;
  /** Told of each call of a procedure that has ended, also each of a batch; for whoever counts. */
  readonly onCall?: TellCall | undefined;
}

/** Answers a request. */
export type FetchHandler = (request: Request, info?: ConnectionInfo) => Promise<Response>;

/** What answers browsers that ask for a page: `createPages` of `@latchkey/pages`, with the same `basePath` and `publicUrl`. */
export interface PagesHandler {
  /** Whether a path is that of a page, or of what pages are made of. */
  has(path: string): boolean;
  /** Never throws. */
  fetch(request: Request, info: ConnectionInfo): Promise<Response>;
}

/** A router, and how requests reach it. */
export interface FetchHandlerOptions<C extends Config> extends HttpOptions {
  readonly auth: Auth<C>;
  /** The procedures. */
  readonly router: AnyTRPCRouter;
  /** The router's context, given its part that is Latchkey's; that alone by default. */
  readonly createContext?: (request: Request, latchkey: LatchkeyContext<C>) => object | Promise<object>;
  /** Pages for sign-in and accounts, answered beside the procedures; none by default. */
  readonly pages?: PagesHandler | undefined;
  /** What notices call the settings; the options of `createLatchkey` by default. */
  readonly names?: SettingNames | undefined;
  /** What the process runs with, for `service.settings`; nothing by default. No secret may be in it. */
  readonly settings?: SettingsReport | undefined;
}

/** What every call of a handler needs. */
interface Serving<C extends Config> {
  readonly auth: Auth<C>;
  readonly router: AnyTRPCRouter;
  readonly base: string;
  readonly origins: OriginRules;
  readonly cookieTransport: CookieTransport;
  readonly readAddress: ReadRequestAddress;
  readonly onError: (failure: CallFailure) => void;
  readonly settings: SettingsReport | undefined;
  readonly pages: PagesHandler | undefined;
  readonly createContext: (request: Request, latchkey: LatchkeyContext<C>) => object | Promise<object>;
}

/**
 * Answers requests for the procedures below `/trpc`, the same in cookie mode below `/cookie/trpc`, the public keys at
 * `/.well-known/jwks.json`, and, where there are passkeys, the origins that may use them at `/.well-known/webauthn`; everything else with 404. It refuses what is larger than `requestLimits`, and never throws.
 *
 * @throws StartError for options that cannot be
 */
export function createFetchHandler<C extends Config>(options: FetchHandlerOptions<C>): FetchHandler {
  const serving = toServing(options);
  const continueTrace = createTraceContinuation(options.trustedProxies ?? []);
  return async (request, info = { remoteAddress: null }) => {
    try {
      return await continueTrace(request, info.remoteAddress, () => answer(serving, request, info));
    } catch (error) {
      serving.onError({ error: toFailure(error), path: undefined, requestId: info.requestId ?? null });
      return refuseFailure(error);
    }
  };
}

function toServing<C extends Config>(options: FetchHandlerOptions<C>): Serving<C> {
  const { basePath = "", corsOrigins = [] } = options;
  const { auth, router, names, onNotice: tell = () => {} } = options;
  const onError = (failure: CallFailure) => options.onError?.({ ...failure, error: withoutValues(failure.error) });
  const publicUrl = readOptions(options);
  const allowsLoopback = options.allowsLoopbackOrigins ?? false;
  const origins = createOriginRules({ named: corsOrigins, publicUrl, allowsLoopback, tell, names });
  return {
    ...{ auth, router, origins, onError, settings: options.settings, pages: options.pages },
    base: basePath,
    cookieTransport: createCookieTransport({ origins, publicUrl, basePath, tell, names }),
    readAddress: createRequestAddressReader(options),
    createContext: options.createContext ?? ((_, latchkey) => latchkey),
  };
}

function readOptions({ basePath = "", publicUrl, corsOrigins = [], trustedProxies = [] }: HttpOptions) {
  if (!/^(\/[\w.~-]+)*$/.test(basePath))
    throw new StartError(`basePath must be empty or such as /api, not ${basePath}`);
  const fault = corsOrigins.map(findOriginFault).find((found) => found !== null);
  if (fault !== undefined) throw new StartError(`corsOrigins: ${fault}`);
  const notProxy = trustedProxies.find((proxy) => !isTrustedProxy(proxy));
  if (notProxy !== undefined) throw new StartError(`trustedProxies: ${notProxy} is no address and no network`);
  const read: PublicUrl | null | undefined = publicUrl === undefined ? undefined : parsePublicUrl(publicUrl);
  if (read === null) throw new StartError("publicUrl must be such as https://example.com or https://example.com/api");
  return read;
}

/** A request by what is read of it before its body; its headers as Node has them, where they are at hand: a `Request` makes its own when it is asked. */
const toHead = (request: Request, { headers }: ConnectionInfo) =>
  headers ? { method: request.method, url: request.url, headers } : request;

type Answer = Response | Promise<Response>;

function answer<C extends Config>(serving: Serving<C>, request: Request, info: ConnectionInfo): Answer {
  const path = pathOf(request.url);
  const { base, router, pages } = serving;
  if (path.startsWith(`${base}/trpc/`)) return answerCall(serving, request, info, false);
  if (pages?.has(path)) return pages.fetch(request, info);
  if (path.startsWith(`${base}${cookiePath}/`)) return answerCall(serving, request, info, true);
  if (path === base + jwksPath) return answerPublicKeys(serving.auth, request);
  const { passkeys } = serving.auth.options;
  if (path === base + relatedOriginsPath && passkeys) return answerRelatedOrigins(request, passkeys.relatedOrigins);
  return refuse("NOT_FOUND", undefined, router);
}

/** The path of an address, as it stands there; parsing it would cost more than the rest of what is decided here. */
function pathOf(url: string): string {
  const address = targetOf(url);
  const end = address.search(/[?#]/);
  return end < 0 ? address : address.slice(0, end);
}

/** Lets pages of known origins call from a browser; to others the answer says nothing of it, and browsers refuse. */
function answerCall<C extends Config>(
  serving: Serving<C>,
  request: Request,
  info: ConnectionInfo,
  withCookies: boolean,
): Answer {
  const origin = readOrigin(toHead(request, info));
  if (origin === "") return answerOrRefuse(serving, request, info, withCookies);
  if (serving.origins.allows(request)) return answerPage(serving, request, info, { ...forNamedPages, withCookies });
  serving.origins.noteRefused(request);
  return answerOrRefuse(serving, request, info, withCookies);
}

async function answerPage<C extends Config>(
  serving: Serving<C>,
  request: Request,
  info: ConnectionInfo,
  rules: CorsRules,
): Promise<Response> {
  const origin = readOrigin(request);
  if (request.method === "OPTIONS") return answerPreflight(rules, origin);
  const response = await answerOrRefuse(serving, request, info, rules.withCookies);
  allowPage(response.headers, rules, origin);
  return response;
}

/** What has no body waits for nothing here: a function that is asynchronous costs even where nothing is awaited. */
function answerOrRefuse<C extends Config>(
  serving: Serving<C>,
  request: Request,
  info: ConnectionInfo,
  withCookies: boolean,
): Answer {
  const odd = refuseRequest(toHead(request, info), serving.router);
  if (odd) return odd;
  if (request.method === "POST") return answerPost(serving, request, info, withCookies);
  return withCookies ? refuse("NOT_FOUND", undefined, serving.router) : callProcedures(serving, request, info);
}

async function answerPost<C extends Config>(
  serving: Serving<C>,
  request: Request,
  info: ConnectionInfo,
  withCookies: boolean,
): Promise<Response> {
  const { router, cookieTransport } = serving;
  const limited = await limitBody(request, requestLimits.body);
  if (limited === "too large") return refuse("PAYLOAD_TOO_LARGE", undefined, router);
  if (limited === "cut off") return refuse("BAD_REQUEST", "The request ended early", router);
  if (!withCookies) return callProcedures(serving, limited, info);
  const isProcedure = pathOf(request.url).startsWith(`${serving.base}${cookiePath}/trpc/`);
  if (!isProcedure) return refuse("NOT_FOUND", undefined, router);
  const obstacle = cookieTransport.findObstacle(request);
  if (obstacle) return refuse("FORBIDDEN", obstacle, router);
  return callProcedures(serving, limited, info, cookieTransport.open(request));
}

function callProcedures<C extends Config>(
  serving: Serving<C>,
  req: Request,
  info: ConnectionInfo,
  cookies?: CallCookies,
): Promise<Response> {
  const { base, router, onError } = serving;
  const { requestId = null } = info;
  const call = {
    router,
    createContext: () => serving.createContext(req, readContext(serving, req, info, cookies)),
    onError: ({ error, path }: { error: TRPCError; path: string | undefined }) => onError({ error, path, requestId }),
  };
  const plain = cookies
    ? null
    : findPlainCall(targetOf(req.url).slice(`${base}/trpc/`.length), toHead(req, info), router);
  return plain ? answerPlainCall(plain, { ...call, request: req }) : callByTrpc(base, { ...call, req }, cookies);
}

type TrpcCall = Pick<Parameters<typeof fetchRequestHandler>[0], "req" | "router" | "createContext" | "onError">;

async function callByTrpc(base: string, call: TrpcCall, cookies: CallCookies | undefined): Promise<Response> {
  const response = await fetchRequestHandler({
    ...call,
    endpoint: base + (cookies ? `${cookiePath}/trpc` : "/trpc"),
    // Of a batch of refreshes only one could have the cookie.
    allowBatching: cookies === undefined,
    // Queries come by POST too, so that nothing about a person stands in an address.
    allowMethodOverride: cookies === undefined,
    maxBatchSize: requestLimits.batch,
    responseMeta,
  });
  // Where it refuses a request before it knows the calls, tRPC leaves the type open, or says that of the stream which was asked for.
  if (!response.ok) response.headers.set("Content-Type", "application/json");
  for (const line of cookies?.lines ?? []) response.headers.append("Set-Cookie", line);
  return response;
}

function readContext<C extends Config>(
  { auth, readAddress, settings }: Pick<Serving<C>, "auth" | "readAddress" | "settings">,
  request: Request,
  info: ConnectionInfo,
  cookies: CallCookies | undefined,
): LatchkeyContext<C> {
  const { requestId, onCaller, onCall } = info;
  const { headers } = toHead(request, info);
  const address = readAddress({ headers, remoteAddress: info.remoteAddress });
  return createContext(auth, { headers, remoteAddress: address, requestId, cookies, onCaller, onCall, settings });
}
