import type { Bench } from "../bench.ts";
import type { Measurement } from "../measurement.ts";

/** One row of the table, or a few that are measured together. */
export interface Row {
  /** What `--only` calls it. */
  readonly name: string;
  measure(bench: Bench): Promise<Measurement[]>;
}
