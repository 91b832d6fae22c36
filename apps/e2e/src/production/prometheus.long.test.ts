import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { root } from "../docs/documents.ts";
import { call } from "../live-server.ts";
import { createUser, password } from "../processes/accounts-by-cli.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import { hasPrometheus, type Prometheus, runPromtool, startPrometheus } from "./prometheus.ts";

// What deploy has for Prometheus and Grafana, in a real Prometheus that scrapes a real service.

/** Sign-ins at the same time: more than hashes that run, so that some wait. */
const signInsAtOnce = 8;

/** Scrapes while there is traffic: enough for a rate, and for what waits to be seen. */
const scrapes = 5;

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

const readPanels = async (): Promise<readonly Panel[]> =>
  JSON.parse(await readFile(join(root, "deploy/grafana.json"), "utf8")).panels;

/** The expressions of the dashboard, as Grafana sends them where scrapes come every second. */
const readQueries = async () =>
  (await readPanels()).flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ title, query: expr.replaceAll("$__rate_interval", "30s") })),
  );

interface AlertTest {
  readonly alertname: string;
  readonly exp_alerts?: readonly unknown[];
}

describe.runIf(hasPrometheus)("the alerts", () => {
  it("are understood by promtool", async () => {
    expect(await runPromtool("check", "rules", "prometheus-rules.yaml")).toMatch(/SUCCESS/);
  });

  it("each fire in the cases in which they should, and not in the others", async () => {
    expect(await runPromtool("test", "rules", "prometheus-rules.test.yaml")).toMatch(/SUCCESS/);
  });

  it("each have a case in which they fire, and one in which they do not", async () => {
    const read = async (name: string) => parse(await readFile(join(root, "deploy", name), "utf8"));
    const { groups } = await read("prometheus-rules.yaml");
    const names: string[] = groups.flatMap(({ rules }: { rules: { alert: string }[] }) =>
      rules.map(({ alert }) => alert),
    );
    const { tests } = await read("prometheus-rules.test.yaml");
    const cases: AlertTest[] = tests.flatMap((one: { alert_rule_test: AlertTest[] }) => one.alert_rule_test);
    const named = (isFiring: boolean) =>
      new Set(cases.flatMap(({ alertname, exp_alerts = [] }) => (exp_alerts.length > 0 === isFiring ? alertname : [])));
    expect([...named(true)].sort()).toEqual(names.toSorted());
    expect([...named(false)].sort()).toEqual(names.toSorted());
  });
});

describe.runIf(hasPrometheus)("a Prometheus that scrapes a service with traffic", () => {
  let installation: Installation;
  let service: Service;
  let prometheus: Prometheus;
  const stopping = new AbortController();
  let traffic: Promise<void>;

  beforeAll(async () => {
    installation = await createInstallation({ METRICS_PORT: "0", MESSAGE_COUNTRIES: "TR" });
    await createUser(installation, "--username", "alice");
    await installation.writeFile("people.csv", "id,username\n1,imported\n");
    await installation.run(["import", "people.csv", "--apply"]);
    service = await installation.start();
    const { url } = await service.untilLogged("metrics");
    traffic = makeTraffic(service.url);
    prometheus = await startPrometheus([new URL(String(url)).host]);
    await prometheus.untilScraped(scrapes);
  });

  afterAll(async () => {
    stopping.abort();
    await traffic;
    await prometheus?.[Symbol.asyncDispose]();
    await installation?.[Symbol.asyncDispose]();
  });

  async function makeTraffic(url: string): Promise<void> {
    while (!stopping.signal.aborted) {
      const signIn = () => call(url, "token.obtain", { input: { username: "alice", password } });
      const [first] = await Promise.all(Array.from({ length: signInsAtOnce }, signIn));
      const { token, refreshToken } = first?.body ?? {};
      await call(url, "me.get", { token });
      await call(url, "token.refresh", { input: { refreshToken } });
      await call(url, "token.obtain", { input: { username: "nobody", password } });
      await call(url, "codes.start", { input: { purpose: "enter", to: "+905321234567" } });
      await fetch(`${url}/sign-in`);
      await call(url, "sessions.revokeOthers", { token, input: {} });
    }
  }

  it("answers every query of the dashboard with figures", async () => {
    const queries = await readQueries();
    expect(queries.length).toBeGreaterThan(20);
    for (const { title, query } of queries) {
      // A ratio of what has not happened since the last scrape but one is no number.
      await until(async () => (await prometheus.query(query)).some(({ value: [, value] }) => value !== "NaN"));
      const series = await prometheus.query(query);
      expect({ title, query, series }).toMatchObject({ series: [expect.anything(), ...series.slice(1)] });
    }
  });

  it("shows sign-ins, refusals, pages and sessions that ended by names that a person knows", async () => {
    const labels = async (query: string, label: string) =>
      new Set((await prometheus.query(query)).map(({ metric }) => metric[label]));
    const procedures = await labels("latchkey_requests_total > 0", "procedure");
    expect([...procedures]).toEqual(expect.arrayContaining(["token.obtain", "me.get", "/sign-in"]));
    expect(await labels('latchkey_events_total{event="signed_in"} > 0', "detail")).toEqual(new Set(["password"]));
    const refused = await labels('latchkey_events_total{event="sign_in_refused"} > 0', "detail");
    expect(refused).toEqual(new Set(["unknown_user"]));
    expect([...(await labels("latchkey_sessions_ended_total > 0", "reason"))]).toContain("revoked");
    expect(await labels('latchkey_calls_total{outcome="invalid_credentials"} > 0', "procedure")).toEqual(
      new Set(["token.obtain"]),
    );
  });

  it("evaluates every alert without an error, and none fires while all is well", async () => {
    await until(async () => (await prometheus.rules()).every(({ health }) => health !== "unknown"));
    const rules = await prometheus.rules();
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    // The machine may be busy with something else: what it is slow at is not this service's.
    const ofLoad = ["LatchkeySlow", "LatchkeyEventLoopLate", "LatchkeyOverloaded", "LatchkeyConnectionsExhausted"];
    const told = rules.filter(({ state, name }) => state === "firing" && !ofLoad.includes(name));
    expect(told).toEqual([]);
  });

  it("notices that the service is killed, and begins to wait with its alert", async () => {
    stopping.abort();
    await traffic;
    service.signal("SIGKILL");
    await service.outcome;
    const stateOf = async (alert: string) => (await prometheus.rules()).find(({ name }) => name === alert)?.state;
    await until(async () => (await stateOf("LatchkeyDown")) !== "inactive");
    expect(await stateOf("LatchkeyGone")).not.toBe("inactive");
  });
});
