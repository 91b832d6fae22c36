import { httpBatchLink, type Operation, TRPCClientError, type TRPCLink } from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import { observable } from "@trpc/server/observable";
import { isAuthError } from "./errors.ts";
import type { ReauthenticationRequest } from "./reauthenticator.ts";
import { isFinal, type SessionManager } from "./session-manager.ts";

/** Where calls get their token from, and who is told when one is refused. */
export type TokenSource = Pick<SessionManager, "findToken" | "replaceToken" | "endUnlessNewer"> & {
  /** Has it shown again who is there, and answers whether it was. */
  readonly reauthenticate?: (request: ReauthenticationRequest) => Promise<boolean>;
};

/** What `httpBatchLink` takes, but for the headers that the session fills in. */
export type LinkOptions<Router extends AnyRouter> = Omit<Parameters<typeof httpBatchLink<Router>>[0], "headers">;

/** What calls of an API of your own are sent with: a token of its audience, which is one of the service's `TOKEN_AUDIENCE`. */
export interface ApiOptions {
  /** The API's own audience. */
  readonly audience?: string;
  /**
   * Sends the session's own token, with which whoever gets it does at the service whatever the person may do. What is at the service's own
   * address gets it without this.
   */
  readonly dangerouslySendSessionToken?: boolean;
}

/** The context's entry in which a call remembers with what token it was sent. */
const tokenKey = "latchkeyToken";

const toRequest = ({ maxAge, acr }: ReauthenticationRequest): ReauthenticationRequest => ({
  maxAge,
  ...(acr && { acr }),
});

/** Makes the headers of a request, and notes in each of its calls what token they hold. */
export type AttachToken = (calls: readonly Operation[]) => Promise<{ authorization?: string }>;

export const toHeaders = (token: string | undefined) => (token ? { authorization: `Bearer ${token}` } : {});

/** A terminating link of the given options that sends calls in batches, with the session's token. */
export const createLink = <Router extends AnyRouter>(
  manager: TokenSource,
  options: LinkOptions<Router>,
): TRPCLink<Router> => withToken(manager, (attach) => createBatchLink(options, attach));

/** Sends calls in batches that the service takes. */
export const createBatchLink = <Router extends AnyRouter>(
  options: LinkOptions<Router>,
  attach: AttachToken,
): TRPCLink<Router> =>
  httpBatchLink<Router>({
    ...{ maxItems: 20, maxURLLength: 3_500 },
    ...options,
    headers: ({ opList }) => attach(opList),
  } as Parameters<typeof httpBatchLink<Router>>[0]);

/**
 * The same, and what queries ask for is in the body of a POST: addresses are written down by browsers, proxies and servers, and nothing
 * about a person belongs there.
 */
export function createPrivateBatchLink(options: LinkOptions<AnyRouter>, attach: AttachToken): TRPCLink<AnyRouter> {
  const byMethod = createBatchLink(options, attach);
  const byPost = createBatchLink({ ...options, methodOverride: "POST" } as LinkOptions<AnyRouter>, attach);
  return (runtime) => {
    const [send, sendByPost] = [byMethod(runtime), byPost(runtime)];
    return (call) => (call.op.type === "query" && call.op.input !== undefined ? sendByPost : send)(call);
  };
}

/**
 * Gives calls the session's token. A call that was refused because of its token, and of which the same person has another by now, or until it is
 * shown again who is there, and so never ran, is sent once more for each of the two; no other is ever sent twice.
 */
export function withToken<Router extends AnyRouter>(
  manager: TokenSource,
  createSender: (attach: AttachToken) => TRPCLink<Router>,
): TRPCLink<Router> {
  const send = createSender(async (calls) => {
    const token = await manager.findToken();
    for (const { context } of calls) context[tokenKey] = token;
    return toHeaders(token);
  });

  return (runtime) => {
    const sendCall = send(runtime);
    return ({ op, next }) =>
      observable((observer) => {
        let isStopped = false;
        const repeated = new Set<string>();
        let subscription = attempt();

        function attempt() {
          return sendCall({ op, next }).subscribe({
            next: (value) => observer.next(value),
            complete: () => observer.complete(),
            error: (error) => {
              recover(error).then(
                (canRepeat) => {
                  if (!canRepeat) observer.error(error);
                  else if (!isStopped) subscription = attempt();
                },
                (cause) => observer.error(TRPCClientError.from(cause)),
              );
            },
          });
        }

        /** Whether the call can be sent again, now with another token. */
        async function recover(error: unknown): Promise<boolean> {
          const token = op.context[tokenKey];
          if (typeof token !== "string") return false;
          const isOver = isFinal(error);
          if (isOver) await manager.endUnlessNewer(token);
          if (isOver || isAuthError(error, "token_expired") || isAuthError(error, "token_invalid"))
            return isFirst("token") && (await manager.replaceToken(token)) !== undefined;
          if (isAuthError(error, "reauthentication_required") && manager.reauthenticate)
            return isFirst("person") && manager.reauthenticate(toRequest(error.data));
          return false;
        }

        function isFirst(what: string): boolean {
          return !repeated.has(what) && repeated.add(what).has(what);
        }

        return () => {
          isStopped = true;
          subscription.unsubscribe();
        };
      });
  };
}
