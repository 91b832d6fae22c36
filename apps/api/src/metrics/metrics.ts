import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Auth } from "@latchkey/auth";
import { assetFolder, pagePaths, violationsPath } from "@latchkey/pages";
import type { EndedCall } from "@latchkey/server";
import { findAuthError, refusalReasons } from "@latchkey/server/internal";
import { TRPCError } from "@trpc/server";
import manifest from "../../package.json" with { type: "json" };
import { consolePath } from "../console-files.ts";
import { receiptsPath } from "../messages/receipt-paths.ts";
import { createServiceProcedures } from "../procedures.ts";
import type { ServiceConfig } from "../service-config.ts";
import { databaseErrorClasses, findDatabaseErrorClass } from "./database-error-class.ts";
import { createCounter, createHistogram, formatMetrics, type Metric } from "./exposition.ts";
import { keepRead } from "./kept-read.ts";

/** What is measured, for an operator. No label is ever a person, a number or an address: each is one of a closed list. */
export interface Metrics {
  /** An HTTP answer: its path decides on the procedure that it is counted under. */
  noteAnswer(path: string, status: number, seconds: number): void;
  /** Why a call was refused, or that it failed. */
  noteFailure(error: unknown): void;
  /** A call of a procedure that has ended, also one of a batch or of a page. */
  noteCall(call: EndedCall): void;
  /** All figures. */
  collect(): Promise<readonly Metric[]>;
  /** The same in Prometheus's text format. */
  render(): Promise<string>;
}

/** Seconds. Password hashes take some tenths of one. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Milliseconds for which an answer of the database is used again. */
const freshness = 15_000;

/** The same for what is counted by reading a large table. */
const longFreshness = 3_600_000;

const nanoseconds = 1e9;

/** What is asked beside procedures, by path. */
const routes: Readonly<Record<string, string>> = {
  "/healthz": "healthz",
  "/readyz": "readyz",
  "/openapi.json": "openapi",
  "/.well-known/jwks.json": "jwks",
  [consolePath]: "console",
  [violationsPath]: "csp-reports",
};

/** What has many paths below it. */
const folders: Readonly<Record<string, string>> = {
  [assetFolder]: "assets",
  [`${consolePath}/`]: "console",
  [`${receiptsPath}/`]: "receipts",
};

/** @param others what other parts of the process count, at each scrape */
export function createMetrics(auth: Auth<ServiceConfig>, others: () => readonly Metric[] = () => []): Metrics {
  const names = new Set(listProcedures(createServiceProcedures(auth.profile)));
  const toName = (procedure: string) => (names.has(procedure) ? procedure : "other");
  const toProcedure = createNamer(names);
  const answers = createCounter();
  const durations = createHistogram(bounds);
  const refusals = createCounter();
  const calls = createCounter();
  const databaseErrors = createCounter();
  const answersOf = remember((procedure: string) => ({
    durations: durations.of({ procedure }),
    of: remember((status: number) => answers.of({ procedure, status: String(status) })),
  }));
  const callsOf = remember((procedure: string) => remember((outcome: string) => calls.of({ procedure, outcome })));
  // Told from the start, so that the first one is an increase: that is what alerts look for.
  for (const reason of [...refusalReasons, "internal"]) refusals.add({ reason }, 0);
  for (const name of databaseErrorClasses) databaseErrors.add({ class: name }, 0);
  const lag = monitorEventLoopDelay({ resolution: 20 });
  lag.enable();
  const readKeyAge = createKeyAgeReader(auth);
  const readImports = createImportReader(auth);
  const readOldTokens = createOldTokenReader(auth);
  const readQueues = createQueueReader(auth);
  const readMessages = createMessageReader(auth);
  const readStreamLag = createStreamLagReader(auth);

  async function collect(): Promise<readonly Metric[]> {
    const lagging = toLag(lag);
    // The longest of the time since the last scrape.
    lag.reset();
    const [keyAge, imports, oldTokens, queues, messages, streamLag] = await Promise.all([
      readKeyAge(),
      readImports(),
      readOldTokens(),
      readQueues(),
      readMessages(),
      readStreamLag(),
    ]);
    return [
      { ...described.requests, samples: answers.samples() },
      { ...described.durations, samples: durations.samples() },
      { ...described.calls, samples: calls.samples() },
      { ...described.refusals, samples: refusals.samples() },
      { ...described.databaseErrors, samples: databaseErrors.samples() },
      ...others(),
      ...describeLoad(auth),
      { ...described.lag, samples: lagging },
      { ...described.keyAge, samples: keyAge },
      ...imports,
      { ...described.oldTokens, samples: oldTokens },
      ...queues,
      ...messages,
      { ...described.streamLag, samples: streamLag },
      ...describeProcess(),
    ];
  }

  return {
    noteAnswer(path, status, seconds) {
      const answered = answersOf(toProcedure(path));
      answered.of(status).value += 1;
      answered.durations.observe(seconds);
    },
    noteFailure(error) {
      refusals.add({ reason: toReason(error) });
      const found = findDatabaseErrorClass(error);
      if (found !== null) databaseErrors.add({ class: found });
    },
    noteCall({ path, error }) {
      callsOf(toName(path))(error === null ? "ok" : toReason(error)).value += 1;
    },
    collect,
    render: async () => formatMetrics(await collect()),
  };
}

