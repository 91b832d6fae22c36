import type { Clock } from "../clock.ts";
import type { Queries } from "../storage/database.ts";
import { type AuditFacts, recordEvent } from "./audit-log.ts";

/** A call of a signed-in person that was refused for want of a right. */
export interface Denial extends Pick<AuditFacts, "address" | "requestId"> {
  readonly actorId: string;
  readonly procedure: string;
  readonly target: string | null;
}

/**
 * Writes down refusals, so many of one person each by itself; what goes beyond is counted in this process and written as one event when the
 * time is over. So nobody fills the trail by being refused.
 */
export interface Denials {
  /** Resolves when the refusal is written, or counted. */
  record(denial: Denial): Promise<void>;
  /**
   * Writes what was counted in times that are over, or in all of them, and answers how many events that were. What cannot be written of one
   * person keeps nobody else's from it, and is tried again with the next flush; it is thrown once all have been tried.
   */
  flush(options?: { readonly isAll?: boolean }): Promise<number>;
}

/** Refusals of one person within {@link denialWindow} that each have an event: more than a batch has calls. */
export const denialsWritten = 30;

/** Seconds. */
export const denialWindow = 300;

/** People of whom a process knows at the same time how often they were refused. */
const mostPeople = 10_000;

interface Window {
  readonly endsAt: number;
  written: number;
  counted: number;
  readonly procedures: Set<string>;
  last: Denial;
}

export interface DenialsOptions {
  readonly db: Queries;
  readonly clock: Clock;
}

export function createDenials({ db, clock }: DenialsOptions): Denials {
  const windows = new Map<string, Window>();

  /** Takes a window away, and puts it back when what it counted could not be written. */
  async function close(actorId: string, window: Window): Promise<number> {
    windows.delete(actorId);
    const { counted, procedures, last } = window;
    if (counted === 0) return 0;
    const { address, requestId } = last;
    const happened = { event: "denials_counted", calls: counted, procedures: [...procedures].sort() } as const;
    try {
      const about = { actorId, subjectId: null, address, requestId };
      await db.transaction().execute((transaction) => recordEvent(transaction, happened, about));
    } catch (error) {
      const newer = windows.get(actorId);
      if (newer) newer.counted += counted;
      else windows.set(actorId, window);
      throw error;
    }
    return 1;
  }

  /** The window that a refusal falls into, and what has to be written before. */
  async function findWindow(denial: Denial): Promise<Window> {
    const now = clock.now().getTime();
    const known = windows.get(denial.actorId);
    if (known && known.endsAt > now) return known;
    if (known) await close(denial.actorId, known);
    const [oldest] = windows;
    if (oldest && windows.size >= mostPeople) await close(...oldest);
    const begun = windows.get(denial.actorId);
    if (begun) return begun;
    const window = {
      endsAt: now + denialWindow * 1_000,
      written: 0,
      counted: 0,
      procedures: new Set<string>(),
      last: denial,
    };
    windows.set(denial.actorId, window);
    return window;
  }

  return {
    async record(denial) {
      const window = await findWindow(denial);
      const { actorId, procedure, target, address, requestId } = denial;
      if (window.written >= denialsWritten) {
        window.counted += 1;
        window.procedures.add(procedure);
        window.last = denial;
        return;
      }
      window.written += 1;
      const happened = { event: "permission_denied", procedure, target } as const;
      await recordEvent(db, happened, { actorId, subjectId: null, address, requestId });
    },
    async flush({ isAll = false } = {}) {
      const now = clock.now().getTime();
      const due = [...windows].filter(([, window]) => isAll || window.endsAt <= now);
      const failures: unknown[] = [];
      let total = 0;
      for (const [actorId, window] of due) {
        try {
          total += await close(actorId, window);
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return total;
    },
  };
}
