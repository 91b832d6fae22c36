import type { InputIssue } from "@latchkey/auth";

/** The exact bodies of refusals, as the contract has them. `path` is the procedure. */

export function invalidInput(path: string, ...issues: InputIssue[]) {
  const data = { code: "BAD_REQUEST", httpStatus: 400, path, reason: "invalid_input", issues };
  return { code: -32600, message: "The input is not valid", data };
}

export function notJson(path: string) {
  const data = { code: "BAD_REQUEST", httpStatus: 400, path, reason: "invalid_input" };
  return { code: -32600, message: "The input is not JSON", data };
}

export function invalidCredentials(path: string) {
  const data = { code: "BAD_REQUEST", httpStatus: 400, path, reason: "invalid_credentials" };
  return { code: -32600, message: "Invalid credentials", data };
}

export function unauthorized(path: string, reason: string, message: string) {
  return { code: -32001, message, data: { code: "UNAUTHORIZED", httpStatus: 401, path, reason } };
}

export function noSuchProcedure(path: string) {
  const data = { code: "NOT_FOUND", httpStatus: 404, path, reason: "not_found" };
  return { code: -32004, message: "There is no such procedure", data };
}

export function internalError(path: string) {
  const data = { code: "INTERNAL_SERVER_ERROR", httpStatus: 500, path, reason: null };
  return { code: -32603, message: "Internal server error", data };
}

export function unavailable(path: string) {
  const data = { code: "SERVICE_UNAVAILABLE", httpStatus: 503, path, reason: "unavailable", retryAfter: 1 };
  return { code: -32603, message: "The service cannot reach its database", data };
}
