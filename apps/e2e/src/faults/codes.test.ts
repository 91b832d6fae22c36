import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type CallOptions, call } from "../live-server.ts";
import { queryOnce } from "../processes/external-database.ts";
import { createInstallation, type Service } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import { type MessageProvider, startMessageProvider } from "./message-provider.ts";
import { findDefects } from "./output.ts";
import { type OwnPostgres, startOwnPostgres } from "./own-postgres.ts";
import { startStopwatch } from "./processor-time.ts";
import { atLength } from "./run-length.ts";

/** Milliseconds within which a call is answered, whatever PostgreSQL does. */
const longestAnswer = 5_000;
/** Milliseconds that an answer takes at most which waits for no provider. That has ten seconds. */
const longestStart = 2_000;
/** Codes that are asked for while a provider fails: more than a process sends at once. */
const asks = atLength(50, 25);
const password = "correct horse battery";

let postgres: OwnPostgres;
let databaseUrl: string;
let provider: MessageProvider;
let service: Service;
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

beforeAll(async () => {
  postgres = stack.use(await startOwnPostgres());
  provider = stack.use(await startMessageProvider());
  databaseUrl = (await postgres.createDatabase()).url;
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const installation = stack.use(
    await createInstallation({
      ...{ DATABASE_URL: databaseUrl, MIGRATE: "auto", TRUSTED_PROXIES: "127.0.0.1", MESSAGES_PER_DAY: "1000000" },
      ...{ MESSAGES: "webhook", MESSAGE_COUNTRIES: "TR" },
      ...{ WEBHOOK_SENDER_URL: provider.url, WEBHOOK_SENDER_SECRET: secret },
    }),
  );
  const free = "prefixPerHour: 1e6, prefixPerDay: 1e6, countryPerHour: 1e6, countryPerDay: 1e6";
  await installation.writeFile("latchkey.config.mjs", `export default { messages: { limits: { ${free} } } };`);
  service = await installation.start();
});

let calls = 0;
/** Each call from a network of its own, so that no limit is met. */
const ask = (procedure: string, options: CallOptions = {}): Promise<Answer> => {
  calls += 1;
  const headers = { "x-forwarded-for": `10.${calls >> 16}.${(calls >> 8) & 255}.${calls & 255}` };
  return call(service.url, procedure, { ...options, headers });
};

let numbers = 0;
const freshNumber = () => `+9053277${String(++numbers).padStart(5, "0")}`;

/** Asks until the database is there again, as a client does. */
async function untilServed(procedure: string, options: CallOptions): Promise<Answer> {
  let answer = await ask(procedure, options);
  while (answer.status === 503) answer = await ask(procedure, options);
  return answer;
}

/** A challenge, and the code that went to the number. */
async function start(procedure: string, options: CallOptions, to: string) {
  const before = provider.codesFor(to).length;
  const { status, body: started } = await ask(procedure, options);
  expect(status).toBe(200);
  await until(() => provider.codesFor(to).length > before);
  return { challenge: started.challenge as string, code: provider.codesFor(to).at(-1) ?? "", started };
}

/** Somebody who has just registered by a number, with a password. */
async function register() {
  const to = freshNumber();
  const { challenge, code } = await start("codes.start", { input: { purpose: "enter", to } }, to);
  const proved = await ask("token.obtainByCode", { input: { challenge, code } });
  const registered = await ask("account.register", { input: { ticket: proved.body.ticket, password } });
  expect(registered.status).toBe(200);
  return { number: to, token: registered.body.token as string };
}

const untilNothingIsDue = () =>
  until(async () => {
    const due = "select from latchkey.challenges where due_at is not null";
    return (await queryOnce({ connectionString: databaseUrl }, due)).length === 0;
  });

async function expectUnavailable(procedure: string, options: CallOptions): Promise<void> {
  const stopwatch = startStopwatch(service.pid);
  const { status, headers, body } = await ask(procedure, options);
  const told = { procedure, status, reason: body.data.reason, retryAfter: headers.get("retry-after") };
  expect(told).toEqual({ procedure, status: 503, reason: "unavailable", retryAfter: "1" });
  expect(stopwatch(), procedure).toBeLessThan(longestAnswer);
}

