import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { testSecret } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { codeIn, readPage, root, tablesOf } from "../docs/documents.ts";
import { type PostgresTap, tapPostgres } from "../http/postgres-proxy.ts";
import { call } from "../live-server.ts";
import { createUser, obtainToken, password } from "./accounts-by-cli.ts";
import { createMigratedDatabase, type OwnDatabase, queryOnce } from "./external-database.ts";
import { createInstallation, type Installation, type Service } from "./installation.ts";

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Scrape {
  readonly text: string;
  /** By the name of the metric. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

let database: OwnDatabase;
let tap: PostgresTap;
let installation: Installation;
let service: Service;
let metricsUrl: string;

const stack = new AsyncDisposableStack();
beforeAll(async () => {
  database = stack.use(await createMigratedDatabase());
  const settings = { DATABASE_URL: database.url, LATCHKEY_SECRET: testSecret, METRICS_PORT: "0" };
  installation = stack.use(await createInstallation(settings, { keepsCommandLine: true }));
  await createUser(installation, "--username", "canary");
  await installation.writeFile("people.csv", "id,username\n1,imported\n");
  await installation.run(["import", "people.csv", "--apply"]);
  tap = stack.use(await tapDatabase());
  service = await installation.start({ DATABASE_URL: throughTap(tap) });
  metricsUrl = String((await service.untilLogged("metrics")).url);
});
afterAll(() => stack.disposeAsync());

function tapDatabase(): Promise<PostgresTap> {
  const { hostname, port } = new URL(database.url);
  return tapPostgres({ host: hostname, port: Number(port) });
}

function throughTap({ port }: PostgresTap): string {
  const url = new URL(database.url);
  url.port = String(port);
  return url.href;
}

const query = (text: string) => queryOnce({ connectionString: database.url }, text);

/** Reads the text format strictly: what is neither a comment of a known kind nor a sample is a failure. */
function parseScrape(text: string): Scrape {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  expect(text.endsWith("\n")).toBe(true);
  for (const line of text.slice(0, -1).split("\n")) {
    const [, name, type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (name && type) types.set(name, type);
    else if (!/^# HELP [a-z_]+ \S.*$/.test(line)) samples.push(parseSample(line));
  }
  return { text, types, samples };
}

function parseSample(line: string): Sample {
  const [, name = "", labels = "", value = ""] = /^([a-z_]+)(?:\{(.*)\})? (-?[\d.e+-]+)$/.exec(line) ?? [];
  expect(name, line).not.toBe("");
  const pairs = [...labels.matchAll(/([a-z]+)="([^"\\]*)"(?:,|$)/g)].map(([, key = "", text = ""]) => [key, text]);
  expect(pairs.map(([key, text]) => `${key}="${text}"`).join(",")).toBe(labels);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

async function scrape(url = metricsUrl, init: RequestInit = {}): Promise<Scrape> {
  const response = await fetch(url, init);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return parseScrape(await response.text());
}

const metricOf = ({ types }: Scrape, name: string) =>
  types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");

const find = ({ samples }: Pick<Scrape, "samples">, name: string, labels: Sample["labels"]) =>
  samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );

/** The metrics of docs/metrics.md with their labels. */
async function readTable(): Promise<Map<string, { kind: string; labels: string[] }>> {
  const tables = tablesOf(await readPage("docs/metrics.md"));
  const rows = tables.find(([first]) => first?.[0]?.startsWith("`latchkey_requests_total`")) ?? [];
  return new Map(
    rows.map(([name = "", kind = "", labels = ""]) => [codeIn(name)[0] ?? "", { kind, labels: codeIn(labels).sort() }]),
  );
}

async function useEverything(): Promise<void> {
  await obtainToken(service.url, "canary");
  const token = await obtainToken(service.url, "canary");
  await call(service.url, "me.get", { token });
  await call(service.url, "token.obtain", { input: { username: "canary", password: "wrong-canary" } });
  await call(service.url, "token.obtain", { input: { username: "+90 532 123 45 67", password } });
  await call(service.url, "me.get", { token: "canary.canary.canary" });
  await call(service.url, "sessions.revokeOthers", { token, input: {} });
  await call(service.url, "token.refresh", { input: { refreshToken: "canary" } });
  await call(service.url, "token.refresh", { input: { canary: "canary" } });
  // Its country is named nowhere: the console's rules tell that, and print the code.
  await call(service.url, "codes.start", { input: { purpose: "enter", to: "+90 532 123 45 67" } });
  await service.untilLogged("message sent");
  for (const path of [
    "trpc/canary.canary",
    "canary",
    "trpc/me.get,me.permissions",
    "healthz",
    "readyz",
    "trpc/__proto__",
    "sign-in?canary=canary",
    "account/canary",
    "pages/canary.css",
    "console/canary",
    "messages/receipts/canary",
  ])
    await fetch(`${service.url}/${path}`, { headers: { authorization: "Bearer canary", "user-agent": "canary" } });
}

test("no label is what a caller chose: no person, number, address, user agent or path", async () => {
  await useEverything();
  const { text, samples } = await scrape();
  expect(text).not.toMatch(/canary|1234567|127\.0\.0\.1|__proto__/);
  const procedures = new Set(samples.flatMap(({ labels }) => labels.procedure ?? []));
  expect([...procedures].sort()).toEqual([
    "/sign-in",
    "assets",
    "batch",
    "codes.start",
    "console",
    "healthz",
    "me.get",
    "other",
    "readyz",
    "receipts",
    "sessions.revokeOthers",
    "token.obtain",
    "token.refresh",
  ]);
});

test("a scrape has the metrics of docs/metrics.md with their labels, and no others", async () => {
  await useEverything();
  const found = await scrape();
  const table = await readTable();
  expect([...found.types.keys()].sort()).toEqual([...table.keys()].sort());
  for (const [name, { kind, labels }] of table) {
    expect(found.types.get(name), name).toBe(kind);
    const samples = found.samples.filter((sample) => metricOf(found, sample.name) === name);
    expect([...new Set(samples.flatMap((sample) => Object.keys(sample.labels)))].sort(), name).toEqual(labels);
    expect(samples.length, name).toBeGreaterThan(0);
  }
});

test("calls, refusals and hashes are counted, and a histogram adds up", async () => {
  const before = await scrape();
  await useEverything();
  const after = await scrape();
  const growth = (name: string, labels: Sample["labels"] = {}) =>
    (find(after, name, labels)?.value ?? 0) - (find(before, name, labels)?.value ?? 0);
  expect(growth("latchkey_requests_total", { procedure: "token.obtain", status: "200" })).toBe(2);
  expect(growth("latchkey_calls_total", { procedure: "token.obtain", outcome: "ok" })).toBe(2);
  expect(growth("latchkey_calls_total", { procedure: "token.obtain", outcome: "invalid_credentials" })).toBe(2);
  expect(growth("latchkey_events_total", { event: "signed_in", detail: "password" })).toBe(2);
  expect(growth("latchkey_events_total", { event: "sign_in_refused", detail: "wrong_password" })).toBe(1);
  expect(growth("latchkey_events_total", { event: "sign_in_refused", detail: "unknown_user" })).toBe(1);
  expect(growth("latchkey_sessions_opened_total", { method: "password" })).toBe(2);
  expect(growth("latchkey_sessions_ended_total", { reason: "revoked" })).toBeGreaterThan(0);
  expect(growth("latchkey_requests_total", { procedure: "/sign-in", status: "200" })).toBe(1);
  expect(growth("latchkey_requests_total", { procedure: "token.obtain", status: "400" })).toBe(2);
  expect(growth("latchkey_refusals_total", { reason: "invalid_credentials" })).toBe(2);
  // The two right ones, the wrong one, and the work of a refusal for a number that is nobody's.
  expect(growth("latchkey_password_hashes_total", { kind: "bcrypt_sha256" })).toBe(3);
  expect(growth("latchkey_password_hashes_total", { kind: "none" })).toBe(1);
  expect(growth("latchkey_password_hash_seconds_total", { kind: "bcrypt_sha256" })).toBeGreaterThan(0);
  // Made-up tokens, refreshes and bad input have no event in the trail, so that these are where they show.
  for (const reason of ["token_invalid", "refresh_token_invalid", "invalid_input"])
    expect(growth("latchkey_refusals_total", { reason }), reason).toBeGreaterThan(0);
  expect(growth("latchkey_messages_refused_total", { rule: "country" })).toBe(1);
  const durations = after.samples.filter(
    ({ name, labels }) => name === "latchkey_request_duration_seconds_bucket" && labels.procedure === "token.obtain",
  );
  const values = durations.map(({ value }) => value);
  expect(values).toEqual(values.toSorted((a, b) => a - b));
  const count = find(after, "latchkey_request_duration_seconds_count", { procedure: "token.obtain" });
  expect(durations.at(-1)).toMatchObject({ labels: { le: "+Inf" }, value: count?.value });
  expect(find(after, "latchkey_signing_key_age_seconds", {})?.value).toBeGreaterThan(0);
  expect(find(after, "latchkey_import_age_seconds", { source: "csv" })?.value).toBeGreaterThan(0);
});

test("a refresh that is repeated, because its answer was lost, is counted apart from the first", async () => {
  const { body } = await call(service.url, "token.obtain", { input: { username: "canary", password } });
  const before = await scrape();
  const refresh = () => call(service.url, "token.refresh", { input: { refreshToken: body.refreshToken } });
  const [first, again] = [await refresh(), await refresh()];
  expect(again.body.refreshToken).toBe(first.body.refreshToken);
  const after = await scrape();
  const growth = (outcome: string) =>
    (find(after, "latchkey_refreshes_total", { outcome })?.value ?? 0) -
    (find(before, "latchkey_refreshes_total", { outcome })?.value ?? 0);
  expect(["rotated", "repeated", "answered_again", "reused"].map(growth)).toEqual([1, 1, 0, 0]);
});

test("what waits to be sent is told of each queue, and an hour-old event by its age", { tags: ["long"] }, async () => {
  for (const queue of ["codes", "notices", "webhooks"])
    expect(find(await scrape(), "latchkey_queue_waiting", { queue })?.value, queue).toBe(0);
  await query("insert into latchkey.webhook_endpoints (name) values ('https://shop.example/hooks')");
  await query(`insert into latchkey.webhook_events (endpoint, user_id, type, data, occurred_at)
    values ('https://shop.example/hooks', gen_random_uuid(), 'user.updated', '{}', now() - interval '1 hour')`);
  const again = await installation.start();
  const { url } = await again.untilLogged("metrics");
  const { samples } = await scrape(String(url));
  const of = (name: string) => samples.find((sample) => sample.name === name && sample.labels.queue === "webhooks");
  expect(of("latchkey_queue_waiting")?.value).toBe(1);
  expect(of("latchkey_queue_age_seconds")?.value).toBeGreaterThanOrEqual(3_600);
  await again.stop();
});

/** Of what an alert sees the first. */
const firsts: [string, Sample["labels"]][] = [
  ["latchkey_refusals_total", { reason: "internal" }],
  ["latchkey_refusals_total", { reason: "unavailable" }],
  ["latchkey_refusals_total", { reason: "overloaded" }],
  ["latchkey_refusals_total", { reason: "rate_limited" }],
  ["latchkey_database_errors_total", { class: "read_only" }],
  ["latchkey_messages_total", { channel: "sms", outcome: "failed" }],
  ["latchkey_messages_refused_total", { rule: "day_budget" }],
  ["latchkey_webhook_deliveries_total", { outcome: "failed" }],
  ["latchkey_uncaught_total", { kind: "exception" }],
  ["latchkey_refreshes_total", { outcome: "reused" }],
];

test("a service that has just begun tells refusals, errors of the database, messages and deliveries with 0, and the sessions that rest on a token of another system, until they end or get a token of this one", async () => {
  const open = async () => (await call(service.url, "token.obtain", { input: { username: "canary", password } })).body;
  const rests = await open();
  await call(service.url, "sessions.revokeOthers", { token: rests.token, input: {} });
  const [moved, ended] = [await open(), await open()];
  await query("update latchkey.sessions set adopted_from = 'csv' where ended_at is null");
  await call(service.url, "token.refresh", { input: { refreshToken: moved.refreshToken } });
  await call(service.url, "token.revoke", { input: { refreshToken: ended.refreshToken } });
  const again = await installation.start();
  const { url } = await again.untilLogged("metrics");
  const atStart = await scrape(String(url));
  for (const [name, labels] of firsts)
    expect(find(atStart, name, labels)?.value, `${name} ${JSON.stringify(labels)}`).toBe(0);
  expect(find(atStart, "latchkey_old_token_sessions", { source: "csv" })?.value).toBe(1);
  await again.stop();
});

test("nothing else is answered at that port, and the service's own port has no figures", async () => {
  const { origin } = new URL(metricsUrl);
  for (const path of ["/", "/metrics/", "/healthz", "/trpc/me.get"])
    expect((await fetch(`${origin}${path}`)).status, path).toBe(404);
  expect((await fetch(metricsUrl, { method: "POST" })).status).toBe(404);
  expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
});

test("the dashboard and the alerts ask for metrics and labels that there are", async () => {
  const table = await readTable();
  const { panels } = JSON.parse(await readFile(join(root, "deploy/grafana.json"), "utf8"));
  const { groups } = parse(await readFile(join(root, "deploy/prometheus-rules.yaml"), "utf8"));
  const queries: string[] = [
    ...panels.flatMap(({ targets }: { targets: { expr: string }[] }) => targets.map(({ expr }) => expr)),
    ...groups.flatMap(({ rules }: { rules: { expr: string }[] }) => rules.map(({ expr }) => expr)),
  ];
  expect(queries.length).toBeGreaterThan(15);
  for (const query of queries) {
    const metrics = [...query.matchAll(/\b((?:latchkey|process)_[a-z_]+?)(?:_bucket)?(\{[^}]*\})?(?=[[)\s]|$)/g)];
    if (!/\bup\{/.test(query)) expect(metrics.length, query).toBeGreaterThan(0);
    for (const [, name = "", selector = ""] of metrics) {
      const known = table.get(name);
      expect(known, `${name} in ${query}`).toBeDefined();
      const labels = [...selector.matchAll(/([a-z]+)=/g)].map(([, label]) => label).filter((label) => label !== "job");
      expect(
        labels.filter((label) => !known?.labels.includes(label ?? "")),
        query,
      ).toEqual([]);
    }
  }
});

const inTime = () => ({ signal: AbortSignal.timeout(3_000) });

test.each(["1", "2"])(
  "while the database says nothing, a service of %s processes that has just begun tells its own figures in time, and no others",
  { tags: ["long"] },
  async (WORKERS) => {
    await using ownTap = await tapDatabase();
    const own = await installation.start({ DATABASE_URL: throughTap(ownTap), WORKERS });
    const { url } = await own.untilLogged("metrics");
    ownTap.stall();
    const { samples } = await scrape(String(url), inTime());
    expect(find({ samples }, "latchkey_refusals_total", { reason: "unavailable" })).toBeDefined();
    expect(find({ samples }, "latchkey_signing_key_age_seconds", {})).toBeUndefined();
  },
);

// The last of all: its database stays silent.
test("while the database says nothing, the service still tells its own figures in time", async () => {
  tap.stall();
  const told = await scrape(metricsUrl, inTime());
  expect(find(told, "latchkey_refusals_total", { reason: "unavailable" })).toBeDefined();
});
