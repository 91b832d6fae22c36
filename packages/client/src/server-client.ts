import { createTRPCClient, type TRPCClient, type TRPCLink } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import type { AppRouter } from "./api-types.ts";
import { toBase } from "./endpoint.ts";
import { createPrivateBatchLink, type LinkOptions, toHeaders } from "./link.ts";

/** Where the service is, and for whom it is called. */
export interface ServerClientOptions {
  /** Where the service is, such as `https://auth.example.com`. */
  readonly url: string | URL;
  /** The access token of the person for whom the server acts. */
  readonly token: string;
}

/**
 * A client for one request of a server that renders for somebody: it sends their access token as it is and renews nothing,
 * because the refresh token is the browser's.
 *
 * @example
 * const api = createServerClient({ url, token });
 * const me = await api.me.get.query();
 */
export function createServerClient({ url, token }: ServerClientOptions): TRPCClient<AppRouter> {
  const link = createPrivateBatchLink({ url: `${toBase(url)}/trpc` } as LinkOptions<AnyRouter>, async () =>
    toHeaders(token),
  );
  return createTRPCClient<AppRouter>({ links: [link as TRPCLink<AppRouter>] });
}
