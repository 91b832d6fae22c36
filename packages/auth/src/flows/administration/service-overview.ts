import { countEvents, type EventCount } from "../../audit/event-counts.ts";
import type { Core } from "../steps/core.ts";

/** What an administrator looks at first. */
export interface ServiceOverview {
  /** When it was looked at, by the clock of the events. */
  readonly at: Date;
  /** What happened in each of the last 24 hours, the present one among them, by its name; an hour of which there is nothing is not there. */
  readonly events: readonly EventCount[];
}

/** Counts what happened in the last 24 hours, from the audit trail. */
export async function readServiceOverview({ db, options: { clock } }: Core): Promise<ServiceOverview> {
  return { at: clock.now(), events: await countEvents(db, 24) };
}
