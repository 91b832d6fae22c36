export interface HourCount {
  readonly hour: string | Date;
  readonly event: string;
  readonly count: number;
}

const hourLength = 3_600_000;

/** When each of the last 24 hours began, the present one last. */
export function listHours(at: string | Date): readonly number[] {
  const present = Math.floor(new Date(at).getTime() / hourLength) * hourLength;
  return Array.from({ length: 24 }, (_, index) => present - (23 - index) * hourLength);
}

/** How often any of some events happened in each hour; no event is in no hour. */
export function countByHour(
  hours: readonly number[],
  counts: readonly HourCount[],
  events: readonly string[],
): number[] {
  return hours.map((hour) =>
    counts
      .filter((one) => events.includes(one.event) && new Date(one.hour).getTime() === hour)
      .reduce((sum, { count }) => sum + count, 0),
  );
}

/**
 * Whether the last whole hour is unlike the hours before it: three times the busiest half of them, and more than a few. The present hour is not
 * over, so that nothing is said of it until it has passed that already.
 */
export function isUnusual(values: readonly number[]): boolean {
  const [before, recent] = [values.slice(0, -2), Math.max(...values.slice(-2))];
  const sorted = before.toSorted((one, other) => one - other);
  const upper = sorted.slice(Math.floor(sorted.length / 2));
  const usual = upper.reduce((sum, value) => sum + value, 0) / Math.max(1, upper.length);
  return recent > 20 && recent > 3 * usual;
}
