/** A stretch of time up to the present, in equal steps: milliseconds of each, and how many. */
export interface Steps {
  readonly length: number;
  readonly count: number;
}

export const lastDay: Steps = { length: 3_600_000, count: 24 };
export const lastHour: Steps = { length: 300_000, count: 12 };

/** When each step began, the present one last. */
export function listSteps(at: string | Date, { length, count }: Steps): readonly number[] {
  const present = Math.floor(new Date(at).getTime() / length) * length;
  return Array.from({ length: count }, (_, index) => present - (count - 1 - index) * length);
}

/** When each of the last days began in the reader's zone, the present one last. */
export function listDays(at: string | Date, count: number): readonly number[] {
  const now = new Date(at);
  return Array.from({ length: count }, (_, index) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - (count - 1 - index)).getTime(),
  );
}

/** Adds up what happened in each step; what nothing is told of is zero. */
export function addUp<Row extends { readonly from: string | Date }>(
  steps: readonly number[],
  rows: readonly Row[],
  countOf: (row: Row) => number,
): number[] {
  const sums = steps.map(() => 0);
  for (const row of rows) {
    const step = steps.findLastIndex((began) => began <= new Date(row.from).getTime());
    if (step >= 0) sums[step] = (sums[step] ?? 0) + countOf(row);
  }
  return sums;
}

/**
 * Whether the last whole step is unlike those before it: three times the busiest half of them, and more than a few. The present one is not
 * over, so that nothing is said of it until it has passed that already.
 */
export function isUnusual(values: readonly number[]): boolean {
  const [before, recent] = [values.slice(0, -2), Math.max(...values.slice(-2))];
  const sorted = before.toSorted((one, other) => one - other);
  const upper = sorted.slice(Math.floor(sorted.length / 2));
  const usual = upper.reduce((sum, value) => sum + value, 0) / Math.max(1, upper.length);
  return recent > 20 && recent > 3 * usual;
}
