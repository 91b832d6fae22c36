import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { root } from "../docs/documents.ts";
import { findFreePort } from "../processes/debian-postgres.ts";
import { until } from "../processes/service-process.ts";

const programs = { prometheus: "/usr/bin/prometheus", promtool: "/usr/bin/promtool" };

/** Whether Debian's package prometheus is here. */
export const hasPrometheus = Object.values(programs).every((path) => existsSync(path));
if (!hasPrometheus) console.warn("Skipped: Debian's package prometheus is not installed.");

/** One series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly state: "inactive" | "pending" | "firing";
}

/** A Prometheus of a test's own, which scrapes every second and has the rules of `deploy`. */
export interface Prometheus extends AsyncDisposable {
  /** @throws Error with what Prometheus says of a query that it does not understand */
  query(expression: string): Promise<readonly Series[]>;
  rules(): Promise<readonly Rule[]>;
  /** Resolves when it has scraped every target so often. */
  untilScraped(times: number): Promise<void>;
}

const configuration = (targets: readonly string[]) => ({
  global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
  rule_files: [join(root, "deploy/prometheus-rules.yaml")],
  scrape_configs: [{ job_name: "latchkey", static_configs: [{ targets }] }],
});

/** @param targets addresses such as `127.0.0.1:9464`, each of which answers at `/metrics` */
export async function startPrometheus(targets: readonly string[]): Promise<Prometheus> {
  const folder = await makeTemporaryFolder("latchkey-prometheus-");
  const port = await findFreePort();
  // JSON is YAML.
  await writeFile(join(folder, "prometheus.yml"), JSON.stringify(configuration(targets)));
  const child = spawn(
    programs.prometheus,
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: never; error?: string };
    if (status !== "success") throw new Error(error ?? `Prometheus answers ${response.status}`);
    return data as { result: readonly Series[]; groups: readonly { readonly rules: readonly Rule[] }[] };
  };
  const query = async (expression: string) => (await ask(`query?query=${encodeURIComponent(expression)}`)).result;
  await untilUp(child, () => ask("status/runtimeinfo"));
  return {
    query,
    rules: async () => (await ask("rules")).groups.flatMap(({ rules }) => rules),
    async untilScraped(times) {
      const scraped = `sum_over_time(up{job="latchkey"}[5m]) >= ${times}`;
      await until(async () => (await query(scraped)).length === targets.length);
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilUp(child: ChildProcess, ask: () => Promise<unknown>): Promise<void> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const isUp = () =>
    ask().then(
      () => true,
      () => false,
    );
  await until(async () => child.exitCode !== null || (await isUp()));
  if (child.exitCode !== null) throw new Error(`Prometheus ended: ${said}`);
}

/** Runs `promtool` on files of `deploy`, and answers what it prints; rejects where it finds fault. */
export async function runPromtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(programs.promtool, args, { cwd: join(root, "deploy") });
  return stdout + stderr;
}
