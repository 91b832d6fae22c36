import { shareOut } from "@latchkey/auth/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { call, type LiveServer, startLiveServer } from "../live-server.ts";
import { password, signUp } from "./accounts-over-http.ts";
import { startTappedServer } from "./postgres-proxy.ts";
import { internalError, unavailable } from "./refusals.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

/** The lines of a request other than the one that says it was answered. */
function findReports({ logged }: LiveServer, requestId: string | null) {
  const lines = logged.map((line) => JSON.parse(line));
  return lines.filter((line) => line.requestId === requestId && line.msg !== "answered");
}

describe("an unexpected error", () => {
  for (const { tags, cases } of shareOut(["production", "development", "test", ""], 4))
    test.each(cases)(
      "tells the caller nothing and the log everything, where NODE_ENV is '%s'",
      { tags },
      async (mode) => {
        vi.stubEnv("NODE_ENV", mode);
        vi.resetModules();
        const { startLiveServer } = await import("../live-server.ts");
        await using live = await startLiveServer();
        const { token } = await signUp(live, { username: "alice" });
        await live.test.database.query("alter table latchkey.users rename column city to town");

        const calls = {
          "me.get": { token },
          "me.update": { token, input: { country: "Türkiye" } },
          "token.obtain": { input: { username: "alice", password } },
          "token.verify": { input: { token } },
        };
        for (const [procedure, options] of Object.entries(calls)) {
          const answer = await call(live.url, procedure, options);
          expect(answer.status).toBe(500);
          expect(answer.body).toEqual(internalError(procedure));
          expect(answer.headers.get("cache-control")).toBe("no-store");
          expect(answer.headers.get("www-authenticate")).toBeNull();

          const requestId = answer.headers.get("x-request-id");
          expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
          const [report, ...others] = findReports(live, requestId);
          expect(others).toEqual([]);
          expect(report).toMatchObject({
            level: "error",
            path: procedure,
            err: { message: expect.stringMatching(/city/), stack: expect.stringContaining("at ") },
          });
        }
      },
    );

  describe("of one kind after the other", () => {
    let live: LiveServer;
    beforeAll(async () => {
      live = await startLiveServer();
    });
    afterAll(() => live[Symbol.asyncDispose]());

    /** Has the service find something by another name until it is undone. */
    async function renamed(table: string, from: string, to: string) {
      const rename = (a: string, b: string) =>
        live.test.database.query(`alter table latchkey.${table} rename ${a} to ${b}`);
      await rename(from, to);
      return { [Symbol.asyncDispose]: async () => void (await rename(to, from)) };
    }

    test("outside a procedure says as much, in the same shape", async () => {
      await using _ = await renamed("signing_keys", "public_jwk", "key");

      const response = await fetch(`${live.url}/.well-known/jwks.json`);

      expect(response.status).toBe(500);
      const data = { code: "INTERNAL_SERVER_ERROR", httpStatus: 500, reason: null };
      expect(await response.json()).toEqual({ error: { message: "Internal server error", code: -32603, data } });
      expect(response.headers.get("cache-control")).toBe("no-store");
      const [report] = findReports(live, response.headers.get("x-request-id"));
      expect(report).toMatchObject({ level: "error", err: { message: expect.stringContaining("public_jwk") } });
    });

    test("of one call in a batch leaves the others their results", async () => {
      await live.test.auth.createUser({ username: "alice", password });
      await using _ = await renamed("sessions", "address", "place");

      const response = await fetch(`${live.url}/trpc/token.obtain,token.verify?batch=1`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ 0: { username: "alice", password }, 1: { token: "x" } }),
      });

      expect(response.status).toBe(207);
      expect(await response.json()).toEqual([
        { error: internalError("token.obtain") },
        { result: { data: { active: false } } },
      ]);
    });

    test("undoes what the call had begun", async () => {
      const { id } = await live.test.auth.createUser({ username: "bob", password });
      await using _ = await renamed("sessions", "address", "place");

      await call(live.url, "token.obtain", { input: { username: "bob", password } });

      const [bob] = await live.test.database.query("select last_login from latchkey.users where id = $1", [id]);
      const events = await live.test.database.query(
        "select 1 from latchkey.audit_events where event = 'signed_in' and subject_id = $1",
        [id],
      );
      expect([bob, events]).toEqual([{ last_login: null }, []]);
    });

    test("is not over when the fault is: the next call works without a start", async () => {
      const { token } = await signUp(live, { username: "carol" });
      const fault = await renamed("users", "city", "town");
      const during = await call(live.url, "me.get", { token });
      await fault[Symbol.asyncDispose]();
      const after = await call(live.url, "me.get", { token });
      expect([during.status, after.status]).toEqual([500, 200]);
    });
  });
});

describe("while the database is away", () => {
  let tapped: Awaited<ReturnType<typeof startTappedServer>>;
  beforeAll(async () => {
    tapped = await startTappedServer();
  });
  afterAll(() => tapped[Symbol.asyncDispose]());

  test("every call says so at once and when to come back, and works again by itself", async () => {
    const { tap, url } = tapped;
    const { token, refreshToken, user } = await signUp(tapped, { username: "alice" });
    const calls = {
      "me.get": { token },
      "me.update": { token, input: { city: "Bursa" } },
      "token.obtain": { input: { username: "alice", password } },
      "token.verify": { input: { token } },
      "token.revoke": { input: { refreshToken } },
    };

    await tap.cut();
    for (const [procedure, options] of Object.entries(calls)) {
      const answer = await call(url, procedure, options);
      expect(answer.status).toBe(503);
      expect(answer.body).toEqual(unavailable(procedure));
      expect(answer.headers.get("retry-after")).toBe("1");
      expect(answer.headers.get("www-authenticate")).toBeNull();
      const [report] = findReports(tapped, answer.headers.get("x-request-id"));
      expect(report).toMatchObject({ level: "warn", path: procedure, err: { stack: expect.any(String) } });
    }

    await tap.restore();
    const back = await call(url, "me.get", { token });
    expect(back).toMatchObject({ status: 200, body: user });
  });

  test("a call that needs no database is answered all the same", async () => {
    await tapped.tap.cut();

    const missing = await call(tapped.url, "me.get");
    const invalid = await call(tapped.url, "token.obtain", { input: {} });
    const inactive = await call(tapped.url, "token.verify", { input: { token: "x" } });

    expect([missing.status, invalid.status, inactive.status]).toEqual([401, 400, 200]);
    await tapped.tap.restore();
  });

  test("the process is alive but not ready, until the database is back", async () => {
    const { tap, url } = tapped;
    const ask = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, body: await response.json() };
    };
    const ok = { status: 200, body: { status: "ok" } };
    expect([await ask("/healthz"), await ask("/readyz")]).toEqual([ok, ok]);

    await tap.cut();
    const away = { status: 503, body: { status: "the database does not answer" } };
    expect([await ask("/healthz"), await ask("/readyz")]).toEqual([ok, away]);

    await tap.restore();
    expect(await ask("/readyz")).toEqual(ok);
  });
});
