import { access, readdir } from "node:fs/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BegunSignIn, beginSignIn, register } from "./accounts-by-cli.ts";
import { createEmptyDatabase } from "./external-database.ts";
import { createInstallation, type Installation, type Service } from "./installation.ts";
import { until } from "./service-process.ts";

const slow = { PASSWORD_COST: "11" };
const longestStop = 10_000;

let installation: Installation;

beforeAll(async () => {
  installation = await createInstallation(slow);
});

afterAll(() => installation[Symbol.asyncDispose]());

let isAliceThere = false;

/** Starts a service where alice has an account. */
async function start(variables = {}): Promise<Service> {
  const service = await installation.start(variables);
  if (!isAliceThere) await register(service.url, "alice");
  isAliceThere = true;
  return service;
}

function beginSignIns(url: string, count: number): Promise<BegunSignIn[]> {
  return Promise.all(Array.from({ length: count }, () => beginSignIn(url, "alice")));
}

// In the ordinary run `faults/stop` is told to.
describe("told to stop, the service takes no new calls, answers those in flight, stops PostgreSQL and ends with 0", {
  tags: ["long"],
}, () => {
  it.each<[how: string, tell: (service: Service) => void, signal: NodeJS.Signals]>([
    ["by SIGTERM", (service) => service.signal("SIGTERM"), "SIGTERM"],
    [
      "by Ctrl-C at a terminal, which reaches every process of its group",
      (service) => service.signalGroup("SIGINT"),
      "SIGINT",
    ],
  ])("%s", async (_how, tell, signal) => {
    const service = await start();
    const calls = await beginSignIns(service.url, 4);
    const toldAt = performance.now();
    tell(service);
    expect(await service.untilLogged("shutting down")).toMatchObject({ signal });
    // What had been sent by the time it closed is answered still.
    await until(() =>
      fetch(`${service.url}/healthz`).then(
        () => false,
        () => true,
      ),
    );
    expect(await Promise.all(calls.map((call) => call.status))).toEqual([200, 200, 200, 200]);
    expect(await service.outcome).toMatchObject({ code: 0 });
    expect(performance.now() - toldAt).toBeLessThan(longestStop);
    expect(service.log().at(-1)).toMatchObject({ msg: "stopped" });
    // Clients that keep their connections open do not hold it up.
    expect(service.stdout()).not.toContain("unanswered");
    expect(await installation.findPostgres()).toBeUndefined();
  });
});

describe("a second Ctrl-C", () => {
  it("ends the service at once, and the next one starts", { tags: ["long"] }, async () => {
    const service = await start({ PASSWORD_COST: "13" });
    const calls = await beginSignIns(service.url, 2);
    service.signalGroup("SIGINT");
    await service.untilLogged("shutting down");
    service.signalGroup("SIGINT");
    expect(await service.outcome).toMatchObject({ signal: "SIGINT" });
    const answers = await Promise.allSettled(calls.map((call) => call.status));
    expect(answers.map((answer) => answer.status)).toEqual(["rejected", "rejected"]);
    const next = await installation.start();
    expect(await next.stop()).toMatchObject({ code: 0 });
  });
});

describe("a terminal that closes", { tags: ["long"] }, () => {
  it("may say so twice and still gets a clean stop", async () => {
    const service = await start();
    const [call] = await beginSignIns(service.url, 1);
    service.signalGroup("SIGHUP");
    await service.untilLogged("shutting down");
    service.signalGroup("SIGHUP");
    expect(await call?.status).toBe(200);
    expect(await service.outcome).toMatchObject({ code: 0 });
    expect(await installation.findPostgres()).toBeUndefined();
  });
});

describe("SIGTERM during the start", { tags: ["long"] }, () => {
  it("does not wait for balancers, which have not sent anything yet", async () => {
    await using database = await createEmptyDatabase();
    const variables = { DATABASE_URL: database.url, SHUTDOWN_DELAY: "5m" };
    expect(await installation.run(["migrate"], { variables })).toMatchObject({ code: 0 });
    const holder = new pg.Client(database.url);
    await holder.connect();
    try {
      await holder.query("begin; lock table latchkey.kysely_migration");
      const service = installation.launch(variables);
      const waiting = `select from pg_locks where not granted and relation = 'latchkey.kysely_migration'::regclass
        and database = (select oid from pg_database where datname = current_database())`;
      await until(async () => (await holder.query(waiting)).rowCount === 1);
      service.signal("SIGTERM");
      await service.untilLogged("shutting down");
      await holder.query("rollback");
      expect(await service.outcome).toMatchObject({ code: 0 });
    } finally {
      await holder.end();
    }
  });
});

describe("Ctrl-C during the first start", { tags: ["long"] }, () => {
  it("leaves nothing running", async () => {
    await using empty = await createInstallation({}, { isNew: true });
    const service = empty.launch();
    await until(() =>
      access(empty.dataDir).then(
        async () => (await readdir(empty.dataDir)).some((name) => name.startsWith("postgres")),
        () => false,
      ),
    );
    service.signal("SIGINT");
    expect(await service.outcome).toMatchObject({ code: 0, stderr: "" });
    expect(service.log().map((line) => line.msg)).toEqual(["shutting down", "listening", "stopped"]);
    expect(await empty.findPostgres()).toBeUndefined();
  });
});