/** What fails in one must not be silent, or away, in the next. */
afterEach(() => postgres.comeBack());

describe.each([
  ["is away", () => postgres.stop(), () => postgres.start()],
  ["does not answer", () => postgres.freeze(), () => postgres.thaw()],
])("PostgreSQL %s", { tags: ["long"] }, (_, leave, comeBack) => {
  test("codes are `unavailable` within 5 seconds, nothing is handed to the provider, and what was asked for before goes on afterwards", async () => {
    const [person, mover] = [await register(), await register()];
    const { number } = person;
    const next = freshNumber();
    const signIn = await start("codes.start", { input: { purpose: "sign_in", to: number } }, number);
    const own = { token: mover.token, input: { to: next } };
    const move = await start("me.phone.start", own, next);
    const reset = await start("password.startReset", { input: { username: number } }, number);
    const shown = {
      signIn: { input: { challenge: signIn.challenge, code: signIn.code } },
      move: { token: mover.token, input: { challenge: move.challenge, code: move.code } },
      reset: { input: { challenge: reset.challenge, code: reset.code, newPassword: `${password} 2` } },
    };
    await untilNothingIsDue();

    const before = provider.handed.length;
    await leave();
    await Promise.all([
      expectUnavailable("codes.start", { input: { purpose: "sign_in", to: number } }),
      expectUnavailable("codes.start", { input: { purpose: "enter", to: freshNumber() } }),
      expectUnavailable("codes.resend", { input: { challenge: signIn.challenge } }),
      expectUnavailable("token.obtainByCode", shown.signIn),
      expectUnavailable("me.phone.start", { token: mover.token, input: { to: freshNumber() } }),
      expectUnavailable("me.phone.confirm", shown.move),
      expectUnavailable("password.startReset", { input: { username: number } }),
      expectUnavailable("password.reset", shown.reset),
    ]);
    expect(provider.handed).toHaveLength(before);
    await comeBack();

    // A resend before its time is the same answer: the challenge that there was.
    const again = await untilServed("codes.resend", { input: { challenge: signIn.challenge } });
    expect(again).toMatchObject({ status: 200, body: signIn.started });
    const signedIn = await untilServed("token.obtainByCode", shown.signIn);
    expect(signedIn).toMatchObject({ status: 200, body: { user: { phoneNumber: number } } });
    const moved = await untilServed("me.phone.confirm", shown.move);
    expect(moved).toMatchObject({ status: 200, body: { user: { phoneNumber: next } } });
    expect(await untilServed("password.reset", shown.reset)).toMatchObject({ status: 200 });
    expect(service.isRunning()).toBe(true);
    expect(findDefects(service)).toEqual([]);
  });
});

describe.each(["is away", "is silent", "answers nonsense"] as const)(
  "a provider that %s",
  { tags: ["long"] },
  (fault) => {
    test("slows no answer and changes none, and every code goes out under one id once it is well", async () => {
      const healthy = await ask("codes.start", { input: { purpose: "enter", to: freshNumber() } });
      await untilNothingIsDue();
      await provider.break(fault);
      const before = provider.answered();
      const wanted = Array.from({ length: asks }, freshNumber);
      const seen: number[] = [];
      for (const to of wanted) {
        const stopwatch = startStopwatch(service.pid);
        const { status, body } = await ask("codes.start", { input: { purpose: "enter", to } });
        seen.push(stopwatch());
        expect({ status, says: Object.keys(body) }).toEqual({ status: 200, says: Object.keys(healthy.body) });
      }
      expect(provider.answered()).toBe(before);
      expect(Math.max(...seen)).toBeLessThan(longestStart);

      await provider.mend();
      await until(() => wanted.every((to) => provider.codesFor(to).length > 0));
      await untilNothingIsDue();
      const states = "select distinct state from latchkey.challenges where address = any($1)";
      expect(await queryOnce({ connectionString: databaseUrl }, states, [wanted])).toEqual([{ state: "sent" }]);
      const ids = Map.groupBy(provider.handed, ({ to }) => to);
      for (const to of wanted) {
        expect(new Set(ids.get(to)?.map(({ id }) => id)).size, to).toBe(1);
        expect(new Set(provider.codesFor(to)).size, to).toBe(1);
      }
    });
  },
);
