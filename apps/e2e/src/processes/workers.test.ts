import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "../live-server.ts";
import { beginSignIn, createUser, obtainToken, password } from "./accounts-by-cli.ts";
import { createInstallation, type Installation, isRunning, type Service } from "./installation.ts";
import { until } from "./service-process.ts";

/** The processes that a process has started, but for programs of other kinds. */
async function findWorkers({ pid }: Service): Promise<number[]> {
  const ps = await promisify(execFile)("ps", ["-o", "pid=,comm=", "--ppid", String(pid)]).catch(() => ({ stdout: "" }));
  const rows = ps.stdout
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
  const nodes = rows.filter(([, name = ""]) => /^(node|MainThread)/.test(name)).map(([pid]) => Number(pid));
  const running = await Promise.all(nodes.map(isRunning));
  return nodes.filter((_, index) => running[index]);
}

const listening = (service: Service) => service.log().filter(({ msg }) => msg === "listening");

async function startBoth(installation: Installation, variables = {}): Promise<Service> {
  const service = await installation.start(variables);
  await until(() => listening(service).length === 2);
  return service;
}

const me = (service: Service, token: string) => call(service.url, "me.get", { token });

async function expectOneService(installation: Installation): Promise<void> {
  const service = await startBoth(installation);
  expect(new Set(listening(service).map(({ url }) => url))).toEqual(new Set([service.url]));
  expect(await findWorkers(service)).toHaveLength(2);
  const input = { username: "alice", password };
  const { token } = (await call(service.url, "account.register", { input })).body;
  const answers = await Promise.all(Array.from({ length: 20 }, () => me(service, token)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  const answeredBy = () => service.log().flatMap(({ msg, worker }) => (msg === "answered" ? [worker] : []));
  await until(() => answeredBy().length > 20);
  expect(new Set(answeredBy())).toEqual(new Set([1, 2]));
  expect(await service.stop()).toMatchObject({ code: 0 });
}

test("two workers answer on one port, one of them keeps house, and told to stop all of them end with 0", async () => {
  await using installation = await createInstallation({ WORKERS: "2" }, { isOnTestServer: true });
  await expectOneService(installation);
});

test("two workers do so with an embedded PostgreSQL, which is stopped with them", { tags: ["long"] }, async () => {
  await using embedded = await createInstallation({ WORKERS: "2" });
  await expectOneService(embedded);
  expect(await embedded.findPostgres()).toBeUndefined();
});

interface Figure {
  readonly worker: string;
  readonly value: number;
}

/** The samples of a scrape by their names and labels, but for the worker. */
async function scrape(url: string): Promise<Map<string, Figure[]>> {
  const response = await fetch(url);
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(new Set(lines.map((line) => line.replace(/ \S+$/, ""))).size).toBe(lines.length);
  const samples = lines.map((line) => {
    const [, name = "", worker = "", rest = "", value] = /^(\w+)\{worker="(\d+)",?(.*)\} (\S+)$/.exec(line) ?? [];
    expect(name, line).not.toBe("");
    return { key: `${name}{${rest}}`, worker, value: Number(value) };
  });
  return Map.groupBy(samples, ({ key }) => key);
}

const sum = (figures: readonly Figure[] = []) => figures.reduce((total, { value }) => total + value, 0);

describe("two workers on a database that goes on", { tags: ["long"] }, () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await createInstallation({ WORKERS: "2" }, { isOnTestServer: true });
    await createUser(installation, "--username", "alice");
  });
  afterAll(() => installation[Symbol.asyncDispose]());

  test("Ctrl-C at a terminal, which reaches every process, is one stop", async () => {
    const service = await startBoth(installation);
    const calls = await Promise.all(Array.from({ length: 4 }, () => beginSignIn(service.url, "alice")));
    service.signalGroup("SIGINT");
    expect(await Promise.all(calls.map(({ status }) => status))).toEqual([200, 200, 200, 200]);
    expect(await service.outcome).toMatchObject({ code: 0 });
    expect(service.log().at(-1)).toMatchObject({ msg: "stopped" });
  });

  test("a scrape has the figures of every worker under its number, and one that is killed is replaced, while the other goes on answering", async () => {
    const service = await startBoth(installation, { METRICS_PORT: "0" });
    const metrics = service.log().filter(({ msg }) => msg === "metrics");
    expect(metrics).toHaveLength(1);
    const url = String(metrics[0]?.url);
    const token = await obtainToken(service.url, "alice");
    await Promise.all(Array.from({ length: 30 }, () => me(service, token)));
    await Promise.all(Array.from({ length: 10 }, () => call(service.url, "me.get", { token: "x.y.z" })));

    const answered = 'latchkey_requests_total{procedure="me.get",status="200"}';
    const before = await scrape(url);
    expect(
      before
        .get(answered)
        ?.map(({ worker }) => worker)
        .sort(),
    ).toEqual(["1", "2"]);
    expect(sum(before.get(answered))).toBe(30);
    expect(sum(before.get('latchkey_refusals_total{reason="token_invalid"}'))).toBe(10);
    expect(sum(before.get('latchkey_request_duration_seconds_count{procedure="me.get"}'))).toBe(40);
    expect(before.get("process_start_time_seconds{}")).toHaveLength(2);

    const [victim = 0] = await findWorkers(service);
    process.kill(victim, "SIGKILL");
    await service.untilLogged("a worker ended; another begins after this time");
    expect(await me(service, token)).toMatchObject({ status: 200 });
    const left = await scrape(url);
    expect(left.get("process_start_time_seconds{}")).toHaveLength(1);
    await until(() => listening(service).length === 3);
    const after = await scrape(url);
    // Its number is nobody's again, so that no series ever falls.
    expect(after.get("process_start_time_seconds{}")?.map(({ worker }) => worker)).toContain("3");
    for (const { worker, value } of after.get(answered) ?? [])
      expect(value).toBe(left.get(answered)?.find((figure) => figure.worker === worker)?.value);
    expect(await me(service, token)).toMatchObject({ status: 200 });
    expect(await service.stop()).toMatchObject({ code: 0 });
  });

  test("workers do not outlive their leader, even when it is killed", async () => {
    const service = await startBoth(installation);
    const workers = await findWorkers(service);
    service.signal("SIGKILL");
    await service.outcome;
    await until(async () => (await Promise.all(workers.map(isRunning))).every((one) => !one));
    const next = await startBoth(installation);
    expect(await next.stop()).toMatchObject({ code: 0 });
  });

  test("what keeps the first from coming up is said once, and is how all of it ends", async () => {
    const nowhere = "postgres://latchkey:secret@127.0.0.1:9/latchkey";
    const { code, stderr } = await installation.launch({ DATABASE_URL: nowhere }).outcome;
    expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 3, lines: 1 });
    expect(stderr).toContain("cannot be used");
  });
});
