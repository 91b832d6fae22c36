import type { InputIssue, InputIssueCode } from "@latchkey/auth";
import { nameOf } from "../live-server.ts";

/** The exact bodies of refusals, as the contract has them. `path` is the procedure. */

export function invalidInput(path: string, ...wrong: Omit<InputIssue, "code">[]) {
  const issues: InputIssue[] = wrong.map((issue) => ({ ...issue, code: codeOf(issue.message) }));
  const data = { code: "BAD_REQUEST", httpStatus: 400, path: nameOf(path), reason: "invalid_input", issues };
  return { code: -32600, message: "The input is not valid", data };
}

export function notJson(path: string) {
  const data = { code: "BAD_REQUEST", httpStatus: 400, path: nameOf(path), reason: "invalid_input" };
  return { code: -32600, message: "The input is not JSON", data };
}

export function invalidCredentials(path: string) {
  const data = { code: "BAD_REQUEST", httpStatus: 400, path: nameOf(path), reason: "invalid_credentials" };
  return { code: -32600, message: "Invalid credentials", data };
}

export function unauthorized(path: string, reason: string, message: string) {
  return { code: -32001, message, data: { code: "UNAUTHORIZED", httpStatus: 401, path: nameOf(path), reason } };
}

export function noSuchProcedure(path: string) {
  const data = { code: "NOT_FOUND", httpStatus: 404, path: nameOf(path), reason: "not_found" };
  return { code: -32004, message: "There is no such procedure", data };
}

export function internalError(path: string) {
  const data = { code: "INTERNAL_SERVER_ERROR", httpStatus: 500, path: nameOf(path), reason: null };
  return { code: -32603, message: "Internal server error", data };
}

export function unavailable(path: string) {
  const data = {
    code: "SERVICE_UNAVAILABLE",
    httpStatus: 503,
    path: nameOf(path),
    reason: "unavailable",
    retryAfter: 1,
  };
  return { code: -32603, message: "The service cannot reach its database", data };
}

/** The code that goes with each sentence. */
const codes: readonly [message: RegExp, code: InputIssueCode][] = [
  [/^Invalid input: expected \w+, received undefined$/, "required"],
  [/^Invalid input: expected \w+, received \w+$/, "invalid_type"],
  [/^There is no such field$/, "unknown_field"],
  [/^Invalid option: /, "invalid_value"],
  [/^must not be empty$/, "too_short"],
  [/^must be at most \d+ characters$/, "too_long"],
  [/^holds characters that /, "invalid_characters"],
  [/^A phone number has digits only/, "invalid_characters"],
  [/^A phone number must be a person's own line$/, "not_personal"],
  [/^There is no such phone number$/, "no_such_number"],
  [/^This is not an e-mail address$/, "invalid_format"],
];

function codeOf(message: string): InputIssueCode {
  const [, code] = codes.find(([known]) => known.test(message)) ?? [];
  if (!code) throw new Error(`Which code goes with ${JSON.stringify(message)}?`);
  return code;
}
