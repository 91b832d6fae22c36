import { isReached, type Measurement, type Target } from "../measurement.ts";
import type { Summary } from "../statistics.ts";

/** Lines of text in columns; the first line is the heading. */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const toText = (line: readonly string[]) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  const [heading = [], ...rest] = lines.map(toText);
  return [heading, "-".repeat(heading.length), ...rest].join("\n");
}

/** The table of ratios: medians, with the lowest and the highest repetition of the ratio. */
export function formatTable(
  measurements: readonly Measurement[],
  { isJudged }: { readonly isJudged: boolean },
): string {
  const heading = ["what", "measured", "reference", "unit", "ratio", "spread", "target", ""];
  const lines = measurements.map((measurement) => [
    measurement.what,
    formatFigure(measurement.measured.median),
    formatFigure(measurement.reference.median),
    measurement.unit,
    formatRatio(measurement.ratio.median),
    formatSpread(measurement.ratio),
    formatTarget(measurement.target),
    isJudged ? formatVerdict(isReached(measurement)) : "",
  ]);
  const notes = measurements.flatMap(({ what, note }) => (note ? [`${what}: ${note}`] : []));
  return [alignColumns([heading, ...lines]), "", ...notes].join("\n");
}

export const formatRatio = (ratio: number) => ratio.toFixed(ratio >= 10 ? 1 : 2);
export const formatSpread = ({ lowest, highest }: Summary) => `${formatRatio(lowest)}–${formatRatio(highest)}`;

function formatFigure(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function formatTarget(target: Target): string {
  if (target === null) return "-";
  return "atLeast" in target ? `≥ ${target.atLeast.toFixed(2)}` : `≤ ${target.atMost.toFixed(2)}`;
}

function formatVerdict(reached: boolean | null): string {
  if (reached === null) return "";
  return reached ? "pass" : "FAIL";
}
