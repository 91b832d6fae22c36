import {
  type AnyTRPCProcedure,
  type AnyTRPCRouter,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  TRPCError,
  transformTRPCResponse,
} from "@trpc/server";
import { getHTTPStatusCode } from "@trpc/server/http";
import { joinHeader, type RequestHeaders } from "../trpc/context.ts";
import { callProcedure } from "./call-procedure.ts";
import { safeHeaders, toAnswerHeaders } from "./headers.ts";
import { writeJson } from "./write-json.ts";

/** A request for one procedure, with JSON or nothing as its input: what nearly all requests are. */
export interface PlainCall {
  readonly path: string;
  readonly procedure: AnyTRPCProcedure;
}

export interface PlainCallOptions {
  readonly request: Request;
  readonly router: AnyTRPCRouter;
  readonly createContext: () => unknown;
  readonly onError: (failure: { readonly error: TRPCError; readonly path: string | undefined }) => void;
}

/** What may be called by each method; a query by POST too, so that nothing about a person stands in an address. */
const typesOfMethod: Readonly<Record<string, readonly string[]>> = { GET: ["query"], POST: ["mutation", "query"] };

/**
 * Finds the procedure that a request calls, if that is all it does. Batches, streams, parts of a router that are loaded later, and what
 * is wrong are left to tRPC's own handler.
 *
 * @param address what stands behind the place of the procedures, such as `me.get?input=…`
 * @param request whose content is JSON or nothing
 */
export function findPlainCall(
  address: string,
  { method, headers }: { readonly method: string; readonly headers: RequestHeaders },
  router: AnyTRPCRouter,
): PlainCall | null {
  // Anything beside the input may ask for a batch, or bring parameters of a connection.
  const [, path = ""] = /^([\w.]+)(?:\?input=[^&#]*)?$/.exec(address) ?? [];
  const { procedures, _config } = router._def;
  if (path === "" || _config.pathSeparator !== "." || !Object.hasOwn(procedures, path)) return null;
  const procedure: AnyTRPCProcedure = procedures[path];
  if (!typesOfMethod[method]?.includes(procedure._def.type)) return null;
  if (joinHeader(headers, "trpc-accept") !== null) return null;
  if (joinHeader(headers, "accept")?.includes("application/jsonl")) return null;
  return { path, procedure };
}

/**
 * Answers such a request as tRPC's own handler does, with the same status, headers and body, without the objects that it makes for
 * what only batches and streams need.
 */
export async function answerPlainCall({ path, procedure }: PlainCall, options: PlainCallOptions): Promise<Response> {
  const { request, router } = options;
  const { type } = procedure._def;
  const input = readInputOnce(request, router);
  let ctx: unknown;
  let data: unknown;
  try {
    ctx = await options.createContext();
    const { signal } = request;
    data = await callProcedure(procedure, { path, getRawInput: input.read, ctx, type, signal, batchIndex: 0 });
  } catch (cause) {
    return refuse(cause, { path, input: input.result(), type, ctx }, options);
  }
  try {
    requireWhole(data);
    // What `transformTRPCResponse` makes of a result, without its four copies.
    const { transformer } = router._def._config;
    return new Response(writeJson({ result: { data: transformer.output.serialize(data) } }), answered);
  } catch (cause) {
    // As with tRPC, what cannot be written is no failure of the procedure.
    return refuse(cause, { path: undefined, input: undefined, type, ctx }, options);
  }
}

const answerHeaders = { "content-type": "application/json", vary: "trpc-accept, accept" };

/** Those of every answer, and so one object for all, which whoever writes them may know again. */
const answered = {
  status: 200,
  headers: Object.freeze({ ...answerHeaders, "cache-control": "no-store", ...safeHeaders }),
};

interface RefusedCall {
  readonly path: string | undefined;
  readonly input: unknown;
  readonly type: AnyTRPCProcedure["_def"]["type"];
  readonly ctx: unknown;
}

function refuse(cause: unknown, { path, input, type, ctx }: RefusedCall, options: PlainCallOptions): Response {
  const { router, onError } = options;
  const error = getTRPCErrorFromUnknown(cause);
  onError({ error, path });
  const config = router._def._config;
  const shape = getTRPCErrorShape({ path, input, config, error, type, ctx: ctx as object });
  return answerError(router, { error: shape }, error);
}

interface FailedCall {
  readonly error: ReturnType<typeof getTRPCErrorShape>;
}

function answerError(router: AnyTRPCRouter, envelope: FailedCall, error: TRPCError): Response {
  const body = JSON.stringify(transformTRPCResponse(router._def._config, envelope));
  const headers: Record<string, string> = { ...answerHeaders, ...Object.fromEntries(toAnswerHeaders([error])) };
  return new Response(body, { status: getHTTPStatusCode(envelope, [error]), headers });
}

/** Reads the input when the procedure asks for it, and no sooner: a caller who is refused before costs no parsing. */
function readInputOnce(request: Request, router: AnyTRPCRouter) {
  let reading: Promise<unknown> | undefined;
  let result: unknown;
  const read = async () => {
    const text = request.method === "GET" ? readQuery(request.url) : await request.text();
    const { deserialize } = router._def._config.transformer.input;
    return text ? deserialize(JSON.parse(text)) : undefined;
  };
  return {
    result: () => result,
    read: async () => {
      reading ??= read().catch(throwBadRequest);
      result = await reading;
      return result;
    },
  };
}

function readQuery(url: string): string | null {
  const start = url.indexOf("?");
  return start < 0 ? null : new URLSearchParams(url.slice(start)).get("input");
}

function throwBadRequest(cause: unknown): never {
  if (cause instanceof TRPCError) throw cause;
  const message = cause instanceof Error ? cause.message : "Invalid input";
  throw new TRPCError({ code: "BAD_REQUEST", message, cause });
}

/** What comes in pieces needs a request that can be answered in pieces. */
function requireWhole(data: unknown): void {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return;
  if (!isLater(data) && !Object.values(data).some(isLater)) return;
  const message = "Cannot use stream-like response in non-streaming request - use httpBatchStreamLink";
  throw new TRPCError({ code: "UNSUPPORTED_MEDIA_TYPE", message });
}

const isLater = (value: unknown): boolean =>
  value instanceof Promise || (typeof value === "object" && value !== null && Symbol.asyncIterator in value);
