import { createTRPCClient, createTRPCUntypedClient, httpLink, type TRPCClient, type TRPCLink } from "@trpc/client";
import type { AnyRouter, inferRouterInputs } from "@trpc/server";
import type { AppRouter, Call, TokenResponse } from "./api-types.ts";
import { createAudienceTokens } from "./audience-tokens.ts";
import { limit } from "./callbacks.ts";
import { createEndpoint, type Transformer } from "./endpoint.ts";
import { parseMarks, toKeptSession } from "./kept-session.ts";
import {
  type ApiOptions,
  answerBy,
  createPrivateBatchLink,
  type LinkOptions,
  type TokenSource,
  withMarks,
  withToken,
} from "./link.ts";
import type { PersonOf } from "./mounted-router.ts";
import { createProcedurePaths, type ProcedurePaths } from "./procedure-paths.ts";
import { createRefresher, type Refresher } from "./refresher.ts";
import {
  type CookieNames,
  formatCookie,
  formatTokens,
  parseTokens,
  readCookie,
  replaceCookies,
  type SessionCookie,
  type SessionTokens,
} from "./session-cookie.ts";
import { isFinal } from "./session-manager.ts";
import { createSessionRevoker } from "./session-revoker.ts";

/** A request of a browser to your server, or what a component that renders knows of it: `{ headers: await headers() }`. */
export interface SessionRequest {
  readonly headers: { get(name: string): string | null };
}

/** Where the service is, and how the browser is told to it. */
export interface ServerSessionOptions {
  /** Where the service is, such as `https://auth.example.com`; its procedures are below `/trpc`. */
  readonly url: string | URL;
  /** The service's `FORWARDED_SECRET`, with which it believes the address that {@link clientAddress} tells. */
  readonly forwardedSecret?: string | undefined;
  /**
   * The address of the browser, from something that a browser cannot set itself: what your platform or the last of your proxies
   * writes. Without it, the service counts all of your people's wrong passwords as coming from one address: your server's.
   */
  readonly clientAddress?: (request: SessionRequest) => string | null | undefined;
  /** Origins other than your app's own whose pages may post to it in a person's name, such as `https://www.example.com`. */
  readonly trustedOrigins?: readonly string[];
  /** What the cookies' names end in: `latchkey` for `__Host-latchkey` and `__Host-latchkey-device`. */
  readonly cookieName?: string;
  /** Another `fetch` than the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * Answers in this process, where Latchkey is mounted in it: the handler of `createFetchHandler`. Nothing is sent then, and no secret is
   * needed for it to believe the address.
   */
  readonly answer?: (request: Request, from: { readonly remoteAddress: string | null }) => Promise<Response>;
  /** Where the procedures are in a router of your own, such as `auth`; at the top by default. */
  readonly path?: string;
  /** The transformer of that router. */
  readonly transformer?: Transformer;
}

type Credentials = inferRouterInputs<AppRouter>["token"]["obtain"];

/** The session of the browser that sent a request. */
export interface ServerSession<Router extends AnyRouter = AppRouter> {
  /** Every procedure of the router, in the name of the person. */
  readonly api: TRPCClient<Router>;
  /** Whether the browser has a session, as far as its cookie tells. */
  readonly isSignedIn: boolean;
  /**
   * The person, read from the service once for each session; null when nobody is signed in. Throws when the service does not say:
   * that nobody knows is no sign-out.
   */
  user(): Promise<PersonOf<Router> | null>;
  /**
   * The access token for calls to another API, of its audience; without one the session's own, which is for the service alone. Undefined
   * when nobody is signed in.
   */
  token(api?: Pick<ApiOptions, "audience">): Promise<string | undefined>;
  /** Signs in, and ends the session that the browser had. Throws as the SDK's `signIn` does. */
  signIn(credentials: Credentials): Promise<PersonOf<Router>>;
  /** Signs out here, and at the service as soon as it is reached. */
  signOut(): Promise<void>;
  /** Headers for an answer: `Set-Cookie` if something has changed, and that nothing but this browser may keep it. */
  headers(): Headers;
  /** An answer with {@link headers}; every answer that depends on the session goes through this. */
  commit(response: Response): Response;
  /** The cookies to set where a framework sets them itself: `for (const cookie of session.cookies()) (await cookies()).set(cookie)`. */
  cookies(): readonly SessionCookie[];
  /** The headers of the request with the cookies as they are by now, for whatever renders behind a proxy of Next. */
  requestHeaders(): Headers;
}

