import { type AnyTRPCRouter, TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import { findAuthError, toFailure } from "../trpc/error-map.ts";
import type { ErrorShape } from "../trpc/error-shape.ts";
import { safeHeaders } from "./headers.ts";
import { requestLimits } from "./limits.ts";

type Code = TRPCError["code"];

const messages: Partial<Record<Code, string>> = {
  PAYLOAD_TOO_LARGE: `The body is larger than ${requestLimits.body} bytes`,
  METHOD_NOT_SUPPORTED: "Use GET for queries and POST for mutations",
  NOT_IMPLEMENTED: "Send the body as it is or in chunks: other transfer codings are not known here",
  NOT_FOUND: "There is nothing here; the procedures are under /trpc",
  INTERNAL_SERVER_ERROR: "Internal server error",
};

/**
 * An answer in the shape of tRPC's own errors, for a request that never reached a procedure.
 *
 * @param router whose clients are to read it; without it, those of a router without a transformer
 */
export function refuse(code: Code, message = messages[code] ?? code, router?: AnyTRPCRouter): Response {
  return answer(new TRPCError({ code, message }), router);
}

/** The answer for what failed where no procedure was called: 503 while the database is away, and 500 for a defect. */
export function refuseFailure(error: unknown): Response {
  const failure = toFailure(error);
  return failure instanceof TRPCError && findAuthError(failure) ? answer(failure) : refuse("INTERNAL_SERVER_ERROR");
}

function answer(error: TRPCError, router?: AnyTRPCRouter): Response {
  const { code, message } = error;
  const httpStatus = getHTTPStatusCodeFromError(error);
  const refusal = findAuthError(error);
  const retryAfter = refusal?.retryAfter;
  const data = { code, httpStatus, reason: refusal?.code ?? null, ...(retryAfter !== undefined && { retryAfter }) };
  const shape: ErrorShape = { message, code: TRPC_ERROR_CODES_BY_KEY[code], data };
  const written: unknown = router ? router._def._config.transformer.output.serialize(shape) : shape;
  const wait = retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) };
  return Response.json(
    { error: written },
    { status: httpStatus, headers: { "Cache-Control": "no-store", ...safeHeaders, ...wait } },
  );
}

/** @param allowed the methods that would have been right (RFC 9110 §15.5.6) */
export function refuseMethod(allowed: string, router?: AnyTRPCRouter): Response {
  const response = refuse("METHOD_NOT_SUPPORTED", undefined, router);
  response.headers.set("Allow", allowed);
  return response;
}
