import { createTRPCClient, createTRPCUntypedClient, httpLink, type TRPCClient, type TRPCLink } from "@trpc/client";
import type { AnyRouter, inferRouterInputs } from "@trpc/server";
import type { AppRouter, Call, PermissionName } from "./api-types.ts";
import { createAudienceTokens } from "./audience-tokens.ts";
import { limit } from "./callbacks.ts";
import { createCookieFetch } from "./cookie-fetch.ts";
import { createEndpoint, type Endpoint, type Transformer, toBase, toCodec } from "./endpoint.ts";
import {
  type ApiOptions,
  createLink,
  createPrivateBatchLink,
  type LinkOptions,
  toHeaders,
  withMarks,
  withToken,
} from "./link.ts";
import type { PersonOf } from "./mounted-router.ts";
import { createProcedurePaths } from "./procedure-paths.ts";
import { createReauthenticator, type Reauthenticate } from "./reauthenticator.ts";
import { createSessionLink } from "./session-link.ts";
import { type AuthState, createSessionManager, loading, type SessionManager } from "./session-manager.ts";
import { createSplitLink } from "./split-link.ts";
import { type AuthStorage, localStorageStorage, memoryStorage } from "./storage.ts";

type Credentials = inferRouterInputs<AppRouter>["token"]["obtain"];
/** Where the service is, and where its session is kept. */
export interface AuthClientOptions {
  /** Where the service is, such as `https://auth.example.com`; its procedures are below `/trpc`. */
  readonly url: string | URL;
  /**
   * Where the session is kept; in memory by default. `"cookie"`, for browsers: the refresh token is in a cookie that no script can
   * read, the access token in memory, and only who is signed in in `localStorage`.
   */
  readonly storage?: AuthStorage | "cookie";
  /** Another `fetch` than the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** Where the procedures are in a router of your own: `"auth"` for `auth.token.obtain`. At the top by default. */
  readonly path?: string;
  /** The transformer of that router, such as `superjson`; none by default. */
  readonly transformer?: Transformer;
}

/** What the SDK's own parts need of a client. */
export interface ClientInternals extends Pick<SessionManager, "ready" | "wish" | "keep" | "getSnapshot"> {
  /** Calls a procedure without a token, with the marks of this device where it takes some. A session that it opens is kept. */
  readonly ask: Call;
  /** Calls as the person who is signed in. */
  readonly call: Call;
  /** Where the service is, without a slash at the end; false in cookie mode. */
  readonly base: string | false;
}