/** Opens the session of a request. See {@link createServerSession}. */
export interface ServerSessions<Router extends AnyRouter = AppRouter> {
  (request: SessionRequest): Promise<ServerSession<Router>>;
  /** Makes a handler whose every answer is committed, also one that is thrown. */
  handler<Asked extends Request>(
    answer: (request: Asked, session: ServerSession<Router>) => Response | Promise<Response>,
  ): (request: Asked) => Promise<Response>;
}

/**
 * Sessions for a server that renders: the browser has no token, but one cookie of your own origin that no script can read.
 *
 * Given a `Request`, as in a proxy, a route handler, a loader or an action, an access token that has run out is renewed, once for all
 * who ask at the same time; the answer must then go through `commit`. Given headers alone, as in a component, nothing is renewed,
 * because nothing could be stored.
 *
 * @example
 * export const serverSession = createServerSession({ url: process.env.AUTH_URL });
 * const session = await serverSession(request);
 * return session.commit(Response.json(await session.user()));
 */
export function createServerSession<Router extends AnyRouter = AppRouter>(
  options: ServerSessionOptions,
): ServerSessions<Router> {
  const name = options.cookieName ?? "latchkey";
  const shared: Shared = {
    options,
    names: { session: `__Host-${name}`, device: `__Host-${name}-device`, remember: `__Host-${name}-remember` },
    paths: createProcedurePaths(options.path),
    refresher: createRefresher(),
  };
  const opened = new WeakMap<SessionRequest, Promise<ServerSession<Router>>>();
  const open = (request: SessionRequest) => {
    const session = opened.get(request) ?? openSession<Router>(shared, request);
    opened.set(request, session);
    return session;
  };
  return Object.assign(open, { handler: createHandler(open) });
}

function createHandler<Router extends AnyRouter>(open: (request: SessionRequest) => Promise<ServerSession<Router>>) {
  return <Asked extends Request>(
    answer: (request: Asked, session: ServerSession<Router>) => Response | Promise<Response>,
  ) =>
    async (request: Asked): Promise<Response> => {
      const session = await open(request);
      try {
        return session.commit(await answer(request, session));
      } catch (thrown) {
        throw thrown instanceof Response ? session.commit(thrown) : thrown;
      }
    };
}

/** What all sessions of a server have in common. */
interface Shared {
  readonly options: ServerSessionOptions;
  readonly names: CookieNames;
  readonly paths: ProcedurePaths;
  readonly refresher: Refresher;
}

/** Milliseconds before its end from which an access token is renewed: what is rendered with it takes its time. */
const early = 30_000;
/** Milliseconds for which a page waits for new tokens. Its visitor waits as well. */
const longest = 5_000;

