import { createTRPCClient, type TRPCClient, type TRPCLink } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import type { AppRouter } from "./api-types.ts";
import { createPrivateBatchLink, type LinkOptions } from "./link.ts";

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
  const endpoint = `${String(url).replace(/\/$/, "")}/trpc`;
  const headers = { authorization: `Bearer ${token}` };
  const link = createPrivateBatchLink({ url: endpoint } as LinkOptions<AnyRouter>, async () => headers);
  return createTRPCClient<AppRouter>({ links: [link as TRPCLink<AppRouter>] });
}
