import type { AnyTRPCRouter } from "@trpc/server";
import { joinHeader, type RequestHeaders } from "../trpc/context.ts";
import { requestLimits } from "./limits.ts";
import { refuse, refuseMethod } from "./refusals.ts";

/** A request to a router, of the platform's or of Node's. */
export interface RequestToRefuse {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: RequestHeaders;
}

/**
 * What a client never sends by accident: another method, an endless address, a body that is not JSON in UTF-8 or says that it is too large. A
 * body whose length is not said is for `limitBody`, or for the option `maxBodySize` of tRPC's adapters.
 *
 * @param router whose clients are to read the answer; without it, those of a router without a transformer
 * @returns the answer, or null when there is nothing wrong
 * @example
 * app.all("/trpc/*", (c) => refuseRequest(c.req.raw, appRouter) ?? fetchRequestHandler({ router: appRouter, … }));
 */
export function refuseRequest(request: RequestToRefuse, router?: AnyTRPCRouter): Response | null {
  const { method = "", url = "" } = request;
  if (!["GET", "HEAD", "POST"].includes(method)) return refuseMethod("GET, HEAD, POST", router);
  if (targetOf(url).length > requestLimits.url) return refuse("BAD_REQUEST", "The address is too long", router);
  if (!hasJson(request)) return refuse("UNSUPPORTED_MEDIA_TYPE", "Send the input as application/json", router);
  if (isEncoded(request))
    return refuse("UNSUPPORTED_MEDIA_TYPE", "Send the input in UTF-8, and not compressed", router);
  const isTooLarge = () => Number(joinHeader(request.headers, "content-length") ?? 0) > requestLimits.body;
  return method === "POST" && isTooLarge() ? refuse("PAYLOAD_TOO_LARGE", undefined, router) : null;
}

/** The path of an address and what comes after it. */
export const targetOf = (url: string): string =>
  url.startsWith("/") ? url : url.slice(url.indexOf("/", url.indexOf("://") + 3));

/** Whether a body, if there can be one, says that it is JSON. */
function hasJson({ method, headers }: RequestToRefuse): boolean {
  const type = joinHeader(headers, "content-type");
  return type ? /^application\/json\s*(;|$)/i.test(type) : method !== "POST";
}

/** Whether a body is said to be written otherwise than it is read: in another character set than JSON has (RFC 8259 §8.1), or compressed. */
function isEncoded({ headers }: RequestToRefuse): boolean {
  const type = joinHeader(headers, "content-type") ?? "";
  const coding = joinHeader(headers, "content-encoding") ?? "identity";
  const [, charset = "utf-8"] = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type) ?? [];
  return !/^(utf-?8|us-ascii)$/i.test(charset) || !/^(identity)?$/i.test(coding.trim());
}

/** What of Node's `IncomingMessage` is read. */
interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly complete: boolean;
}

/** What of Node's `ServerResponse` is written. */
interface NodeResponse {
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers: Record<string, string>): { end(body: string): unknown };
}

/**
 * Refuses such requests in front of an adapter of tRPC for Node's HTTP server, before anything of their body is read.
 *
 * @param listener what answers all others
 * @example
 * createServer(guard(createHTTPHandler({ router: appRouter, … }), appRouter));
 * app.use("/trpc", (request, response, next) => guard(() => next(), appRouter)(request, response)); // Express
 */
export function guard<Request extends NodeRequest, Response extends NodeResponse>(
  listener: (request: Request, response: Response) => void,
  router?: AnyTRPCRouter,
): (request: Request, response: Response) => void {
  return (request, response) => {
    const refusal = refuseRequest(request, router);
    if (refusal) void answer(request, response, refusal);
    else listener(request, response);
  };
}

async function answer(request: NodeRequest, response: NodeResponse, refusal: Response): Promise<void> {
  const body = await refusal.text();
  // What follows on the connection would be read as the rest of the body.
  if (!request.complete) response.setHeader("Connection", "close");
  response.writeHead(refusal.status, Object.fromEntries(refusal.headers)).end(body);
}
