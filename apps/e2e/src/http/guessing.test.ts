import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { type Answer, call, nameOf, startLiveServer } from "../live-server.ts";
import { password } from "./accounts-over-http.ts";
import { createLockedAccount } from "./locked-account.ts";
import { invalidCredentials } from "./refusals.ts";

const live = await startLiveServer({}, { trustedProxies: ["127.0.0.1"] });
const { url, test: service } = live;
afterAll(() => live[Symbol.asyncDispose]());
beforeEach(() => service.database.query("delete from latchkey.throttles"));

const from = (address: string) => ({ headers: { "x-forwarded-for": address } });
const guess = (username: string, address: string, at = url) =>
  call(at, "token.obtain", { input: { username, password: "not the password" }, ...from(address) });
const reasonOf = ({ status, body }: Answer) => `${status} ${body.data?.reason ?? "ok"}`;

/** What a refusal says, but for the seconds. */
function slowed(path: string, seconds: number) {
  const data = {
    code: "TOO_MANY_REQUESTS",
    httpStatus: 429,
    path: nameOf(path),
    reason: "rate_limited",
    retryAfter: seconds,
  };
  return { code: -32029, message: `Too many attempts: try again in ${seconds} seconds`, data };
}

test("who waits is told for how long, in the body and in the header, and is let in afterwards", async () => {
  await service.auth.createUser({ username: "waiting", password });
  for (let time = 0; time < 10; time += 1) expect((await guess("waiting", "192.0.2.1")).status).toBe(400);

  const answer = await call(url, "token.obtain", { input: { username: "waiting", password }, ...from("192.0.2.1") });
  expect(answer.status).toBe(429);
  expect([4, 5].map((seconds) => slowed("token.obtain", seconds))).toContainEqual(answer.body);
  expect(answer.headers.get("retry-after")).toBe(String(answer.body.data.retryAfter));

  await service.clock.advance(5);
  const later = await call(url, "token.obtain", { input: { username: "waiting", password }, ...from("192.0.2.1") });
  expect(later.status).toBe(200);
});

test("a batch of sign-ins counts each of them, and so do many batches at the same moment", async () => {
  const { id } = await service.auth.createUser({ username: "batched", password });
  const procedures = Array.from({ length: 20 }, () => "token.obtain");
  const inputs = Object.fromEntries(procedures.map((_, index) => [index, { username: "batched", password: "wrong" }]));
  const send = () =>
    fetch(`${url}/trpc/${procedures.map(nameOf).join()}?batch=1`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": "192.0.2.2" },
      body: JSON.stringify(inputs),
    });
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: 10 }, send));
  // After ten who guesses waits five seconds at least for one more: a very busy machine may take as long for all of them.
  const allowed = 10 + Math.floor((performance.now() - startedAt) / 5_000);
  const results = (await Promise.all(answers.map((answer) => answer.json()))).flat() as { error: Answer["body"] }[];

  const reasons = results.map(({ error }) => error.data.reason);
  expect(reasons.filter((reason) => reason === "invalid_credentials").length).toBeLessThanOrEqual(allowed);
  expect(new Set(reasons)).toEqual(new Set(["invalid_credentials", "rate_limited"]));
  expect(Number(answers.at(-1)?.headers.get("retry-after"))).toBeGreaterThan(0);
  const tried = await service.database.query(
    "select from latchkey.audit_events where event = 'sign_in_refused' and subject_id = $1",
    [id],
  );
  expect(tried.length).toBeLessThanOrEqual(allowed);
});

test("an address that a client makes up is not believed where no proxy is trusted", async () => {
  await using direct = await startLiveServer();
  const answers: string[] = [];
  for (let time = 0; time < 11; time += 1) {
    answers.push(reasonOf(await guess("anybody", `192.0.2.${time}`, direct.url)));
  }
  expect(answers.at(-1)).toBe("429 rate_limited");
  const events = await direct.test.database.query("select distinct address from latchkey.audit_events");
  expect(events).toEqual([{ address: "127.0.0.1" }]);
});

test("behind a trusted proxy what the client wrote before it is not believed either", async () => {
  const spoof = (time: number) => guess("anybody", `192.0.2.${time}, 198.51.100.9`);
  for (let time = 0; time < 10; time += 1) expect(reasonOf(await spoof(time))).toBe("400 invalid_credentials");
  expect(reasonOf(await spoof(10))).toBe("429 rate_limited");
  expect(reasonOf(await guess("anybody", "198.51.100.10"))).toBe("400 invalid_credentials");
});

describe("token.obtain", () => {
  test("says of a locked account what it says of a wrong password, byte for byte, to the right one as well", async () => {
    await createLockedAccount(service);
    const locked = await call(url, "token.obtain", { input: { username: "locked", password }, ...from("192.0.2.3") });
    const unknown = await guess("unheard_of", "192.0.2.4");
    expect(locked.body).toEqual(invalidCredentials("token.obtain"));
    expect([locked.status, locked.text]).toEqual([unknown.status, unknown.text]);
  });
});
