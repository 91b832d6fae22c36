import type { Run } from "./staging.ts";

export interface FollowOptions {
  /** Whether who is enabled, or given more rights, there gets that here too. */
  readonly allowRaising: boolean;
  readonly passwordCost: number;
}

/** What became of changes over there. */
export interface Followed {
  /** People of whom something was taken. */
  readonly people: number;
  /** Fields that were changed on both sides and stay as they are here: `old id: field`. */
  readonly kept: readonly string[];
}

export async function followChanges(_run: Run, _options: FollowOptions): Promise<Followed> {
  return { people: 0, kept: [] };
}
