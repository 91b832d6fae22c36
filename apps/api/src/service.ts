import { setTimeout as sleep } from "node:timers/promises";
import { type Auth, StartError } from "@latchkey/auth";
import { parsePublicUrl, startMaintenance, traceWork } from "@latchkey/server/internal";
import type { Logger } from "pino";
import { createAuditFailures } from "./audit/audit-failures.ts";
import { openAuditStream } from "./audit/open-audit-stream.ts";
import { scheduleBackups } from "./backup/scheduled-backups.ts";
import { backedUpSchemas, describeLeftOut, findSchemasLeftOut } from "./backup/schemas.ts";
import { openConsoleFiles } from "./console-files.ts";
import { isDevelopment } from "./development.ts";
import { readEnvironment, type Settings } from "./environment.ts";
import { exitCodes } from "./exit-codes.ts";
import { greeting, nameLocalhost } from "./greeting.ts";
import { createLog } from "./log.ts";
import { createMessageLog, type MessageLog } from "./messages/message-log.ts";
import { isLocalDatabase } from "./messages/message-settings.ts";
import { createReceiptsHandler } from "./messages/receipts.ts";
import { createEventMetrics } from "./metrics/event-metrics.ts";
import { createHashMetrics } from "./metrics/hash-metrics.ts";
import { createMetrics, type Metrics } from "./metrics/metrics.ts";
import { type MetricsServer, serveMetrics } from "./metrics/metrics-server.ts";
import { createSessionMetrics } from "./metrics/session-metrics.ts";
import { createTaskMetrics, type Task, type TaskMetrics } from "./metrics/task-metrics.ts";
import { createWorkersMetrics, tellLeader } from "./metrics/workers-metrics.ts";
import { type OpenedAuth, openAuth } from "./open-auth.ts";
import type { ServedRouter } from "./router.ts";
import { startServer } from "./server.ts";
import { findAdvice, findDangers, reportSettings } from "./settings-report.ts";
import { listenForStop, type Stop } from "./stop.ts";
import { lowerThreadPoolPriority } from "./thread-pool-priority.ts";
import { findServingFault } from "./transport-security.ts";
import { type LastResort, listenForTheUncaught } from "./uncaught-errors.ts";
import { createWebhookLog } from "./webhooks/webhook-log.ts";
import { findWorkerNumber, leadWorkers, runsMaintenance, toStopMessage } from "./workers.ts";

/** Milliseconds that calls in flight have to finish once the process is told to stop. */
const drainTimeout = 7_500;

/** Milliseconds after that for the answers to those that are refused then. */
const refusalTimeout = 1_000;

interface ServiceOptions {
  /** The procedures; the service's own by default. */
  readonly router?: ServedRouter;
}

interface Running extends ServiceOptions {
  readonly settings: Settings;
  readonly log: Logger;
  readonly stop: Stop;
}

/**
 * Runs the service until the process is told to stop, by itself or, as `WORKERS` says, by several processes that share its port.
 *
 * @returns the exit code
 */
export async function runService(options: ServiceOptions = {}): Promise<number> {
  const settings = readEnvironment();
  const fault = findServingFault(settings);
  if (fault !== null) throw new StartError(fault);
  const worker = findWorkerNumber();
  const log = createLog(settings.LOG_LEVEL).child(worker === undefined ? {} : { worker });
  // Before anything is opened, so that a stop while it starts leaves nothing behind either.
  const stop = listenForStop(log, { delay: settings.SHUTDOWN_DELAY * 1_000, toMessage: toStopMessage });
  const lastResort = listenForTheUncaught(log);
  if (settings.WORKERS > 1 && worker === undefined) return lead({ settings, log, stop, lastResort });
  await serve({ settings, log, stop, lastResort, ...options });
  return lastResort.isFatal() ? exitCodes.failed : 0;
}

interface Serving extends Running {
  readonly lastResort: LastResort;
}

/** Leads workers, and answers for their figures: at a port that they shared, each scrape would meet another of them. */
async function lead({ settings, log, stop, lastResort }: Serving): Promise<number> {
  const metrics = await serveFigures(() => createWorkersMetrics(lastResort.metrics), { settings, log });
  const code = await leadWorkers(settings.WORKERS, { stop, log });
  metrics?.close();
  return lastResort.isFatal() ? exitCodes.failed : code;
}

