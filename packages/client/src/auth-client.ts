import type { AppRouter, Permission } from "@latchkey/server";
import { createTRPCClient, httpLink, splitLink, type TRPCClient, type TRPCLink } from "@trpc/client";
import type { AnyRouter, inferRouterInputs } from "@trpc/server";
import { tap } from "@trpc/server/observable";
import { createLink, type LinkOptions, withToken } from "./link.ts";
import { type AuthState, createSessionKeeper, type SessionAnswer, type User } from "./session-keeper.ts";
import { type AuthStorage, localStorageStorage, memoryStorage } from "./storage.ts";

type Inputs = inferRouterInputs<AppRouter>;
type Fetch = NonNullable<Parameters<typeof httpLink<AppRouter>>[0]["fetch"]>;

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
}

/** Signs a person in and out, and gives every call their token. */
export interface AuthClient {
  /** Every procedure of the service, typed; the token is attached, and renewed before it runs out. */
  readonly api: TRPCClient<AppRouter>;
  /** Signs in by username, phone number or e-mail address. Throws {@link isAuthError} `invalid_credentials`, `rate_limited`, … */
  signIn(credentials: Inputs["token"]["obtain"]): Promise<User>;
  /** Signs out here at once and on the service as soon as it is reached; never throws. */
  signOut(): Promise<void>;
  /**
   * Whether the person holds a permission at this moment. For showing and hiding: the service checks every call by itself. False
   * when nobody is signed in.
   */
  can(permission: Permission): Promise<boolean>;
  /** Sends the calls of your own tRPC API with the token. It is the last link. */
  link<Router extends AnyRouter>(options: LinkOptions<Router>): TRPCLink<Router>;
  /** The `Authorization` header for anything else; empty when nobody is signed in. */
  headers(): Promise<{ authorization?: string }>;
  /** Calls back when {@link getSnapshot} answers something new; answers how to stop that. Fits `useSyncExternalStore`. */
  subscribe(listener: () => void): () => void;
  getSnapshot(): AuthState;
}

/**
 * A client of the service for one person at a time.
 *
 * @example
 * const auth = createAuthClient({ url: "http://localhost:3000" });
 * await auth.signIn({ username: "+90 532 123 45 67", password });
 * const me = await auth.api.me.get.query();
 */
export function createAuthClient({ url, storage = memoryStorage(), fetch }: AuthClientOptions): AuthClient {
  const base = String(url).replace(/\/$/, "");
  const hidesTokens = storage === "cookie";
  const endpoint = { url: `${base}/trpc`, ...(fetch && { fetch: fetch as Fetch }) };
  const sessionEndpoint = hidesTokens ? { url: `${base}/cookie/trpc`, fetch: withCookies(fetch) } : endpoint;
  const plain = createTRPCClient<AppRouter>({ links: [httpLink(sessionEndpoint)] });
  const keeper = createSessionKeeper({
    storage: hidesTokens ? localStorageStorage() : storage,
    hidesTokens,
    renew: (refreshToken) => plain.token.refresh.mutate({ refreshToken }),
  });

  /** Answers that change who is signed in, or what is known of them, are taken over. */
  const watch: TRPCLink<AppRouter> =
    () =>
    ({ op, next }) =>
      next(op).pipe(
        tap({
          next({ result }) {
            if (!("data" in result)) return;
            if (op.path === "me.changePassword") void keeper.replace(result.data as SessionAnswer);
            else if (opensSession(op)) void keeper.keep(result.data as SessionAnswer);
            if (op.path === "me.get" || op.path === "me.update") void keeper.showUser(result.data as User);
          },
        }),
      );

  const api = createTRPCClient<AppRouter>({
    links: [
      watch,
      splitLink({
        condition: opensSession,
        true: withToken<AppRouter>(keeper, (attach) =>
          httpLink({ ...sessionEndpoint, headers: ({ op }) => attach([op]) }),
        ),
        false: createLink<AppRouter>(keeper, endpoint),
      }),
    ],
  });

  return {
    api,
    async can(permission) {
      await keeper.ready;
      return keeper.getSnapshot().status === "signedIn" && (await api.me.permissions.query()).includes(permission);
    },
    async signIn(credentials) {
      const answer = await plain.token.obtain.mutate({ deviceMark: keeper.findDeviceMark(), ...credentials });
      await keeper.ready;
      await keeper.keep(answer);
      return answer.user;
    },
    async signOut() {
      await keeper.ready;
      const refreshToken = keeper.findRefreshToken();
      await keeper.forget();
      if (refreshToken !== undefined) await plain.token.revoke.mutate({ refreshToken }).catch(() => {});
    },
    link: (options) => createLink(keeper, options),
    async headers() {
      const token = await keeper.findToken();
      return token ? { authorization: `Bearer ${token}` } : {};
    },
    subscribe: keeper.subscribe,
    getSnapshot: keeper.getSnapshot,
  };
}

/** Calls whose answer is a session: they bring tokens, and in cookie mode they set the cookie. */
const sessionCalls: readonly string[] = ["token.obtain", "account.register", "me.changePassword"];

const opensSession = ({ path }: { path: string }) => sessionCalls.includes(path);

const withCookies =
  (fetch = globalThis.fetch): Fetch =>
  (url, init) =>
    fetch(url, { ...init, credentials: "include" } as RequestInit);
