import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, call } from "../live-server.ts";
import { createMigratedDatabase, type OwnDatabase, queryOnce } from "../processes/external-database.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { until, type Variables } from "../processes/service-process.ts";
import { createAccounts } from "./load-clients.ts";
import { password, usernameOf } from "./person.ts";
import { isLong } from "./run-length.ts";

/** Seconds by which two clocks may differ (RFC 7519 §4.1.4). */
const leeway = 60;

/** Seconds by which the clock of a service is ahead of the database's. */
const offsets = isLong ? [120, -120, 0, 55, -55] : [120, -120];

const withClock = (offset: number): Variables => ({
  NODE_OPTIONS: `--import ${new URL("shift-clock.ts", import.meta.url)}`,
  CLOCK_OFFSET: String(offset),
});

interface Place {
  readonly offset: number;
  readonly service: Service;
  /** A session that was opened here. */
  readonly session: { readonly token: string; readonly refreshToken: string; readonly refreshExpiresAt: string };
}

let database: OwnDatabase;
let installation: Installation;
let places: Place[];
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

beforeAll(async () => {
  database = stack.use(await createMigratedDatabase());
  installation = stack.use(await createInstallation({ DATABASE_URL: database.url }));
  const services = await Promise.all(offsets.map((offset) => installation.start(withClock(offset))));
  await createAccounts({ connectionString: database.url }, 1);
  places = await Promise.all(
    services.map(async (service, index) => {
      const input = { username: usernameOf(0), password };
      const { body } = await call(service.url, "token.obtain", { input });
      return { offset: offsets[index] ?? 0, service, session: body };
    }),
  );
});

const query = (text: string, values: readonly unknown[] = []) =>
  queryOnce<Record<string, number>>({ connectionString: database.url }, text, values);

const refresh = (place: Place, refreshToken: string): Promise<Answer> =>
  call(place.service.url, "token.refresh", { input: { refreshToken } });

const endSessionsIn = (seconds: number) =>
  query("update latchkey.sessions set idle_expires_at = now() + make_interval(secs => $1)", [seconds]);

const endCodesIn = (to: string, seconds: number) =>
  query("update latchkey.challenges set expires_at = now() + make_interval(secs => $2) where address = $1", [
    to,
    seconds,
  ]);

/** What one of the processes, whichever sends it, shows in the terminal. */
async function readCode(to: string): Promise<string> {
  const shown = new RegExp(`^Message to \\${to} by sms: (\\d{6}) `, "m");
  const find = () => places.map(({ service }) => shown.exec(service.stderr())?.[1]).find((code) => code !== undefined);
  await until(() => find() !== undefined);
  return find() ?? "";
}

describe("service processes whose clocks are 2 minutes ahead of the database's, or behind", { tags: ["long"] }, () => {
  test("take each other's access tokens unless one was issued more than a minute ahead of their own time", async () => {
    for (const issuer of places) {
      for (const reader of places) {
        const answer = await call(reader.service.url, "me.get", { token: issuer.session.token });
        const ahead = issuer.offset - reader.offset;
        const expected =
          ahead <= leeway ? { status: 200 } : { status: 401, body: { data: { reason: "token_invalid" } } };
        expect(answer, `issued ${ahead} s ahead`).toMatchObject(expected);
      }
    }
  });

  test("open sessions that start now and last as long as they should, by the database's clock", async () => {
    const sessions = await query(`select
      extract(epoch from now() - created_at)::float as age,
      extract(epoch from expires_at - created_at)::float as lifetime,
      extract(epoch from idle_expires_at - created_at)::float as "idleLifetime" from latchkey.sessions`);
    expect(sessions).toHaveLength(places.length);
    for (const { age, lifetime, idleLifetime } of sessions) {
      expect(Math.abs(age ?? Number.NaN)).toBeLessThan(leeway);
      expect([lifetime, idleLifetime]).toEqual([90 * 86_400, 30 * 86_400]);
    }
    for (const { session } of places) {
      const fromNow = (Date.parse(session.refreshExpiresAt) - Date.now()) / 1000;
      expect(Math.abs(fromNow - 30 * 86_400)).toBeLessThan(leeway);
    }
  });

  test("refresh each other's sessions, and within the grace time answer the same successor", async () => {
    for (const { session } of places) {
      const answers = await Promise.all(places.map((place) => refresh(place, session.refreshToken)));
      expect(answers.map(({ status }) => status)).toEqual(places.map(() => 200));
      expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    }
  });

  test("see a session end when it does for the database, a minute from then or a minute ago", async () => {
    const look = (place: Place) => call(place.service.url, "me.get", { token: place.session.token });
    await endSessionsIn(60);
    expect(await Promise.all(places.map(look))).toEqual(places.map(() => expect.objectContaining({ status: 200 })));
    await endSessionsIn(-60);
    for (const { status, body } of await Promise.all(places.map(look))) {
      expect({ status, reason: body.data.reason }).toEqual({ status: 401, reason: "session_ended" });
    }
  });

  test("take each other's codes until these end by the database's clock, a minute from then or a second ago", async () => {
    for (const [asked, { service }] of places.entries()) {
      for (const [shown, reader] of places.entries()) {
        const to = `+9053266${asked}${shown}000`;
        const start = await call(service.url, "codes.start", { input: { purpose: "enter", to } });
        const fromNow = (Date.parse(start.body.expiresAt) - Date.now()) / 1000;
        expect(Math.abs(fromNow - 600)).toBeLessThan(leeway);
        const input = { challenge: start.body.challenge, code: await readCode(to) };
        await endCodesIn(to, -1);
        const late = await call(reader.service.url, "token.obtainByCode", { input });
        expect(late).toMatchObject({ status: 400, body: { data: { reason: "code_expired" } } });
        await endCodesIn(to, 60);
        const inTime = await call(reader.service.url, "token.obtainByCode", { input });
        expect(inTime).toMatchObject({ status: 200, body: { next: "register" } });
      }
    }
  });

  // Without them the clocks agree, which the tests of the command line show.
  test.concurrent.each(offsets.filter((offset) => isLong || offset > 0))(
    "are told of by `latchkey doctor`: %i seconds",
    async (offset) => {
      const run = await installation.run(["doctor", "--json"], { variables: withClock(offset) });
      const { clockDifference, warnings: all } = JSON.parse(run.stdout);
      // The server of these tests is set to lose what it has in a crash, and doctor says so.
      const warnings = all.filter((line: string) => !/^(fsync|full_page_writes) is off/.test(line));
      expect(Math.abs(clockDifference + offset * 1000)).toBeLessThan(5_000);
      const expected = offset === 0 ? [] : ["The clocks of this machine and of the database differ: set both by NTP."];
      expect({ code: run.code, warnings }).toEqual({ code: all.length === 0 ? 0 : 1, warnings: expected });
    },
  );
});
