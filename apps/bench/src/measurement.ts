import type { Interleaved } from "./interleave.ts";
import { type Summary, summarise, summariseRatios } from "./statistics.ts";

/** What a ratio must reach; null where it is only told. */
export type Target = { readonly atLeast: number } | { readonly atMost: number } | null;

/** A line of the table: one thing held against another. */
export interface Measurement {
  readonly row: string;
  readonly what: string;
  /** The unit of both sides. */
  readonly unit: string;
  readonly measured: Summary;
  readonly reference: Summary;
  readonly ratio: Summary;
  readonly repetitions: number;
  readonly target: Target;
  /** What a reader must know besides. */
  readonly note?: string | undefined;
}

export interface Comparison {
  readonly row: string;
  readonly what: string;
  readonly unit: string;
  readonly target: Target;
  readonly note?: string | undefined;
}

/** Sums up what two sides measured; `read` takes the figure out of one repetition. */
export function compare<Figure>(
  comparison: Comparison,
  figures: Interleaved<"measured" | "reference", Figure>,
  read: (figure: Figure) => number,
): Measurement {
  const measured = figures.measured.map(read);
  const reference = figures.reference.map(read);
  return {
    ...comparison,
    measured: summarise(measured),
    reference: summarise(reference),
    ratio: summariseRatios(measured, reference),
    repetitions: measured.length,
  };
}

/** Whether the median ratio reaches the target; null where there is none. */
export function isReached({ target, ratio }: Pick<Measurement, "target" | "ratio">): boolean | null {
  if (target === null) return null;
  return "atLeast" in target ? ratio.median >= target.atLeast : ratio.median <= target.atMost;
}