async function openSession<Router extends AnyRouter>(
  { options, names, paths, refresher }: Shared,
  request: SessionRequest,
): Promise<ServerSession<Router>> {
  const canAnswer = "method" in request;
  const endpoint = createEndpoint(`${String(options.url).replace(/\/$/, "")}/trpc`, {
    fetch: createForwardingFetch(options, request),
    transformer: options.transformer,
  });
  const marksLink = withMarks(paths, () => marks);
  const plain = createTRPCUntypedClient<AnyRouter>({ links: [marksLink, httpLink(endpoint)] });
  const ask: Call = (procedure, input, given) => plain.mutation(paths.at(procedure), input, given) as Promise<never>;
  const revoke = createSessionRevoker((refreshToken) => ask("token.revoke", { refreshToken }));

  const cookies = new Map<string, SessionCookie>();
  const found = readCookie(request.headers.get("cookie"), names.session);
  const isForeign = isOfAnotherSite(request, options.trustedOrigins);
  let tokens = isForeign ? null : parseTokens(found);
  const markOf = (cookie: string) => readCookie(request.headers.get("cookie"), cookie);
  let marks = parseMarks({ deviceMark: markOf(names.device), rememberMark: markOf(names.remember) });
  let failure: unknown;
  let hasRefreshed = false;
  /** The number of the last wish to sign in or out, and of the newest that has come true. */
  let [asked, fulfilled] = [0, 0];
  let person: Promise<PersonOf<Router> | null> | undefined;
  // Of several cookies of one name none is believed, and one that cannot be read is of no use.
  if (found !== undefined && !tokens && !isForeign) clear();

  function clear(): void {
    tokens = null;
    person = undefined;
    cookies.set(names.session, formatCookie(names.session, "", 0));
  }

  function keep(answer: TokenResponse): void {
    const { token, refreshToken, expiresAt, clockOffset, user } = toKeptSession(answer);
    tokens = { token, refreshToken, expiresAt: expiresAt - clockOffset };
    failure = undefined;
    person = Promise.resolve(user as PersonOf<Router>);
    const lifetime = (new Date(answer.refreshExpiresAt).getTime() - clockOffset - Date.now()) / 1000;
    cookies.set(names.session, formatCookie(names.session, formatTokens(tokens), lifetime));
    keepDevice(answer);
  }

  /** Takes over tokens that another request of this browser must not put those of before in the place of. Answers these. */
  function moveOn(answer: TokenResponse): SessionTokens | null {
    const replaced = tokens;
    keep(answer);
    if (replaced) refresher.noteReplaced(replaced.refreshToken, answer.refreshToken);
    return replaced;
  }

  function wish(): number {
    asked += 1;
    return asked;
  }

  /** Keeps the session that was asked for with the wish of this number, unless a later one has come true. The other one is ended. */
  async function open(answer: TokenResponse, own: number): Promise<void> {
    if (own < fulfilled) return revoke(answer.refreshToken);
    fulfilled = own;
    const replaced = moveOn(answer);
    if (replaced) await revoke(replaced.refreshToken);
  }

  /** The mark of this device is another one after what makes all others worthless. */
  function keepDevice(answer: object | null | undefined): void {
    const next = parseMarks(answer);
    marks = { ...marks, ...next };
    const { deviceMark, rememberMark } = next;
    if (deviceMark) cookies.set(names.device, formatCookie(names.device, deviceMark, deviceLifetime));
    if (rememberMark) cookies.set(names.remember, formatCookie(names.remember, rememberMark, deviceLifetime));
  }

  /** Renews the session, at most once for each request. */
  async function refresh({ refreshToken }: SessionTokens): Promise<void> {
    if (hasRefreshed) return;
    hasRefreshed = true;
    try {
      const renew = (given: { signal: AbortSignal }) => ask("token.refresh", { refreshToken }, given);
      keep(await refresher.refresh(refreshToken, () => limit(renew, longest)));
    } catch (error) {
      failure = error;
      if (isFinal(error)) clear();
    }
  }

  const source: TokenSource = {
    async findToken() {
      if (tokens && failure && tokens.expiresAt <= Date.now()) throw failure;
      return tokens?.token;
    },
    async replaceToken(refused) {
      if (!canAnswer || !tokens) return undefined;
      if (tokens.token === refused) await refresh(tokens);
      return tokens?.token === refused ? undefined : tokens?.token;
    },
    async endUnlessNewer(token) {
      if (tokens?.token === token) clear();
    },
  };

  /** Tokens that a call answers replace those of the cookie. */
  const watch: TRPCLink<AnyRouter> =
    () =>
    ({ op, next }) => {
      const givesTokens = paths.opensSession(op) || paths.movesOn(op) || op.path === paths.at("token.refresh");
      if (givesTokens) requireAnswer();
      const own = paths.opensSession(op) ? wish() : 0;
      return answerBy(next, async (send) => {
        const answer = await send(op);
        const { data } = answer.result as { data?: Partial<TokenResponse> | null };
        // A code may be answered with a ticket, which is no session.
        if (own > 0 && data?.token) await open(data as TokenResponse, own);
        else if (givesTokens && data?.token) moveOn(data as TokenResponse);
        else if (canAnswer) keepDevice(data);
        return answer;
      });
    };

  /** What is rendered for long puts no cookie back that another request has replaced meanwhile. */
  function listCookies(): readonly SessionCookie[] {
    if (tokens && refresher.isReplaced(tokens.refreshToken)) cookies.delete(names.session);
    return [...cookies.values()];
  }

  function requireAnswer(): void {
    if (isForeign) throw new Error("A page of another site has sent this: name its origin in trustedOrigins to let it");
    if (!canAnswer)
      throw new Error("Only a proxy, a route handler, a loader or an action can set cookies: pass it its request");
  }

  if (canAnswer && tokens && tokens.expiresAt - early <= Date.now()) await refresh(tokens);

  const links: TRPCLink<AnyRouter>[] = [
    watch,
    marksLink,
    withToken(source, (attach) => createPrivateBatchLink(endpoint as LinkOptions<AnyRouter>, attach)),
  ];
  const api = createTRPCUntypedClient<AnyRouter>({ links });
  const call: Call = (procedure, input, given) => api.mutation(paths.at(procedure), input, given) as Promise<never>;
  const tokensOf = createAudienceTokens(source, call, longest);

  const session: ServerSession<Router> = {
    api: createTRPCClient<Router>({ links: links as TRPCLink<Router>[] }),
    get isSignedIn() {
      return tokens !== null;
    },
    async user() {
      if (!tokens) return null;
      person ??= api.query(paths.at("me.get")) as Promise<PersonOf<Router>>;
      return person.catch((error: unknown) => {
        if (tokens) throw error;
        return null;
      });
    },
    token: ({ audience } = {}) => tokensOf(audience).findToken(),
    async signIn(credentials) {
      requireAnswer();
      const own = wish();
      const answer = await ask("token.obtain", credentials);
      await open(answer, own);
      return answer.user as PersonOf<Router>;
    },
    async signOut() {
      requireAnswer();
      fulfilled = wish();
      const ended = tokens;
      clear();
      if (ended) await revoke(ended.refreshToken);
    },
    cookies: listCookies,
    headers() {
      const headers = new Headers({ "cache-control": "private, no-store", vary: "Cookie" });
      for (const { line } of listCookies()) headers.append("set-cookie", line);
      return headers;
    },
    commit: (response) => commit(response, session.headers()),
    requestHeaders: () => replaceCookies(request.headers as Headers, cookies.values()),
  };
  return session;
}

