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

/** Counts by labels. */
export interface Counter {
  add(labels: Labels, by?: number): void;
  samples(): Sample[];
}

export function createCounter(): Counter {
  const counts = new Map<string, { labels: Labels; value: number }>();
  return {
    add(labels, by = 1) {
      const key = Object.values(labels).join("\0");
      const count = counts.get(key);
      if (count) count.value += by;
      else counts.set(key, { labels, value: by });
    },
    samples: () => [...counts.values()],
  };
}

/** Durations in seconds, by labels. */
export interface Histogram {
  observe(labels: Labels, seconds: number): void;
  samples(): Metric["samples"];
}

export function createHistogram(bounds: readonly number[]): Histogram {
  const all = new Map<string, { labels: Labels; buckets: number[]; sum: number; count: number }>();
  return {
    observe(labels, seconds) {
      const key = Object.values(labels).join("\0");
      const known = all.get(key) ?? { labels, buckets: bounds.map(() => 0), sum: 0, count: 0 };
      all.set(key, known);
      const bucket = bounds.findIndex((bound) => seconds <= bound);
      if (bucket !== -1) known.buckets[bucket] = (known.buckets[bucket] ?? 0) + 1;
      known.sum += seconds;
      known.count += 1;
    },
    samples: () =>
      [...all.values()].flatMap(({ labels, buckets, sum, count }) => {
        let below = 0;
        const steps = bounds.map((bound, index) => {
          below += buckets[index] ?? 0;
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