/** Settings, database, core, server, signals. */
async function serve({ settings, log, stop, lastResort, ...options }: Serving): Promise<void> {
  if (settings.HASH_PRIORITY === "low") await lowerThreadPoolPriority();
  const { opened, counted, tasks } = await openCounted(settings, log);
  const { auth, close } = opened;
  const others = () => [...counted, lastResort].flatMap(({ metrics }) => metrics());
  const metrics = await openMetrics({ settings, auth, others, log }).catch(async (error) => {
    await close();
    throw error;
  });
  const served = { ...toServerOptions(settings, opened), metrics: metrics?.metrics, log, ...options };
  const server = await startServer(served).catch(async (error) => {
    metrics?.close();
    await close();
    throw error;
  });
  announce({ settings, log, stop, opened, url: server.url });
  // Nobody sends calls to what has not been ready yet.
  const wasStarted = !stop.isAsked();
  const stopMaintenance = stop.isAsked() ? () => {} : maintain(auth, log, tasks);
  const stopBackups = stop.isAsked() ? async () => {} : backUpByTheClock({ ...opened, settings, log, tasks });
  const signal = await stop.asked;
  stopMaintenance();
  const backupsStopped = stopBackups();
  server.endReadiness();
  // A balancer goes on sending calls until it has asked again; at a terminal there is none.
  if (signal === "SIGTERM" && wasStarted) await sleep(settings.SHUTDOWN_DELAY * 1_000);
  await drain(server.close(), auth, log);
  metrics?.close();
  await backupsStopped;
  await close();
  log.info("stopped");
}

/** Opens the core, with what is logged and counted of its work. */
async function openCounted(settings: Settings, log: Logger) {
  const messages = createMessageLog(log, (line) => process.stderr.write(`${line}\n`));
  const webhooks = createWebhookLog(log);
  const hashes = createHashMetrics();
  const trail = createAuditFailures(log);
  const events = createEventMetrics();
  const sessions = createSessionMetrics();
  const tasks = createTaskMetrics(listTasks(settings));
  const opened = await openAuth(settings, {
    mode: "all",
    onNotice: (line) => log.warn(line),
    sends: messages,
    webhooks,
    watch: (work, facts, run) => traceWork(work, facts, () => hashes.watch(work, facts, run)),
    auditStream: openAuditStream(settings, log),
    onAuditError: trail.onAuditError,
    ...(settings.METRICS_PORT !== undefined && {
      onAuditEvent: events.onAuditEvent,
      onSessionChange: sessions.onSessionChange,
    }),
  });
  return { opened, counted: [messages, webhooks, hashes, trail, events, sessions, tasks], tasks };
}

/** What the server is told of the settings, and of what the config file declares. */
function toServerOptions(settings: Settings, { auth, config, console, findings }: OpenedAuth) {
  const publicUrl = (settings.PUBLIC_URL && parsePublicUrl(settings.PUBLIC_URL)) || undefined;
  return {
    auth,
    host: settings.HOST,
    port: settings.PORT,
    corsOrigins: settings.CORS_ORIGINS,
    allowsLoopbackOrigins: isDevelopment(settings),
    publicUrl,
    trustedProxies: settings.TRUSTED_PROXIES,
    accessLog: settings.ACCESS_LOG,
    forwardedSecrets: settings.FORWARDED_SECRET,
    receipts: createReceiptsHandler(settings, { receive: auth.receiveDelivery }),
    // A name of this machine may be told of it; behind a proxy, or on a database of others, nobody is.
    ...(console && isDevelopment(settings) && isLocalDatabase(settings.DATABASE_URL) && { inbox: console.inbox }),
    console: settings.CONSOLE === "on" ? openConsoleFiles({ publicUrl, origin: settings.CONSOLE_ORIGIN }) : undefined,
    settings: {
      settings: reportSettings(settings),
      warnings: [...findings.warnings, ...findDangers(settings)],
      notes: [...findings.notes, ...findAdvice(settings)],
    },
    pages: {
      ...{ config: config.pages, clients: config.clients },
      ...{ registration: settings.REGISTRATION, isDevelopment: isDevelopment(settings) },
    },
  };
}

