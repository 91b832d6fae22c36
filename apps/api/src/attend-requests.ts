import type { TrustedProxy } from "@latchkey/server";
import { refuse } from "@latchkey/server/internal";
import { getPath } from "hono/utils/url";
import type { Logger } from "pino";
import { type AccessLog, createAccessFilter } from "./access-log.ts";
import type { AttendedRequest, HttpEnv, NodeObjects } from "./http-env.ts";
import { toLoggedPath } from "./messages/receipt-paths.ts";
import type { Metrics } from "./metrics/metrics.ts";
import { createRequestNamer } from "./request-id.ts";

type Incoming = HttpEnv["Bindings"]["incoming"];

export interface Attending {
  readonly log: Logger;
  /** Whether the process takes new work. */
  readonly isReady: () => boolean;
  /** Proxies whose id of a request is taken. */
  readonly trustedProxies: readonly TrustedProxy[];
  /** Which answers have a line in the log; all by default. */
  readonly accessLog?: AccessLog | undefined;
  readonly metrics?: Pick<Metrics, "noteAnswer"> | undefined;
}

/**
 * Gives each request an id, of our own or a trusted proxy's, on its answer and in every line that is logged about it, and what every answer has. All of it is
 * told to Node's own response: asking a `Response` for its headers makes objects that cost more than the rest of this.
 */
export function attendRequests({ log, isReady, metrics, accessLog = "all", trustedProxies }: Attending) {
  const nameRequest = createRequestNamer(trustedProxies);
  const isWritten = createAccessFilter(accessLog);
  // The line of every request holds these five things and no object: looking for names to blank would take longer than the rest.
  const answers = log.child({}, { redact: [] });
  return async (
    request: Request,
    { incoming, outgoing }: NodeObjects,
    answer: (attended: AttendedRequest) => Promise<Response>,
  ): Promise<Response> => {
    const { requestId, traceId } = nameRequest(incoming);
    const startedAt = performance.now();
    outgoing.requestId = requestId;
    const path = getPath(request);
    const attended: AttendedRequest = { requestId, path, userId: undefined };
    const refused = refuseAmbiguousFraming(incoming);
    const response = refused ?? (await answer(attended));
    // Of what can be read in two ways, nobody knows where it ends.
    if (refused || isLastOnConnection(incoming, isReady)) outgoing.setHeader("Connection", "close");
    const elapsed = performance.now() - startedAt;
    const milliseconds = Math.round(elapsed);
    const { status } = response;
    metrics?.noteAnswer(path, status, elapsed / 1_000);
    if (!isWritten({ path, status, milliseconds })) return response;
    const { userId } = attended;
    const { method } = request;
    const line = { requestId, method, path: toLoggedPath(path).slice(0, 200), status, milliseconds };
    // What is undefined is not written.
    answers.info({ ...line, userId, traceId: traceId ?? undefined }, "answered");
    return response;
  };
}

/**
 * Some answers are the last ones on their connection: all while it shuts down, since a connection that is kept would hold up the end,
 * and one that comes before the whole body, since whatever follows would be read as the rest of it.
 */
const isLastOnConnection = ({ complete }: Incoming, isReady: () => boolean): boolean => !isReady() || !complete;

/** What two readers of one request may read differently: which host it is for, and where its body ends (RFC 9112 §3.2, §6.1). */
function refuseAmbiguousFraming(incoming: Incoming): Response | null {
  if (incoming.httpVersionMajor !== 1) return refuse("BAD_REQUEST", "Speak HTTP/1.0 or HTTP/1.1");
  const { host, "transfer-encoding": encodings } = incoming.headersDistinct;
  if (host && (host.length > 1 || host[0] === "")) return refuse("BAD_REQUEST", "Send one Host header");
  // HTTP/1.0 has no chunks: a proxy that speaks it takes them for the body itself, or for the next call.
  if (encodings && incoming.httpVersionMinor === 0) return refuse("BAD_REQUEST", "Send chunks by HTTP/1.1 only");
  if (encodings && encodings.join().toLowerCase() !== "chunked") return refuse("NOT_IMPLEMENTED");
  return null;
}
