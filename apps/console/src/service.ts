import { createAuthClient, isAuthError } from "@latchkey/client";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { createStore } from "./store.ts";

/** What the page says where the console has an origin of its own. */
const named = document.querySelector<HTMLMetaElement>('meta[name="latchkey-service"]')?.content;

/** Where the service is: these files are in `console/assets` below it, or the page names it. */
export const service = named ?? import.meta.url.replace(/\/console\/assets\/[^/]*$/, "");

/** Where the service leads to a path of the console: from its own pages, which lead nowhere else. */
export const atService = (path: string): string => `${new URL(service).pathname.replace(/\/$/, "")}/console${path}`;

/** Below what the screens are in the browser: `/console`, `/auth/console` behind a proxy, or nothing on an origin of its own. */
export const consolePath = named === undefined ? atService("") : "";

/** In cookie mode: no refresh token is ever within reach of this page. */
export const auth = createAuthClient({ url: service, storage: "cookie" });

/** Whether the service has not answered lately. */
export const away = createStore(false);

/** Whether the service has answered, with whatever refusal, rather than not at all or with a failure that passes. */
export function isAnswer(error: unknown): boolean {
  const status = (error as { data?: { httpStatus?: unknown } } | null)?.data?.httpStatus;
  return typeof status === "number" && status < 500 && !isAuthError(error, "rate_limited");
}

/** What the service cannot do at all is not asked for in silence for ever: after so many tries the page says so. */
const mostTries = 3;

/** Whether the service answered that something is wrong with itself, and not that it is away or busy. */
const isDefect = (error: unknown): boolean =>
  (error as { data?: { httpStatus?: unknown } } | null)?.data?.httpStatus === 500;

/** Milliseconds until what was not answered is asked for again: what the service said, or 1, 2, 4, 8 seconds. */
function retryDelay(count: number, error: unknown): number {
  const asked = isAuthError(error) ? (error.data as { retryAfter?: number }).retryAfter : undefined;
  return (asked ?? 2 ** Math.min(count, 3)) * 1_000;
}

export const queryClient = new QueryClient({
  mutationCache: new MutationCache({
    onError(error) {
      // What somebody else has deleted meanwhile is shown as gone.
      if (isAuthError(error, "not_found")) void queryClient.invalidateQueries();
    },
  }),
  queryCache: new QueryCache({ onSuccess: () => away.set(false), onError: () => away.set(false) }),
  defaultOptions: {
    queries: {
      networkMode: "always",
      staleTime: 5_000,
      retryDelay,
      retry: (failures, error) => {
        if (isAnswer(error)) return false;
        if (isDefect(error)) return failures < mostTries - 1;
        if (!isAuthError(error, "rate_limited")) away.set(true);
        return true;
      },
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** Asks at once for all that has not come, whether it is asked for again by itself or not. */
export function askAgain(): void {
  const missing = queryClient.getQueryCache().findAll({
    type: "active",
    predicate: ({ state }) => state.error !== null || state.fetchFailureCount > 0,
  });
  for (const query of missing) {
    if (query.state.data === undefined) query.reset();
    void query.fetch().catch(() => {});
  }
}

/** Every procedure, as options of a query or a mutation. */
export const trpc = createTRPCOptionsProxy({ client: auth.api, queryClient });