/**
 * Whether a page of another origin has a browser do something here. `SameSite=Lax` keeps it neither from being answered a cookie, of an account
 * of its own, nor, on the same site, from sending the person's.
 */
function isOfAnotherSite(request: SessionRequest, trusted: readonly string[] = []): boolean {
  if (!("method" in request) || request.method === "GET" || request.method === "HEAD") return false;
  const [site, origin] = ["sec-fetch-site", "origin"].map((name) => request.headers.get(name));
  if (origin && trusted.includes(origin)) return false;
  if (site) return site !== "same-origin" && site !== "none";
  const hosts = ["host", "x-forwarded-host"].map((name) => request.headers.get(name));
  return !!origin && !hosts.includes(origin.replace(/^https?:\/\//, "")) && origin !== originOf(request);
}

function originOf(request: SessionRequest): string | undefined {
  const url = "url" in request ? String(request.url) : "";
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

/** Seconds for which a browser keeps the device's mark: the most that browsers allow. */
const deviceLifetime = 400 * 86_400;

/** Puts headers on an answer; on a copy where the answer's own cannot be changed, as those of a redirect. */
function commit(response: Response, headers: Headers): Response {
  try {
    response.headers.set("cache-control", "private, no-store");
  } catch {
    return commit(new Response(response.body, response), headers);
  }
  const vary = response.headers.get("vary");
  if (vary !== "*" && !/(^|,)\s*cookie\s*(,|$)/i.test(vary ?? "")) response.headers.append("vary", "Cookie");
  for (const line of headers.getSetCookie()) response.headers.append("set-cookie", line);
  return response;
}

/** Tells the service of the browser what it would have seen of it. */
function createForwardingFetch(
  { fetch, answer, forwardedSecret, clientAddress }: ServerSessionOptions,
  request: SessionRequest,
): typeof globalThis.fetch {
  const agent = request.headers.get("user-agent");
  const address = answer || forwardedSecret !== undefined ? clientAddress?.(request) : undefined;
  return (input, init) => {
    const headers = new Headers(init?.headers);
    if (agent) headers.set("user-agent", agent);
    if (answer) return answer(new Request(input, { ...init, headers }), { remoteAddress: address ?? null });
    if (forwardedSecret !== undefined && address) {
      headers.set("latchkey-forwarded-address", address);
      headers.set("latchkey-forwarded-secret", forwardedSecret);
    }
    // Followed to another host, a redirect would take the secret there. Next keeps answers unless told otherwise.
    return (fetch ?? globalThis.fetch)(input, { ...init, headers, redirect: "manual", cache: "no-store" });
  };
}
