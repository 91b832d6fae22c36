import { isId } from "../people/search.ts";

/** Filters as they are typed and kept: texts, and times as a field of the browser writes them, in the reader's zone. */
export interface EventFilters {
  readonly person?: string | undefined;
  readonly actor?: string | undefined;
  readonly event?: string | undefined;
  readonly address?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

/** The same as `audit.list` takes them; without what is not whole yet. */
export interface WantedEvents {
  readonly userId?: string;
  readonly actorId?: string;
  readonly event?: string;
  readonly address?: string;
  readonly from?: string;
  readonly until?: string;
}

export function toWanted({ person, actor, event, address, from, until }: EventFilters): WantedEvents {
  const wanted = {
    userId: person !== undefined && isId(person) ? person.trim() : undefined,
    actorId: actor !== undefined && isId(actor) ? actor.trim() : undefined,
    event,
    address: address?.trim() || undefined,
    from: toTime(from),
    until: toTime(until),
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) as WantedEvents;
}

/** `2026-11-26T10:00` of the reader's zone, in UTC. */
function toTime(local = ""): string | undefined {
  const isWhole = /^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(local);
  const time = new Date(isWhole ? local : "");
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
