import { AuthError, type AuthErrorCode, isAuthError, isStorageUnavailable } from "@latchkey/auth";
import { TRPCError } from "@trpc/server";

type TrpcCode = TRPCError["code"];

/** The transport's code for every reason. A reason that is new in the core does not compile until it is here. */
const trpcCodes: Readonly<Record<AuthErrorCode, TrpcCode>> = {
  // 401 is kept for "the bearer token on this call is not good".
  invalid_credentials: "BAD_REQUEST",
  second_factor_required: "UNAUTHORIZED",
  password_change_required: "UNAUTHORIZED",
  token_missing: "UNAUTHORIZED",
  token_invalid: "UNAUTHORIZED",
  token_expired: "UNAUTHORIZED",
  session_ended: "UNAUTHORIZED",
  account_disabled: "UNAUTHORIZED",
  refresh_token_invalid: "UNAUTHORIZED",
  refresh_token_reused: "UNAUTHORIZED",
  permission_denied: "FORBIDDEN",
  reauthentication_required: "FORBIDDEN",
  registration_closed: "FORBIDDEN",
  refused_by_hook: "FORBIDDEN",
  hook_failed: "INTERNAL_SERVER_ERROR",
  invalid_input: "BAD_REQUEST",
  password_rejected: "BAD_REQUEST",
  code_invalid: "BAD_REQUEST",
  code_expired: "BAD_REQUEST",
  not_found: "NOT_FOUND",
  identifier_taken: "CONFLICT",
  changed_meanwhile: "CONFLICT",
  rate_limited: "TOO_MANY_REQUESTS",
  overloaded: "SERVICE_UNAVAILABLE",
  unavailable: "SERVICE_UNAVAILABLE",
};

/** Every reason there is. */
export const refusalReasons = Object.keys(trpcCodes) as readonly AuthErrorCode[];

/** What tRPC itself refuses before any flow runs: an input that is no JSON, a procedure that is not there, a wrong method. */
const reasonsOfTrpc: Partial<Record<TrpcCode, AuthErrorCode>> = {
  PARSE_ERROR: "invalid_input",
  BAD_REQUEST: "invalid_input",
  FORBIDDEN: "permission_denied",
  NOT_FOUND: "not_found",
  METHOD_NOT_SUPPORTED: "invalid_input",
  UNSUPPORTED_MEDIA_TYPE: "invalid_input",
  PAYLOAD_TOO_LARGE: "invalid_input",
  NOT_IMPLEMENTED: "invalid_input",
};

/** The refusal that was thrown in a procedure; null for everything else. */
export function findThrownRefusal({ cause }: TRPCError): AuthError | null {
  return isAuthError(cause) ? cause : null;
}

/** The refusal that an error of a procedure stands for; null for a defect, which nobody is told about. */
export function findAuthError(error: TRPCError): AuthError | null {
  const { cause, code } = error;
  if (isAuthError(cause)) return cause;
  // Any other code is tRPC's word on the request, whose connection can break as well.
  if (code === "INTERNAL_SERVER_ERROR" && cause && isStorageUnavailable(cause)) {
    return unavailable(cause);
  }
  const reason = reasonsOfTrpc[code];
  return reason ? new AuthError(reason, describeRefusal(error)) : null;
}

/** Does what reads the database, so that a database that is away is a refusal like any other. */
export function withUnavailability<T>(work: () => Promise<T>): Promise<T> {
  return work().catch(throwFailure);
}

function throwFailure(error: unknown): never {
  throw isStorageUnavailable(error) ? unavailable(error) : error;
}

/** A failure as it is told: a database that is away is the refusal that a procedure gives for it, and everything else what it was. */
export function toFailure(error: unknown): unknown {
  return isStorageUnavailable(error) ? toTrpcError(unavailable(error)) : error;
}

function unavailable(cause: unknown): AuthError {
  return new AuthError("unavailable", "The service cannot reach its database", { retryAfter: 1, cause });
}

/** tRPC's own words, except where they repeat the caller's: a piece of a body that is no JSON may be of a password. */
function describeRefusal({ code, cause, message }: TRPCError): string {
  if (code === "NOT_FOUND") return "There is no such procedure";
  if (cause instanceof SyntaxError) return "The input is not JSON";
  return cause ? "The request cannot be read" : message;
}

/** The error as the transport knows it. */
export function toTrpcError(error: AuthError): TRPCError {
  return new TRPCError({ code: trpcCodes[error.code], message: error.message, cause: error });
}
