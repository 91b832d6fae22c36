/** Milliseconds between two lines. */
const interval = 500;

export interface Rate {
  /** Tells how far a piece of work is; the total is null where nobody knows it yet. */
  show(what: string, done: number, total: number | null): void;
  end(): void;
}

/** Tells a person at a terminal how far a long piece of work is, how fast it goes and how long it takes still; elsewhere nothing. */
export function showRate({ stderr } = process, now: () => number = () => performance.now(), things = "people"): Rate {
  let [phase, startedAt, told, width] = ["", 0, 0, 0];
  return {
    show(what, done, total) {
      if (!stderr.isTTY) return;
      if (what !== phase) [phase, startedAt] = [what, now()];
      else if (now() - told < interval && done !== total) return;
      told = now();
      const line = describeRate({ what, done, total, things, seconds: (told - startedAt) / 1_000 });
      stderr.write(`\r${line.padEnd(width)}`);
      width = line.length;
    },
    end() {
      if (width > 0) stderr.write("\n");
    },
  };
}

interface Progress {
  readonly what: string;
  readonly done: number;
  readonly total: number | null;
  /** What is counted. */
  readonly things: string;
  readonly seconds: number;
}

function describeRate({ what, done, total, things, seconds }: Progress): string {
  const number = (value: number) => Math.round(value).toLocaleString("en");
  const rate = seconds > 0 ? done / seconds : 0;
  const of = total === null ? "" : ` of ${number(total)}`;
  const left = total === null || rate === 0 ? "" : `, ${number(Math.ceil((total - done) / rate))} s left`;
  return `${what}: ${number(done)}${of} ${things}, ${number(rate)} a second${left}`;
}
