import { describe, expect, it } from "vitest";
import { parseSettings } from "./environment.ts";
import { refusalOf, strongSecret } from "./testing/settings-refusal.ts";
import { findServingFault } from "./transport-security.ts";

const production = { NODE_ENV: "production", LATCHKEY_SECRET: strongSecret };

describe("a database on another machine, in production,", () => {
  it.each([
    "postgres://latchkey@db.internal/latchkey",
    "postgres://latchkey@10.0.0.7/latchkey",
    "postgres://latchkey@postgres:5432/latchkey?sslmode=disable",
    "postgres://latchkey@db.internal/latchkey?sslmode=no-verify",
    "postgres://latchkey@db.internal/latchkey?uselibpqcompat=true&sslmode=require",
    "postgres://latchkey@db.internal/latchkey?uselibpqcompat=true&sslmode=verify-ca",
    "postgres://latchkey@db.internal/latchkey?ssl=false",
    "postgres:///latchkey?host=db.internal",
  ])("is refused without TLS that is verified, unless that is said: %s", (DATABASE_URL) => {
    const [line, ...others] = refusalOf({ ...production, DATABASE_URL });
    expect(line).toContain("INSECURE_DATABASE=yes");
    expect(others).toEqual([]);
    expect(parseSettings({ ...production, DATABASE_URL, INSECURE_DATABASE: "yes" })).toMatchObject({ DATABASE_URL });
  });

  it("is refused by what PGHOST and PGSSLMODE say too", () => {
    const elsewhere = { ...production, DATABASE_URL: "postgres:///latchkey", PGHOST: "db.internal" };
    expect(refusalOf(elsewhere)[0]).toContain("INSECURE_DATABASE=yes");
    expect(refusalOf({ ...elsewhere, PGSSLMODE: "no-verify" })[0]).toContain("INSECURE_DATABASE=yes");
    parseSettings({ ...elsewhere, PGSSLMODE: "verify-full" });
  });

  it.each([
    "postgres://latchkey@db.internal/latchkey?sslmode=verify-full",
    "postgres://latchkey@db.internal/latchkey?sslmode=require",
    "postgres://latchkey@db.internal/latchkey?uselibpqcompat=true&sslmode=verify-full",
    "postgres://latchkey@db.internal/latchkey?ssl=true",
    "postgres://latchkey@localhost/latchkey",
    "postgres://latchkey@[::1]:5432/latchkey",
    "postgres:///latchkey?host=/var/run/postgresql",
    "postgres:///latchkey",
  ])("is taken with it, and so is one on this machine: %s", (DATABASE_URL) => {
    parseSettings({ ...production, DATABASE_URL });
  });

  it("is nobody's business elsewhere", () => {
    parseSettings({ DATABASE_URL: "postgres://latchkey@db.internal/latchkey" });
  });
});

it("a process that takes every certificate for good is refused in production", () => {
  const [line] = refusalOf({ ...production, LATCHKEY_EMBEDDED: "yes", NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  expect(line).toContain("NODE_TLS_REJECT_UNAUTHORIZED=0");
});

describe("a service that other machines reach, in production,", () => {
  const serve = (given: Record<string, string>) =>
    findServingFault(parseSettings({ ...production, LATCHKEY_EMBEDDED: "yes", ...given }));

  it.each(["0.0.0.0", "::", "10.0.0.7", "auth.internal"])("needs an https address or a word: %s", (HOST) => {
    expect(serve({ HOST })).toContain("INSECURE_HTTP=yes");
    expect(serve({ HOST, PUBLIC_URL: "https://auth.example.com" })).toBeNull();
    expect(serve({ HOST, INSECURE_HTTP: "yes" })).toBeNull();
    expect(serve({ HOST, PUBLIC_URL: "http://auth.example.com" })).toContain("PUBLIC_URL is not https");
  });

  it("is not one that listens on the loopback, unless its address says that it is reached without TLS", () => {
    for (const HOST of ["127.0.0.1", "localhost", "::1"]) expect(serve({ HOST })).toBeNull();
    expect(serve({ PUBLIC_URL: "http://auth.example.com" })).toContain("PUBLIC_URL is not https");
    expect(serve({ PUBLIC_URL: "http://localhost:3000" })).toBeNull();
  });

  it("is nobody's business in development", () => {
    expect(findServingFault(parseSettings({ HOST: "0.0.0.0" }))).toBeNull();
  });
});
