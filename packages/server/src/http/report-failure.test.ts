import { AuthError } from "@latchkey/auth";
import { TRPCError } from "@trpc/server";
import { expect, test } from "vitest";
import { toTrpcError } from "../trpc/error-map.ts";
import { findReport } from "./report-failure.ts";

test("an ordinary refusal, of the core's or of tRPC's, is not worth a line", () => {
  const refusals = [
    toTrpcError(new AuthError("invalid_credentials", "Invalid credentials")),
    toTrpcError(new AuthError("rate_limited", "Too many", { retryAfter: 7 })),
    new TRPCError({ code: "NOT_FOUND" }),
    new TRPCError({ code: "PARSE_ERROR", cause: new SyntaxError("Unexpected token") }),
  ];
  for (const error of refusals) expect(findReport({ error })).toBeNull();
});

test("a defect is, with what caused it", () => {
  const cause = new TypeError("x is not a function");
  const error = new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause });
  expect(findReport({ error })).toEqual({ level: "error", message: "procedure failed", error: cause });
  expect(findReport({ error: cause })).toEqual({ level: "error", message: "request failed", error: cause });
});

test("a database that is away warns, and a hook that failed is an error", () => {
  const cause = new Error("connect ECONNREFUSED");
  const away = toTrpcError(new AuthError("unavailable", "No database", { cause }));
  expect(findReport({ error: away })).toEqual({ level: "warn", message: "service unavailable", error: cause });
  const failed = toTrpcError(new AuthError("hook_failed", "A hook failed", { cause }));
  expect(findReport({ error: failed })).toMatchObject({ level: "error", message: "hook failed" });
});
