/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of the values lies, from 0 for the lowest to 1 for the highest; between two values, a straight
 * line. (Type 7 of Hyndman and Fan, which most programs take.)
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError("There are no values");
  return below + (above - below) * (position - Math.floor(position));
}

/** What repeated measurements say: the middle one, and how far apart they were. */
export interface Summary {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export function summarise(values: readonly number[]): Summary {
  return { median: median(values), lowest: quantile(values, 0), highest: quantile(values, 1) };
}

/**
 * The ratio of two things that were measured in turn: each repetition's own ratio, summarised. What disturbs the machine for a
 * while disturbs both sides of a repetition, and so stays out of its ratio.
 */
export function summariseRatios(measured: readonly number[], reference: readonly number[]): Summary {
  if (measured.length !== reference.length) throw new RangeError("The sides were not measured equally often");
  return summarise(measured.map((value, index) => value / Number(reference[index])));
}
