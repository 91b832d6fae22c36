/** An event that set what somebody has from then on. */
export interface GrantEvent {
  readonly occurredAt: string | Date;
  readonly actorId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * Since when somebody has one of the things that were set, and by whom: the oldest of the events in a row that name it.
 *
 * @param events the newest first
 * @param key where an event keeps the things
 * @returns null where the trail does not tell
 */
export function findSince(events: readonly GrantEvent[], key: string, thing: string): GrantEvent | null {
  const names = ({ detail }: GrantEvent) => Array.isArray(detail[key]) && detail[key].includes(thing);
  const end = events.findIndex((event) => !names(event));
  return events.slice(0, end < 0 ? events.length : end).at(-1) ?? null;
}
