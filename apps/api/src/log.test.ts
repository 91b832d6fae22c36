import { describe, expect, it, vi } from "vitest";
import { createLog } from "./log.ts";

function logged(write: (log: ReturnType<typeof createLog>) => void, level = "info"): string[] {
  const lines: string[] = [];
  write(createLog(level, { write: (line) => void lines.push(line) }));
  return lines;
}

describe("a secret that is logged by mistake is blanked", () => {
  const names = [
    "password",
    "token",
    "refreshToken",
    "secret",
    "authorization",
    "cookie",
    "phoneNumber",
    "currentPassword",
    "newPassword",
  ];

  it.each(names)("%s, up to two objects deep", (name) => {
    const secret = { [name]: "canary" };
    const text = logged((log) => log.info({ ...secret, input: secret, request: { headers: secret } })).join("");
    expect(text).not.toContain("canary");
    expect(JSON.parse(text)).toMatchObject({ [name]: "[redacted]", request: { headers: { [name]: "[redacted]" } } });
  });

  it("when a child of the log carries it", () => {
    const text = logged((log) => log.child({ requestId: "1", password: "canary" }).info("hello")).join("");
    expect(text).not.toContain("canary");
    expect(text).toContain('"requestId":"1"');
  });
});

describe("a line of the log", () => {
  it("is one JSON object with its level in words and its time in ISO 8601, whatever is in the message", () => {
    const lines = logged((log) => log.warn({ url: "http://127.0.0.1:3000" }, "two\nlines"));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain("\n");
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      level: "warn",
      host: expect.any(String),
      pid: process.pid,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      url: "http://127.0.0.1:3000",
      msg: "two\nlines",
    });
  });

  it("is left out below the level that was asked for", () => {
    expect(logged((log) => log.info("hello"), "warn")).toEqual([]);
    expect(logged((log) => log.fatal("hello"), "silent")).toEqual([]);
  });
});

it("a line has its time in UTC to the millisecond, whenever the one before it was", () => {
  const times = [
    0,
    7,
    999,
    1_000,
    1_763_999_999_999,
    1_764_000_000_000,
    1_764_000_000_100,
    1_763_000_000_012,
    4e12 + 50,
  ];
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const lines = logged((log) => {
      for (const time of times) {
        vi.setSystemTime(time);
        log.info("hello");
      }
    });
    expect(lines.map((line) => JSON.parse(line).time)).toEqual(times.map((time) => new Date(time).toISOString()));
  } finally {
    vi.useRealTimers();
  }
});

it("an error of PostgreSQL is logged without what it repeats of rows, also behind another and by a child of the log", () => {
  const refused = Object.assign(new Error("duplicate key value violates unique constraint"), {
    code: "23505",
    detail: "Key (email)=(alice@example.com) already exists.",
    where: "PL/pgSQL function note(text) with alice@example.com",
  });
  const lines = logged((log) => {
    log.warn({ err: refused }, "maintenance failed");
    log.child({ worker: 1 }).error({ err: new Error("a backup failed", { cause: refused }) }, "failed");
  });
  expect(lines.join("")).not.toContain("alice@example.com");
  expect(lines.map((line) => JSON.parse(line).err)).toMatchObject([
    { code: "23505", message: refused.message, stack: expect.stringContaining("duplicate key") },
    { message: expect.stringContaining("a backup failed") },
  ]);
});
