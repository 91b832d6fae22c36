import type { PasswordChangeRequest, SecondFactorRequest } from "@latchkey/auth";
import type { TRPCDefaultErrorShape, TRPCError } from "@trpc/server";
import { ZodError } from "zod";
import type { LatchkeyContext } from "./context.ts";
import { findAuthError, findThrownRefusal } from "./error-map.ts";
import type { ErrorData, ErrorShape } from "./error-shape.ts";
import { toInputIssues } from "./input-issues.ts";

const longestPath = 50;

interface Formatted {
  readonly error: TRPCError;
  /** As tRPC would answer it. */
  readonly shape: TRPCDefaultErrorShape;
  readonly ctx: Partial<LatchkeyContext> | undefined;
}

/** The shape of every error: refusals say why, and a defect says nothing of itself. For `errorFormatter` of a router of one's own too. */
export function formatError({ error, shape, ctx }: Formatted): ErrorShape {
  const { code, message, data } = describeError(error, ctx?.latchkey);
  const { httpStatus } = shape.data;
  // The name of a procedure that is not there is the caller's own.
  const path = shape.data.path?.slice(0, longestPath);
  return { code: shape.code, message, data: { code, httpStatus, ...(path === undefined ? {} : { path }), ...data } };
}

/** The shape of a refusal; undefined for every other error, which the router's own formatter has its say about. */
export function formatRefusal(formatted: Formatted): ErrorShape | undefined {
  return findThrownRefusal(formatted.error) ? formatError(formatted) : undefined;
}

type Described = {
  code: TRPCError["code"];
  message: string;
  data: Pick<
    ErrorData,
    | "reason"
    | "retryAfter"
    | "maxAge"
    | "issues"
    | "acr"
    | "ticket"
    | "ticketExpiresAt"
    | "methods"
    | "enroll"
    | "rememberSeconds"
  >;
};

/**
 * What an error says to its caller.
 *
 * @param request one object for all calls of a request
 */
export function describeError(error: TRPCError, request?: object): Described {
  const { code } = error;
  const inputError = findInputError(error);
  if (inputError) {
    const issues = toInputIssues(inputError, request ?? error);
    return { code, message: "The input is not valid", data: { reason: "invalid_input", issues } };
  }
  const refusal = findAuthError(error);
  if (!refusal) return { code, message: "Internal server error", data: { reason: null } };
  const { message, code: reason, retryAfter, maxAge, acr, issues, secondFactor, passwordChange } = refusal;
  const details = {
    ...(retryAfter && { retryAfter }),
    ...(maxAge && { maxAge }),
    ...(acr && { acr }),
    ...(issues && { issues }),
    ...(secondFactor && toTicketData(secondFactor)),
    ...(passwordChange && toTicketData(passwordChange)),
  };
  return { code, message, data: { reason, ...details } };
}

function toTicketData({ ticketExpiresAt, ...request }: SecondFactorRequest | PasswordChangeRequest) {
  return { ...request, ...(ticketExpiresAt && { ticketExpiresAt: ticketExpiresAt.toISOString() }) };
}

/** What a schema has against the caller's input. A schema that fails deeper inside is a defect like any other. */
export function findInputError({ code, cause }: TRPCError): ZodError | null {
  return code === "BAD_REQUEST" && cause instanceof ZodError ? cause : null;
}
