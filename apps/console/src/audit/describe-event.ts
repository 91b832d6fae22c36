import type { Texts } from "../languages/en.ts";

/** An event in words; one that these texts do not know yet by its own name. */
export function nameOfEvent(event: string, { events }: Texts): string {
  return Object.hasOwn(events, event) ? events[event as keyof typeof events] : event.replaceAll("_", " ");
}

/** Whether it tells of something that was refused, or that should be looked at. */
export const isBad = (event: string): boolean =>
  /_refused$|_reused$/.test(event) || ["limit_reached", "name_lost", "change_dropped"].includes(event);

/** What an event holds beside whom it is about: names as the service calls them, and values on one line. */
export function describeDetail(detail: Readonly<Record<string, unknown>>): (readonly [name: string, value: string])[] {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value)]);
}
