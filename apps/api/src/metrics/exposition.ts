/** Prometheus's text format, version 0.0.4: what a scrape reads. */

export type Labels = Readonly<Record<string, string>>;

/** One figure of a metric, with its labels. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** For a histogram, the name's ending is said with each. */
  readonly samples: readonly (Sample & { readonly ending?: string })[];
}

const escapeLabel = (value: string) => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function formatLabels(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

export function formatMetrics(metrics: readonly Metric[]): string {
  return metrics
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ ending = "", labels, value }) => `${name}${ending}${formatLabels(labels)} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

/** How often something happened. */
export interface Count {
  value: number;
}

/** Counts by labels. */
export interface Counter {
  /** The count of these labels, which is told from now on; whoever adds to it often keeps it. */
  of(labels: Labels): Count;
  add(labels: Labels, by?: number): void;
  samples(): Sample[];
}

export function createCounter(): Counter {
  const counts = new Map<string, { labels: Labels; value: number }>();
  const of = (labels: Labels) => {
    const key = toKey(labels);
    const count = counts.get(key) ?? { labels, value: 0 };
    counts.set(key, count);
    return count;
  };
  return {
    of,
    add(labels, by = 1) {
      of(labels).value += by;
    },
    samples: () => [...counts.values()],
  };
}

/** Durations in seconds, by labels. */
export interface Histogram {
  /** Those of these labels, which are told from now on; whoever adds to them often keeps them. */
  of(labels: Labels): Durations;
  observe(labels: Labels, seconds: number): void;
  samples(): Metric["samples"];
}

export interface Durations {
  observe(seconds: number): void;
}

class Buckets implements Durations {
  readonly labels: Labels;
  readonly counts: number[];
  sum = 0;
  count = 0;
  readonly #bounds: readonly number[];

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.counts = bounds.map(() => 0);
    this.#bounds = bounds;
  }

  observe(seconds: number): void {
    const bucket = this.#bounds.findIndex((bound) => seconds <= bound);
    if (bucket !== -1) this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += seconds;
    this.count += 1;
  }
}

export function createHistogram(bounds: readonly number[]): Histogram {
  const all = new Map<string, Buckets>();
  const of = (labels: Labels) => {
    const key = toKey(labels);
    const known = all.get(key) ?? new Buckets(labels, bounds);
    all.set(key, known);
    return known;
  };
  return {
    of,
    observe: (labels, seconds) => of(labels).observe(seconds),
    samples: () =>
      [...all.values()].flatMap(({ labels, counts, sum, count }) => {
        let below = 0;
        const steps = bounds.map((bound, index) => {
          below += counts[index] ?? 0;
          return { ending: "_bucket", labels: { ...labels, le: String(bound) }, value: below };
        });
        return [
          ...steps,
          { ending: "_bucket", labels: { ...labels, le: "+Inf" }, value: count },
          { ending: "_sum", labels, value: sum },
          { ending: "_count", labels, value: count },
        ];
      }),
  };
}

const toKey = (labels: Labels) => Object.values(labels).join("\0");