/** Makes something once for each key of a closed list: finding it again costs a fraction of putting its labels together. */
function remember<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

function toReason(error: unknown): string {
  const refusal = error instanceof TRPCError ? findAuthError(error) : null;
  return refusal?.code ?? "internal";
}

const described = {
  requests: {
    name: "latchkey_requests_total",
    help: "HTTP answers by procedure and status.",
    type: "counter",
  },
  durations: {
    name: "latchkey_request_duration_seconds",
    help: "Time to an HTTP answer by procedure.",
    type: "histogram",
  },
  calls: {
    name: "latchkey_calls_total",
    help: "Calls of procedures, each of a batch and of a page for itself, by what came of them.",
    type: "counter",
  },
  databaseErrors: {
    name: "latchkey_database_errors_total",
    help: "Calls that failed because of the database, by the class of its error.",
    type: "counter",
  },
  refusals: {
    name: "latchkey_refusals_total",
    help: "Refused calls by reason; internal for failures.",
    type: "counter",
  },
  lag: {
    name: "latchkey_event_loop_lag_seconds",
    help: "How late the event loop was since the last scrape, by quantile.",
    type: "gauge",
  },
  keyAge: {
    name: "latchkey_signing_key_age_seconds",
    help: "Age of the newest signing key; missing while the database does not answer.",
    type: "gauge",
  },
  importAge: {
    name: "latchkey_import_age_seconds",
    help: "Time since the last complete round of an import began, by source: how far behind it is.",
    type: "gauge",
  },
  aliases: {
    name: "latchkey_import_aliases",
    help: "People who sign in by a name of another system that is no username here, by source.",
    type: "gauge",
  },
  oldTokens: {
    name: "latchkey_old_token_sessions",
    help: "Sessions that a token of another system opened and still keeps open, by source, as counted every hour.",
    type: "gauge",
  },
  dayOfMessages: {
    name: "latchkey_messages_last_day",
    help: "Messages of the last 24 hours by country and what became of them.",
    type: "gauge",
  },
  budget: {
    name: "latchkey_message_budget_left",
    help: "Messages to phone numbers that may still go out today, by country.",
    type: "gauge",
  },
  queued: {
    name: "latchkey_queue_waiting",
    help: "Codes, notices and events of webhooks that wait to be sent.",
    type: "gauge",
  },
  streamLag: {
    name: "latchkey_audit_stream_lag_seconds",
    help: "Time since the oldest event of the audit trail that AUDIT_STREAM has not told; 0 where it has told all, or there is none.",
    type: "gauge",
  },
  queueAge: {
    name: "latchkey_queue_age_seconds",
    help: "Time since the oldest of them was queued; 0 where none waits.",
    type: "gauge",
  },
} as const;

