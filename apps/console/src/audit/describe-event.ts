import type { Texts } from "../languages/en.ts";

/** An event in words; one that these texts do not know yet by its own name. */
export function nameOfEvent(event: string, { events }: Texts): string {
  return Object.hasOwn(events, event) ? events[event as keyof typeof events] : event.replaceAll("_", " ");
}

/** Whether it tells of something that was refused, or that should be looked at. */
export const isBad = (event: string): boolean =>
  /_refused$|_reused$/.test(event) ||
  ["limit_reached", "name_lost", "change_dropped", "permission_denied"].includes(event);

/**
 * What an event holds beside whom it is about: names as the service calls them, and values on one line.
 *
 * @param names what ids in it are called
 */
export function describeDetail(
  detail: Readonly<Record<string, unknown>>,
  names: ReadonlyMap<string, string> = new Map(),
): (readonly [name: string, value: string])[] {
  const show = (value: unknown): string => {
    if (Array.isArray(value)) return value.map(show).join(", ");
    if (typeof value === "string") return names.get(value) ?? value;
    return JSON.stringify(value);
  };
  return Object.entries(detail)
    .filter(([, value]) => value != null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [name, show(value)]);
}