interface Announced extends Running {
  readonly opened: OpenedAuth;
  readonly url: string;
}

/** Says where the service listens, what somebody should know, and, to whoever tries it out, what to do next. */
function announce({ settings, log, stop, opened: { place, console, findings }, url: listening }: Announced): void {
  log.info({ url: listening, database: place }, "listening");
  // Whoever wants no codes need not be told at each start that there are none.
  const notes = settings.MESSAGES.length > 0 ? findings.notes : [];
  for (const line of [...findings.warnings, ...findDangers(settings), ...notes]) log.warn(line);
  if (settings.isProduction || stop.isAsked() || !runsMaintenance()) return;
  const url = settings.PUBLIC_URL ?? nameLocalhost(listening);
  const consoleUrl = settings.CONSOLE === "on" ? (settings.CONSOLE_ORIGIN ?? `${url}/console`) : null;
  process.stderr.write(greeting(url, place, { printsCodes: console !== null, consoleUrl }));
}

interface Measured extends Pick<OpenedAuth, "auth">, Pick<Running, "settings" | "log"> {
  readonly others: MessageLog["metrics"];
}

async function openMetrics({ settings, auth, others, log }: Measured) {
  if (settings.METRICS_PORT === undefined) return null;
  const metrics = createMetrics(auth, others);
  if (findWorkerNumber() !== undefined) return { metrics, close: tellLeader(metrics) };
  const server = await serveFigures(() => metrics, { settings, log });
  return { metrics, close: () => server?.close() };
}

async function serveFigures(
  open: () => Pick<Metrics, "render">,
  { settings, log }: Pick<Running, "settings" | "log">,
): Promise<MetricsServer | null> {
  if (settings.METRICS_PORT === undefined) return null;
  const server = await serveMetrics(open(), { host: settings.METRICS_HOST, port: settings.METRICS_PORT });
  log.info({ url: server.url }, "metrics");
  return server;
}

function maintain(auth: Parameters<typeof startMaintenance>[0], log: Logger, tasks: TaskMetrics): () => void {
  return startMaintenance(auth, {
    onDone: (task) => tasks.note(task),
    clearsAway: runsMaintenance(),
    onPurged: (purged) => log.info(purged, "purged"),
    onError: (error) => log.warn({ err: error }, "maintenance failed; trying again in an hour"),
  });
}

/** What this process does by the clock. */
function listTasks({ BACKUP_EVERY }: Settings): Task[] {
  if (!runsMaintenance()) return ["hashes"];
  return ["hashes", "keys", "changes", "purge", ...(BACKUP_EVERY === undefined ? [] : (["backup"] as const))];
}

interface BackedUp extends Pick<OpenedAuth, "auth" | "config" | "configFile">, Pick<Running, "settings" | "log"> {
  readonly tasks: TaskMetrics;
}

function backUpByTheClock({ auth, config, configFile, settings, log, tasks }: BackedUp): () => Promise<void> {
  const { BACKUP_EVERY: every, BACKUP_KEEP: keep, BACKUP_DIR: folder } = settings;
  if (every === undefined || folder === undefined || !runsMaintenance()) return async () => {};
  async function* read(): AsyncGenerator<Buffer> {
    const leftOut = await findSchemasLeftOut(auth.pool, config);
    if (leftOut.length > 0) log.warn(describeLeftOut(leftOut, configFile));
    yield* auth.backUp({ schemas: backedUpSchemas(config) });
  }
  return scheduleBackups(read, { folder, every, keep, onDone: (at) => tasks.note("backup", at) }, log);
}

/** Waits for the calls in flight. Sign-ins that then still wait for their password to be checked are told to try again rather than cut off. */
async function drain(drained: Promise<void>, auth: Pick<Auth, "rejectQueuedHashes">, log: Logger): Promise<void> {
  const isDrained = (milliseconds: number) =>
    Promise.race([drained.then(() => true), sleep(milliseconds, false, { ref: false })]);
  if (await isDrained(drainTimeout)) return;
  log.warn("refusing the calls that still wait");
  auth.rejectQueuedHashes();
  if (!(await isDrained(refusalTimeout))) log.warn("stopping with calls unanswered");
}
