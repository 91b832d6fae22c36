import { AuthError, type AuthErrorCode } from "@latchkey/auth";
import { findChallenge } from "@latchkey/auth/internal";
import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { describe, expect, it } from "vitest";
import { findAuthError, toTrpcError } from "./error-map.ts";

/** The contract's table: what a client may rely on for each reason. A new reason does not compile until it is here. */
const contract: Readonly<Record<AuthErrorCode, readonly [code: TRPCError["code"], httpStatus: number]>> = {
  invalid_credentials: ["BAD_REQUEST", 400],
  second_factor_required: ["UNAUTHORIZED", 401],
  password_change_required: ["UNAUTHORIZED", 401],
  token_missing: ["UNAUTHORIZED", 401],
  token_invalid: ["UNAUTHORIZED", 401],
  token_expired: ["UNAUTHORIZED", 401],
  session_ended: ["UNAUTHORIZED", 401],
  account_disabled: ["UNAUTHORIZED", 401],
  refresh_token_invalid: ["UNAUTHORIZED", 401],
  refresh_token_reused: ["UNAUTHORIZED", 401],
  permission_denied: ["FORBIDDEN", 403],
  reauthentication_required: ["FORBIDDEN", 403],
  registration_closed: ["FORBIDDEN", 403],
  refused_by_hook: ["FORBIDDEN", 403],
  hook_failed: ["INTERNAL_SERVER_ERROR", 500],
  invalid_input: ["BAD_REQUEST", 400],
  password_rejected: ["BAD_REQUEST", 400],
  code_invalid: ["BAD_REQUEST", 400],
  code_expired: ["BAD_REQUEST", 400],
  not_found: ["NOT_FOUND", 404],
  identifier_taken: ["CONFLICT", 409],
  changed_meanwhile: ["CONFLICT", 409],
  rate_limited: ["TOO_MANY_REQUESTS", 429],
  overloaded: ["SERVICE_UNAVAILABLE", 503],
  unavailable: ["SERVICE_UNAVAILABLE", 503],
};

const reasons = Object.keys(contract) as AuthErrorCode[];

describe("a reason goes out under the transport's code that the contract names", () => {
  it.each(reasons)("%s", (reason) => {
    const refusal = new AuthError(reason, "the message");
    const error = toTrpcError(refusal);
    expect([error.code, getHTTPStatusCodeFromError(error)]).toEqual(contract[reason]);
    expect(error.message).toBe("the message");
    expect(findAuthError(error)).toBe(refusal);
  });
});

describe("the challenge of RFC 6750 and RFC 9470", () => {
  it("stands with every refusal of the bearer token and of what it does not show, and with no other", () => {
    const challenged = reasons.filter((reason) => findChallenge(reason) !== null);
    expect(challenged).toEqual([
      "token_missing",
      "token_invalid",
      "token_expired",
      "session_ended",
      "account_disabled",
      "reauthentication_required",
    ]);
  });

  it("says how many factors are wanted, and how long ago at most", () => {
    const challenge = findChallenge("reauthentication_required", { acr: "2", maxAge: 300 });
    expect(challenge).toContain('error="insufficient_user_authentication"');
    expect(challenge).toContain('acr_values="2", max_age="300"');
    expect(findChallenge("reauthentication_required", { maxAge: 300 })).not.toContain("acr_values");
  });

  it("names no error when there was no token, and invalid_token when there was one", () => {
    expect(findChallenge("token_missing")).toBe('Bearer realm="latchkey"');
    expect(findChallenge("token_expired")).toBe(
      'Bearer realm="latchkey", error="invalid_token", error_description="The token has expired"',
    );
  });
});

describe("what is no refusal of ours", () => {
  const find = (code: TRPCError["code"], cause?: unknown) => findAuthError(new TRPCError({ code, cause }));

  it("is told to nobody when it is a defect", () => {
    expect(find("INTERNAL_SERVER_ERROR", new TypeError("canary is not a function"))).toBeNull();
  });

  it("is `unavailable`, worth another try, when the database is away", () => {
    const away = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    expect(find("INTERNAL_SERVER_ERROR", away)).toMatchObject({ code: "unavailable", retryAfter: 1 });
  });

  it("is `invalid_input` when tRPC could not read the request, in words that repeat nothing of it", () => {
    expect(find("PARSE_ERROR", new SyntaxError("Unexpected token in canary"))).toMatchObject({
      code: "invalid_input",
      message: "The input is not JSON",
    });
    expect(find("BAD_REQUEST", new Error("canary"))).toMatchObject({
      code: "invalid_input",
      message: "The request cannot be read",
    });
  });

  it("is `not_found` when there is no such procedure", () => {
    expect(find("NOT_FOUND")).toMatchObject({ code: "not_found", message: "There is no such procedure" });
  });
});
