import { AuthError } from "@latchkey/auth";
import { TRPCError } from "@trpc/server";
import { expect, test } from "vitest";
import { findDatabaseErrorClass } from "./database-error-class.ts";

const says = (code: string) => Object.assign(new Error("no"), { severity: "FEHLER", code });

test.each([
  ["57014", "statement_timeout"],
  ["55P03", "lock_timeout"],
  ["57P01", "shutdown"],
  ["25006", "read_only"],
  ["53300", "resources"],
  ["53100", "resources"],
  ["40P01", "conflict"],
  ["40001", "conflict"],
  ["23505", "integrity"],
  ["08006", "connection"],
  ["28P01", "connection"],
  ["42P01", "other"],
])("an error that PostgreSQL gives the code %s is of the class %s, in whatever language it says so", (code, found) => {
  expect(findDatabaseErrorClass(says(code))).toBe(found);
});

test("the error is found below those that it caused", () => {
  const refusal = new AuthError("unavailable", "The service cannot reach its database", { cause: says("57P03") });
  expect(findDatabaseErrorClass(new TRPCError({ code: "SERVICE_UNAVAILABLE", cause: refusal }))).toBe("shutdown");
});

test("a connection that nobody answers is of the class connection", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), { code: "ECONNREFUSED" });
  expect(findDatabaseErrorClass(new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause: refused }))).toBe("connection");
});

test("what is no error of the database has no class, also where it makes something unavailable", () => {
  const missing = new AuthError("unavailable", "Codes cannot be sent here", { cause: new Error("no sender") });
  for (const error of [missing, new AuthError("rate_limited", "wait"), new Error("a defect"), "no error", null])
    expect(findDatabaseErrorClass(error)).toBeNull();
});