/** Signs a person in and out, and gives every call their token. */
export interface AuthClient<Router extends AnyRouter = AppRouter> {
  /** Every procedure of the router, typed; the token is attached, and renewed before it runs out. */
  readonly api: TRPCClient<Router>;
  /**
   * Signs in by username, phone number or e-mail address, and answers whose credentials these are. When the person has signed out
   * or in again meanwhile, that stands, and this session is ended. Throws {@link isAuthError} `invalid_credentials`, `rate_limited`, …
   */
  signIn(credentials: Credentials): Promise<PersonOf<Router>>;
  /** Signs out here at once and on the service as soon as it is reached; never throws. */
  signOut(): Promise<void>;
  /**
   * Whether the person holds a permission at this moment. For showing and hiding: the service checks every call by itself. False
   * when nobody is signed in.
   */
  can<Name extends string>(permission: PermissionName<Name>): Promise<boolean>;
  /** The permissions that the person holds at this moment; none when nobody is signed in. */
  permissions(): Promise<readonly string[]>;
  /**
   * Sends the calls of your own tRPC API with a token of its audience, which opens that API alone. It is the last link.
   *
   * @throws TypeError for an API at another address than the service's without its `audience`
   */
  link<OwnRouter extends AnyRouter>(options: LinkOptions<OwnRouter> & ApiOptions): TRPCLink<OwnRouter>;
  /**
   * The `Authorization` header for anything else, with a token of an API's `audience`, or without one the session's own, which is for the
   * service alone. Empty when nobody is signed in.
   */
  headers(api?: Pick<ApiOptions, "audience">): Promise<{ authorization?: string }>;
  /** Calls back when {@link getSnapshot} answers something new; answers how to stop that. Fits `useSyncExternalStore`. */
  subscribe(listener: () => void): () => void;
  getSnapshot(): AuthState<PersonOf<Router>>;
  /** What a server shows that renders the page, and the browser until it has taken over: nothing known yet. */
  getServerSnapshot(): AuthState<PersonOf<Router>>;
  /**
   * Calls back when somebody else is signed in than before, or nobody any more, before {@link subscribe} does: the moment to forget
   * what was fetched for the person before. Whom the storage holds at the start is no change. Answers how to stop that.
   */
  onPersonChange(listener: (user: PersonOf<Router> | null) => void): () => void;
  /**
   * Calls back when the service refuses a call until it is shown again who is there: ask the person for their passkey or password, with
   * `acr` `2` for two factors, and call `me.reauthenticate`. All calls that wait are asked for once, and are sent again when the promise is fulfilled; they had not run. Answers
   * how to stop that.
   */
  onReauthenticate(handler: Reauthenticate): () => void;
  /** For the parts of the SDK that are imported apart; of no use to anybody else, and other in each version. */
  readonly internals: ClientInternals;
  /** Closes the client: it calls nobody back and makes no calls. The session stays stored, and a sign-in under way is undone. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What the parts of the SDK that are imported apart take of a client; by `api` the compiler finds out its router, and so who signs in. */
export type ClientOf<Router extends AnyRouter> = Pick<AuthClient<Router>, "api" | "internals">;

/**
 * A client of the service for one person at a time. Nothing is needed of the platform but `fetch`, so that it can be made anywhere,
 * also where a module is loaded on a server.
 *
 * @example
 * const auth = createAuthClient({ url: "http://localhost:3000" });
 * await auth.signIn({ username: "+90 532 123 45 67", password });
 * const me = await auth.api.me.get.query();
 */
export function createAuthClient<Router extends AnyRouter = AppRouter>({
  url,
  storage = memoryStorage(),
  fetch,
  path,
  transformer,
}: AuthClientOptions): AuthClient<Router> {
  const base = toBase(url);
  const cookieMode = storage === "cookie";
  const paths = createProcedurePaths(path);
  const [all, ofSession] = createEndpoints(base, { fetch, transformer }, cookieMode);
  const ask: Call = (procedure, input, given) => plain.mutation(paths.at(procedure), input, given) as Promise<never>;
  const manager = createSessionManager({
    storage: cookieMode ? localStorageStorage() : storage,
    cookieMode,
    codec: toCodec(transformer),
    renew: (refreshToken) => limit((given) => ask("token.refresh", { refreshToken }, given)),
    revoke: (refreshToken) => ask("token.revoke", { refreshToken }),
    find: () => limit((given) => api.query(paths.at("me.get"), undefined, given)),
  });
  const common = [createSessionLink(manager, paths), withMarks(paths, manager.findMarks)];
  const plain = createTRPCUntypedClient<AnyRouter>({ links: [...common, httpLink(ofSession)] });

  const reauthenticator = createReauthenticator(() => manager.getSnapshot().user?.id);
  const source = { ...manager, ask, reauthenticate: reauthenticator.ask };
  const links = [
    ...common,
    withToken<AnyRouter>(source, (attach) => {
      const alone = httpLink({ ...ofSession, headers: ({ op }) => attach([op]) });
      const together = createPrivateBatchLink(all as LinkOptions<AnyRouter>, attach);
      return createSplitLink([alone, together], paths, cookieMode);
    }),
  ];
  const api = createTRPCUntypedClient<AnyRouter>({ links });
  const call: Call = (procedure, input, given) => api.mutation(paths.at(procedure), input, given) as Promise<never>;
  const tokensOf = createAudienceTokens(source, call);

  async function permissions(): Promise<readonly string[]> {
    // Of somebody whose session was found in the storage, not all need be known yet.
    if (!(await manager.findToken())) return [];
    return (await api.query(paths.at("me.permissions"))) as readonly string[];
  }

  return {
    api: createTRPCClient<Router>({ links: links as TRPCLink<Router>[] }),
    permissions,
    can: async (permission) => (await permissions()).includes(permission),
    signIn: async (credentials) => (await ask("token.obtain", credentials)).user as PersonOf<Router>,
    signOut: () => manager.signOut().catch(() => {}),
    link({ audience, dangerouslySendSessionToken, ...options }) {
      const isOwn = dangerouslySendSessionToken || originOf(options.url) === originOf(base);
      if (audience === undefined && !isOwn) throw new TypeError("The audience of the API is missing");
      return createLink(tokensOf(audience), options as LinkOptions<AnyRouter>);
    },
    headers: async ({ audience } = {}) => toHeaders(await tokensOf(audience).findToken()),
    subscribe: manager.subscribe,
    getSnapshot: manager.getSnapshot as AuthClient<Router>["getSnapshot"],
    onPersonChange: manager.onPersonChange as AuthClient<Router>["onPersonChange"],
    dispose: manager.dispose,
    getServerSnapshot: () => loading as AuthState<PersonOf<Router>>,
    onReauthenticate: reauthenticator.set,
    internals: { ...source, call, base: !cookieMode && base },
    // Where the platform does not know the symbol yet, tools that fill it in use this one.
    [Symbol.dispose ?? Symbol.for("Symbol.dispose")]: manager.dispose,
  };
}

/**
 * Without the platform's `URL`, of which React Native has half. Only what is surely a path is at this page's own origin: `//elsewhere` is
 * another one's.
 */
function originOf(url: unknown): string | undefined {
  const text = String(url);
  if (/^(\/(?![\s/\\])|[\w.-]+(\/|$)|$)/.test(text)) return globalThis.location?.origin;
  return /^\w+:\/\/[^/?#]+/.exec(text)?.[0] ?? text;
}

/** Where calls go, and where those that are about the session's tokens go: to another place in cookie mode. */
function createEndpoints(
  base: string,
  options: { readonly [Name in "fetch" | "transformer"]: AuthClientOptions[Name] },
  cookieMode: boolean,
): readonly [all: Endpoint, ofSession: Endpoint] {
  const fetch: typeof globalThis.fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init);
  const all = createEndpoint(`${base}/trpc`, { ...options, fetch });
  const place = `${base}/cookie/trpc`;
  return [all, cookieMode ? createEndpoint(place, { ...options, fetch: createCookieFetch(fetch, place) }) : all];
}
