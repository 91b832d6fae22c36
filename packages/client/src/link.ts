import {
  httpBatchLink,
  type Operation,
  type OperationResultEnvelope,
  type OperationResultObservable,
  TRPCClientError,
  type TRPCLink,
} from "@trpc/client";
import type { AnyRouter } from "@trpc/server";
import { observable } from "@trpc/server/observable";
import { isAuthError } from "./errors.ts";
import type { DeviceMarks } from "./kept-session.ts";
import type { ProcedurePaths } from "./procedure-paths.ts";
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
export const tokenKey = "latchkeyToken";

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

type Answer<Router extends AnyRouter> = OperationResultEnvelope<unknown, TRPCClientError<Router>>;

/** Sends a call on its way, and comes to its answer. */
export type Send<Router extends AnyRouter> = (call: Operation) => Promise<Answer<Router>>;

/** Sends calls to their end, whoever turns away meanwhile. */
export const createSend =
  <Router extends AnyRouter>(next: (call: Operation) => OperationResultObservable<Router, unknown>): Send<Router> =>
  (call) =>
    new Promise((resolve, reject) => void next(call).subscribe({ next: resolve, error: reject }));

/**
 * Makes a link's answer of a promise: every call here has one answer. Once its caller has turned away, nothing more is sent.
 *
 * @param next what the call is sent by
 */
export const answerBy = <Router extends AnyRouter>(
  next: (call: Operation) => OperationResultObservable<Router, unknown>,
  answer: (send: Send<Router>) => Promise<Answer<Router>>,
): OperationResultObservable<Router, unknown> =>
  observable((observer) => {
    let subscription: { unsubscribe(): void } | null | undefined;
    const send: Send<Router> = (call) =>
      new Promise((resolve, reject) => {
        if (subscription !== null) subscription = next(call).subscribe({ next: resolve, error: reject });
      });
    answer(send).then(
      (value) => {
        observer.next(value);
        observer.complete();
      },
      (cause) => observer.error(TRPCClientError.from(cause)),
    );
    return () => {
      subscription?.unsubscribe();
      subscription = null;
    };
  });

/**
 * Gives calls the session's token. A call that was refused because of its token, and of which the same person has another by now, or until it is
 * shown again who is there, and so never ran, is sent once more for each of the two.
 */
export function withToken<Router extends AnyRouter>(
  manager: TokenSource,
  createSender: (attach: AttachToken) => TRPCLink<Router>,
): TRPCLink<Router> {
  const sender = createSender(async (calls) => {
    const token = await manager.findToken();
    for (const { context } of calls) context[tokenKey] = token;
    return toHeaders(token);
  });

  return (runtime) => {
    const sendCall = sender(runtime);
    return ({ op, next }) => {
      const left = new Set(["token", "person"]);

      /** Whether the call can be sent again, now with another token. */
      async function recover(error: unknown): Promise<boolean> {
        const token = op.context[tokenKey];
        if (typeof token !== "string") return false;
        const isOver = isFinal(error);
        if (isOver) await manager.endUnlessNewer(token);
        if (isOver || isAuthError(error, "token_expired") || isAuthError(error, "token_invalid"))
          return left.delete("token") && (await manager.replaceToken(token)) !== undefined;
        if (isAuthError(error, "reauthentication_required") && manager.reauthenticate)
          return left.delete("person") && manager.reauthenticate(toRequest(error.data));
        return false;
      }

      return answerBy(
        (call) => sendCall({ op: call, next }),
        async function attempt(send): Promise<Answer<Router>> {
          try {
            return await send(op);
          } catch (error) {
            if (await recover(error)) return attempt(send);
            throw error;
          }
        },
      );
    };
  };
}

/**
 * Shows the marks of this device where they count. The service of the release before knows fewer of them: what it refuses for one that it does not
 * know never ran, and is sent once more without that one.
 */
export const withMarks =
  (paths: ProcedurePaths, findMarks: () => DeviceMarks | Promise<DeviceMarks>): TRPCLink<AnyRouter> =>
  () =>
  ({ op, next }) => {
    if (!paths.showsDevice(op)) return next(op);
    return answerBy(next, async (send) => {
      const { deviceMark, ...more } = await findMarks();
      const marks = Object.entries({ deviceMark, ...(paths.isRemembered(op) && more) });
      const sendWith = (shown: typeof marks) =>
        send({ ...op, input: { ...Object.fromEntries(shown), ...(op.input as object) } });
      if (!deviceMark) return send(op);
      return sendWith(marks).catch((error) => {
        const known = marks.filter(([name]) => !isRefused(name, error));
        if (known.length === marks.length) throw error;
        return sendWith(known);
      });
    });
  };

/** Whether a call was refused for this field, such as one that is not known there. */
const isRefused = (field: string, error: unknown): boolean =>
  isAuthError(error, "invalid_input") && !!error.data.issues?.some(({ path }) => path[0] === field);
