import cluster, { type Worker } from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import { formatMetrics, type Metric } from "./exposition.ts";
import type { Metrics } from "./metrics.ts";

/** Milliseconds for a worker to tell its figures; one that is too busy for that is missing in the scrape. */
const timeout = 2_000;

/** What the first process asks of a worker, and what it is told. */
interface Asked {
  readonly askedMetrics: number;
}
interface Told {
  readonly toldMetrics: number;
  readonly metrics: readonly Metric[];
}

const isAsked = (message: unknown): message is Asked =>
  typeof message === "object" && message !== null && "askedMetrics" in message;
const isTold = (message: unknown): message is Told =>
  typeof message === "object" && message !== null && "toldMetrics" in message;

/** In a worker: tells the first process its figures whenever it asks. */
export function tellLeader(metrics: Pick<Metrics, "collect">): () => void {
  const onMessage = async (message: unknown) => {
    if (!isAsked(message)) return;
    const told: Told = { toldMetrics: message.askedMetrics, metrics: await metrics.collect() };
    if (process.connected) process.send?.(told, undefined, undefined, () => {});
  };
  process.on("message", onMessage);
  return () => void process.off("message", onMessage);
}

/**
 * In the first process: the figures of all workers at one moment, each under the label `worker`. They are not added up here: a counter
 * whose process was replaced begins anew, which who reads a sum could not tell from a fall.
 *
 * @param own of the first process itself, under the worker `0`
 */
export function createWorkersMetrics(own: () => readonly Metric[]): Pick<Metrics, "render"> {
  const waiting = new Map<number, (metrics: readonly Metric[]) => void>();
  let last = 0;
  cluster.on("message", (_worker, message: unknown) => {
    if (isTold(message)) waiting.get(message.toldMetrics)?.(message.metrics);
  });

  async function ask(worker: Worker): Promise<readonly Metric[]> {
    if (!worker.isConnected()) return [];
    last += 1;
    const { promise, resolve } = Promise.withResolvers<readonly Metric[]>();
    const asked: Asked = { askedMetrics: last };
    waiting.set(asked.askedMetrics, resolve);
    worker.send(asked, (error) => error && resolve([]));
    const late = new AbortController();
    try {
      return await Promise.race([promise, sleep(timeout, [], { ref: false, signal: late.signal })]);
    } finally {
      late.abort();
      waiting.delete(asked.askedMetrics);
    }
  }

  return {
    async render() {
      const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
      const told = await Promise.all(workers.map(async (worker) => label(await ask(worker), String(worker.id))));
      return formatMetrics(join([...label(own(), "0"), ...told.flat()]));
    },
  };
}

const label = (metrics: readonly Metric[], worker: string): Metric[] =>
  metrics.map((metric) => ({
    ...metric,
    samples: metric.samples.map((sample) => ({ ...sample, labels: { worker, ...sample.labels } })),
  }));

/** One of each name, with the samples of all. */
function join(metrics: readonly Metric[]): Metric[] {
  const byName = Map.groupBy(metrics, ({ name }) => name);
  return [...byName.values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, samples: [first, ...others].flatMap(({ samples }) => samples) }] : [],
  );
}
