import { isAuthError, type Watch } from "@latchkey/auth";
import {
  context,
  isSpanContextValid,
  ProxyTracerProvider,
  propagation,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { TRPCError } from "@trpc/server";
import { createProxyCheck, type TrustedProxy } from "../http/client-address.ts";
import { findAuthError } from "./error-map.ts";

// Spans go wherever the process has registered a provider of OpenTelemetry's. Without one nothing is made.
const provider = trace.getTracerProvider();
const tracer = provider.getTracer("latchkey");

/** What stands behind a provider while none is registered. */
const nobody = new ProxyTracerProvider().getDelegate();

const hasListener = () => !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== nobody;

/** Makes a span of each piece of the core's work; for the option `watch`. */
export const traceWork: Watch = (work, facts, run) => {
  if (!hasListener()) return run();
  const span = startSpan(`latchkey.${work}`, ofWork);
  if (!span) return run();
  for (const [name, value] of Object.entries(facts)) span.setAttribute(`latchkey.${name}`, value);
  return runWithin(span, run);
};

/** Methods that OpenTelemetry knows by name; any other is one. */
const knownMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Makes a span of a request that is answered by no procedure, such as one for a page. `route` is one of a closed list. */
export function traceRequest(
  { method }: Pick<Request, "method">,
  route: string,
  run: () => Promise<Response>,
): Promise<Response> {
  if (!hasListener()) return run();
  const known = knownMethods.has(method) ? method : "_OTHER";
  const span = startSpan(`${known === "_OTHER" ? "HTTP" : known} ${route}`, ofCalls);
  if (!span) return run();
  span.setAttributes({ "http.request.method": known, "http.route": route });
  return runWithin(span, async () => {
    const response = await run();
    span.setAttribute("http.response.status_code", response.status);
    if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    return response;
  });
}

/** Makes a span of a call of a procedure. What was refused says why; a defect is an error. */
export function traceCall<Result extends { readonly ok: boolean }>(
  path: string,
  run: () => Promise<Result>,
): Promise<Result> {
  if (!hasListener()) return run();
  const span = startSpan(path, isWithinOwn() ? ofWork : ofCalls);
  if (!span) return run();
  span.setAttributes({ "rpc.system": "trpc", "rpc.method": path });
  return runWithin(span, async () => {
    const result = await run();
    if ("error" in result) noteFailure(span, result.error);
    return result;
  });
}

const ofWork = { kind: SpanKind.INTERNAL };
const ofCalls = { kind: SpanKind.SERVER };

/** Whether a span of this process is under way, such as that of the page that calls a procedure. */
function isWithinOwn(): boolean {
  const active = trace.getActiveSpan();
  return active !== undefined && active.spanContext().isRemote !== true;
}

/** Null where nobody listens after all. One that is not recorded is carried on all the same: what is below it is not recorded either. */
function startSpan(name: string, options: SpanOptions): Span | null {
  const span = tracer.startSpan(name, options);
  return isSpanContextValid(span.spanContext()) ? span : null;
}

function runWithin<T>(span: Span, run: () => Promise<T>): Promise<T> {
  return context.with(trace.setSpan(context.active(), span), async () => {
    try {
      return await run();
    } catch (error) {
      noteFailure(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The reason alone: what an error says may be of a person. */
function noteFailure(span: Span, error: unknown): void {
  const refusal = error instanceof TRPCError ? findAuthError(error) : null;
  const reason = refusal?.code ?? (isAuthError(error) ? error.code : "internal");
  span.setAttribute("error.type", reason);
  if (reason === "internal") span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Runs what answers a request as a part of its caller's trace. */
export type ContinueTrace = <T>(
  request: Pick<Request, "headers">,
  remoteAddress: string | null | undefined,
  run: () => T,
) => T;

/**
 * Goes on with the trace that `traceparent` names (W3C Trace Context) where a trusted proxy says so. Where the process has an instrumentation
 * of its HTTP server, that has already decided.
 */
export function createTraceContinuation(trustedProxies: readonly TrustedProxy[]): ContinueTrace {
  if (trustedProxies.length === 0) return (_request, _address, run) => run();
  const isTrusted = createProxyCheck(trustedProxies);
  return ({ headers }, remoteAddress, run) => {
    if (!headers.has("traceparent") || !isTrusted(remoteAddress ?? "") || trace.getActiveSpan()) return run();
    return context.with(propagation.extract(context.active(), headers, headerGetter), run);
  };
}

const headerGetter = {
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
};
