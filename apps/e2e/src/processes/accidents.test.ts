import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Answer, call } from "../live-server.ts";
import { obtainToken, register, signIn } from "./accounts-by-cli.ts";
import { createInstallation, type Installation, isRunning, type Service } from "./installation.ts";
import { until } from "./service-process.ts";

let installation: Installation;
const running: Service[] = [];

async function start(where = installation): Promise<Service> {
  const service = await where.start();
  running.push(service);
  return service;
}

async function postgresOrThrow(where = installation): Promise<number> {
  const pid = await where.findPostgres();
  if (pid === undefined) throw new Error("PostgreSQL does not run");
  return pid;
}

beforeAll(async () => {
  installation = await createInstallation();
});

afterEach(async () => {
  for (const service of running.splice(0)) if (service.isRunning()) await service.stop();
});

afterAll(() => installation[Symbol.asyncDispose]());

/** Has two services start at the same moment, and the first of them stop. Answers the other one, and a token of alice's. */
async function startTwo(where: Installation): Promise<{ second: Service; token: string }> {
  const [first, second] = await Promise.all([start(where), start(where)]);
  const postgres = await postgresOrThrow(where);
  await register(first.url, "alice");
  const token = await obtainToken(first.url, "alice");
  expect(await call(second.url, "me.get", { token })).toMatchObject({ status: 200 });

  expect(await first.stop()).toMatchObject({ code: 0 });
  expect(await isRunning(postgres)).toBe(true);
  expect(await call(second.url, "me.get", { token })).toMatchObject({ status: 200 });
  expect(await signIn(second.url, "alice")).toMatchObject({ status: 200 });
  return { second, token };
}

it("two services that start at the same moment serve the same people, and one goes without harm to the other; PostgreSQL outlives kill -9 of the last one, and the next start adopts it with everything in it and stops it at its end", {
  tags: ["long"],
}, async () => {
  const { second: killed, token } = await startTwo(installation);
  const postgres = await postgresOrThrow();
  await killed.stop("SIGKILL");
  expect(await isRunning(postgres)).toBe(true);

  const next = await start();
  expect(await installation.findPostgres()).toBe(postgres);
  expect(await call(next.url, "me.get", { token })).toMatchObject({ status: 200, body: { username: "alice" } });
  expect(await signIn(next.url, "alice")).toMatchObject({ status: 200 });
  expect(await next.stop()).toMatchObject({ code: 0 });
  expect(await isRunning(postgres)).toBe(false);
});

it("two services that start at the same moment on an empty folder do as well, and the last one stops PostgreSQL", {
  tags: ["long"],
}, async () => {
  await using empty = await createInstallation({}, { isNew: true });
  const { second } = await startTwo(empty);
  const postgres = await postgresOrThrow(empty);
  expect(await second.stop()).toMatchObject({ code: 0 });
  expect(await isRunning(postgres)).toBe(false);
});

// In the ordinary run `faults/kill` does the same under load.
describe("kill -9 of PostgreSQL", { tags: ["long"] }, () => {
  it("is answered with 503 `unavailable` at worst, and the service comes back by itself with nothing lost", async () => {
    const service = await start();
    await register(service.url, "bob");
    const token = await obtainToken(service.url, "bob");
    const postgres = await postgresOrThrow();
    process.kill(postgres, "SIGKILL");
    await until(async () => !(await isRunning(postgres)));

    const answers: Answer[] = [];
    await until(async () => {
      answers.push(await call(service.url, "me.get", { token }));
      return answers.at(-1)?.status === 200 && (await installation.findPostgres()) !== undefined;
    });
    for (const { status, headers, body } of answers.filter((answer) => answer.status !== 200)) {
      expect(status).toBe(503);
      expect(body.data).toMatchObject({ reason: "unavailable", retryAfter: expect.any(Number) });
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect(await signIn(service.url, "bob")).toMatchObject({ status: 200 });
    expect(service.isRunning()).toBe(true);
    expect(await installation.findPostgres()).not.toBe(postgres);
  });
});