/**
 * The procedure that a path calls: a name of the router's, `batch` for several; the path of a page, or what a folder is called; and `other` for
 * whatever strangers ask for.
 */
function createNamer(names: ReadonlySet<string>): (path: string) => string {
  const pages = new Set(pagePaths);
  const paths = new Map<string, string>(
    [...names].flatMap((name) => ["", "/cookie"].map((place) => [`${place}/trpc/${name}`, name] as const)),
  );
  return (path) => {
    const known = paths.get(path);
    if (known !== undefined) return known;
    const [, called = ""] = /^(?:\/cookie)?\/trpc\/(.{1,100})$/.exec(path) ?? [];
    if (called.includes(",")) return "batch";
    if (pages.has(path)) return path;
    if (Object.hasOwn(routes, path)) return routes[path] ?? "other";
    return Object.entries(folders).find(([folder]) => path.startsWith(folder))?.[1] ?? "other";
  };
}

function listProcedures(router: object, prefix = ""): string[] {
  return Object.entries(router).flatMap(([name, value]) =>
    typeof value === "function" ? [`${prefix}${name}`] : listProcedures(value, `${prefix}${name}.`),
  );
}

function toLag(lag: ReturnType<typeof monitorEventLoopDelay>): Metric["samples"] {
  const figures = { "0.5": lag.percentile(50), "0.99": lag.percentile(99), "1": lag.max };
  return Object.entries(figures).map(([quantile, value]) => ({ labels: { quantile }, value: value / nanoseconds }));
}

function describeLoad(auth: Auth<ServiceConfig>): Metric[] {
  const { hashes, connections } = auth.load();
  const byState = (states: Readonly<Record<string, number>>) =>
    Object.entries(states).map(([state, value]) => ({ labels: { state }, value }));
  const { open, idle, waiting } = connections;
  return [
    {
      name: "latchkey_password_hashes",
      help: "Password hashes that run or wait for their turn.",
      type: "gauge",
      samples: byState({ running: hashes.running, waiting: hashes.waiting }),
    },
    {
      name: "latchkey_foreign_password_hashes",
      help: "Accounts whose password hash is moved at their next sign-in, as counted every hour; missing before that.",
      type: "gauge",
      samples: hashes.foreign === null ? [] : [{ value: hashes.foreign }],
    },
    {
      name: "latchkey_database_connections",
      help: "Connections in use and idle, and calls that wait for one.",
      type: "gauge",
      samples: byState({ used: open - idle, idle, waiting }),
    },
  ];
}

/** Asks the database; nothing while it does not answer. */
function createRowsReader<Row extends object>(
  { pool }: Pick<Auth<ServiceConfig>, "pool">,
  query: string,
  milliseconds = freshness,
): () => Promise<readonly Row[]> {
  const read = keepRead(async () => (await pool.query<Row>(query)).rows, milliseconds);
  return async () => (await read()) ?? [];
}

function createKeyAgeReader(auth: Pick<Auth<ServiceConfig>, "pool">): () => Promise<Metric["samples"]> {
  const readRows = createRowsReader<{ age: number | null }>(
    auth,
    "select extract(epoch from clock_timestamp() - max(created_at))::float8 as age from latchkey.signing_keys",
  );
  return async () => (await readRows()).flatMap(({ age }) => (age === null ? [] : [{ value: age }]));
}

/** Of the stream that is farthest behind. */
function createStreamLagReader(auth: Pick<Auth<ServiceConfig>, "pool">): () => Promise<Metric["samples"]> {
  const readRows = createRowsReader<{ lag: number }>(
    auth,
    `select coalesce(extract(epoch from latchkey.now() - min(waiting.since)), 0)::float8 as lag
    from latchkey.audit_streams stream left join lateral (
      select occurred_at as since from latchkey.audit_events where position > stream.reached order by position limit 1
    ) waiting on true`,
  );
  return async () => (await readRows()).map(({ lag }) => ({ value: lag }));
}

