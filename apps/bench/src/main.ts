import { parseArgs } from "node:util";
import { openBench } from "./bench.ts";
import { isReached, type Measurement } from "./measurement.ts";
import { breakDown, formatBreakdowns } from "./profiling/breakdown.ts";
import { keep, readHistory } from "./report/history.ts";
import { describeMachine, type Machine, readVersions, type Versions } from "./report/machine.ts";
import { formatRatio, formatSpread, formatTable } from "./report/table.ts";
import { rows } from "./rows/index.ts";
import { fullSizes, largeSizes, quickSizes, type Sizes } from "./sizes.ts";

const usage = `pnpm bench [--only <row>]... [--quick | --large] [--json]
pnpm bench --profile [--quick] [--json]

  --only     measures this row; one of ${rows.map(({ name }) => name).join(", ")}
  --profile  measures no row, but tells where the time of a call goes
  --quick    small sizes: shows that everything runs, judges nothing
  --large    a million people and calls in the rows import and memory, as is promised: ten minutes more
  --json     prints JSON on standard output
`;

const say = (line: string) => void process.stderr.write(`bench: ${line}\n`);

/** Whether a signal or a defect ends the bench. */
let isLeaving = false;

interface Flags {
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly large: boolean;
  readonly json: boolean;
  readonly profile: boolean;
}

const flags = readFlags();
if (flags) process.exit(await (flags.profile ? profile(flags) : run(flags)));
process.stderr.write(usage);
process.exit(2);

function readFlags(): Flags | null {
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", multiple: true, default: [] },
        ...{ quick: flag, large: flag, json: flag, profile: flag },
      },
    });
    const areRows = values.only.every((name) => rows.some((row) => row.name === name));
    return areRows && !(values.quick && values.large) ? values : null;
  } catch {
    return null;
  }
}

/** Measures, prints, and answers the exit code: 1 when a target is missed or a row could not be measured. */
async function run({ only, quick, large, json }: Flags): Promise<number> {
  const machine = describeMachine();
  const measured = await measure({ only, quick, large });
  const isWhole = !quick && only.length === 0 && measured.failed.length === 0;
  if (json) process.stdout.write(`${JSON.stringify({ machine, ...measured })}\n`);
  else await print({ machine, ...measured }, { isJudged: !quick });
  if (isWhole) await keep(machine, measured.versions, measured.measurements);
  const isMissed = !quick && measured.measurements.some((measurement) => isReached(measurement) === false);
  return isMissed || measured.failed.length > 0 ? 1 : 0;
}

async function profile({ quick, json }: Flags): Promise<number> {
  await using bench = await openBench({ sizes: quick ? quickSizes : fullSizes, say });
  endWithSignals(bench);
  const breakdowns = await breakDown(bench);
  process.stdout.write(json ? `${JSON.stringify(breakdowns)}\n` : `${formatBreakdowns(breakdowns)}\n`);
  return 0;
}

interface Measured {
  readonly versions: Versions;
  readonly measurements: readonly Measurement[];
  /** Rows that could not be measured. */
  readonly failed: readonly string[];
}

function sizesOf({ quick, large }: Pick<Flags, "quick" | "large">): Sizes {
  if (quick) return quickSizes;
  return large ? largeSizes : fullSizes;
}

async function measure({ only, ...size }: Pick<Flags, "only" | "quick" | "large">): Promise<Measured> {
  await using bench = await openBench({ sizes: sizesOf(size), say });
  endWithSignals(bench);
  const versions = await readVersions(bench.connection);
  const measurements: Measurement[] = [];
  const failed: string[] = [];
  for (const row of rows) {
    if (only.length > 0 && !only.includes(row.name)) continue;
    say(`measures ${row.name}`);
    try {
      const measured = await row.measure(bench);
      measurements.push(...measured);
      for (const { what, ratio } of measured) say(`  ${what}: ${formatRatio(ratio.median)} (${formatSpread(ratio)})`);
    } catch (error) {
      if (isLeaving) throw error;
      // Half an hour of other rows is not lost with this one.
      say(`  could not be measured: ${error instanceof Error ? error.stack : String(error)}`);
      failed.push(row.name);
    }
  }
  return { versions, measurements, failed };
}

/** Neither Ctrl-C nor a defect leaves a process or a file behind. */
function endWithSignals(bench: AsyncDisposable): void {
  const leave = async () => {
    isLeaving = true;
    // What is being measured fails now, and nobody wants to hear of it.
    process.removeAllListeners("uncaughtException").on("uncaughtException", () => {});
    await bench[Symbol.asyncDispose]();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => leave().finally(() => process.kill(process.pid, signal)));
  }
  process.once("uncaughtException", (error) => {
    say(error.stack ?? error.message);
    void leave().finally(() => process.exit(1));
  });
}

interface Report extends Measured {
  readonly machine: Machine;
}

async function print(
  { machine, versions, measurements, failed }: Report,
  { isJudged }: { isJudged: boolean },
): Promise<void> {
  const { cores, processor, memory, system, load } = machine;
  const start = measurements.find(({ row }) => row === "start");
  const earlier = start ? (await readHistory(start.what)).slice(-5) : [];
  const lines = [
    `machine   ${cores} cores, ${processor}, ${memory}, ${system}; load ${load.toFixed(2)} before the run`,
    `versions  ${Object.entries(versions)
      .map((entry) => entry.join(" "))
      .join(", ")}`,
    "",
    formatTable(measurements, { isJudged }),
    ...failed.map((row) => `${row}: could not be measured, see above`),
    ...(earlier.length > 0 ? ["", `start, in earlier runs: ${earlier.join(", ")} times bare node`] : []),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