/** How far behind the imports are that `--follow` repeats, and how many people sign in by aliases. */
function createImportReader(auth: Pick<Auth<ServiceConfig>, "pool">): () => Promise<Metric[]> {
  const readRows = createRowsReader<{ source: string; age: number; aliases: number }>(
    auth,
    `select source, extract(epoch from latchkey.now() - least(seen_at, began_at))::float8 as age,
      (select count(*)::int from latchkey.imported_users i where i.alias is not null and i.source = s.source) as aliases
    from latchkey.import_sources s where seen_at is not null order by source`,
  );
  return async () => {
    const rows = await readRows();
    return [
      { ...described.importAge, samples: rows.map(({ source, age }) => ({ labels: { source }, value: age })) },
      { ...described.aliases, samples: rows.map(({ source, aliases }) => ({ labels: { source }, value: aliases })) },
    ];
  };
}

/** Where nothing was imported it reads no session. */
function createOldTokenReader(auth: Pick<Auth<ServiceConfig>, "pool">): () => Promise<Metric["samples"]> {
  const readRows = createRowsReader<{ source: string; sessions: number }>(
    auth,
    `select source, (
        select count(*)::int from latchkey.sessions s where s.adopted_from = source and s.rotation = 0
          and s.ended_at is null and s.expires_at > latchkey.now() and s.idle_expires_at > latchkey.now()
      ) as sessions
    from latchkey.import_sources order by source`,
    longFreshness,
  );
  return async () => (await readRows()).map(({ source, sessions }) => ({ labels: { source }, value: sessions }));
}

/** What waits to be sent, and for how long: tables that all processes work off together. */
function createQueueReader(auth: Pick<Auth<ServiceConfig>, "readQueues">): () => Promise<Metric[]> {
  const read = keepRead(() => auth.readQueues(), freshness);
  return async () => {
    const rows = (await read()) ?? [];
    return [
      { ...described.queued, samples: rows.map(({ queue, waiting }) => ({ labels: { queue }, value: waiting })) },
      { ...described.queueAge, samples: rows.map(({ queue, age }) => ({ labels: { queue }, value: age })) },
    ];
  };
}

/** What became of messages in a day, and how many may still go out: as `latchkey messages` prints it, of all processes together. */
function createMessageReader(auth: Pick<Auth<ServiceConfig>, "reportMessages">): () => Promise<Metric[]> {
  const read = keepRead(() => auth.reportMessages(), freshness);
  return async () => {
    const { countries, left } = (await read()) ?? { countries: [], left: null };
    const states = countries.flatMap(({ country, asked, sent, delivered, failed, proved, refused }) => {
      const all = Object.values(refused).reduce((sum, count) => sum + count, 0);
      return Object.entries({ asked, sent, delivered, failed, proved, refused: all }).map(([state, value]) => ({
        labels: { country, state },
        value,
      }));
    });
    const budgets = countries.flatMap(({ country, left: value }) =>
      value === null ? [] : [{ labels: { country }, value }],
    );
    return [
      { ...described.dayOfMessages, samples: states },
      { ...described.budget, samples: left === null ? [] : [{ labels: { country: "all" }, value: left }, ...budgets] },
    ];
  };
}

function describeProcess(): Metric[] {
  const { user, system } = process.cpuUsage();
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: "gauge",
    samples: [{ value }],
  });
  return [
    {
      name: "process_cpu_seconds_total",
      help: "Processor time of the process.",
      type: "counter",
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge("process_resident_memory_bytes", "Memory of the process.", process.memoryUsage.rss()),
    gauge("process_start_time_seconds", "When it began, in seconds since 1970.", performance.timeOrigin / 1_000),
    {
      name: "latchkey_build_info",
      help: "Always 1; the labels say what runs.",
      type: "gauge",
      samples: [{ labels: { version: manifest.version, node: process.versions.node }, value: 1 }],
    },
  ];
}
