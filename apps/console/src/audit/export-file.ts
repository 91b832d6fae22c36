import type { ShownEvent } from "./event-list.tsx";

const columns = ["occurredAt", "event", "subjectId", "actorId", "address", "requestId", "id"] as const;

/** A cell of a table: a text that a spreadsheet would run as a formula is one that it shows (CWE-1236), and quotes are doubled (RFC 4180). */
export function toCell(value: string): string {
  const shown = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}

/** Lines of CSV, without the head. */
export const toCsv = (events: readonly ShownEvent[]): string =>
  events
    .map((event) =>
      [...columns.map((name) => String(event[name] ?? "")), JSON.stringify(event.detail)].map(toCell).join(","),
    )
    .map((line) => `${line}\r\n`)
    .join("");

/** The mark at the beginning is what spreadsheets know UTF-8 by. */
export const csvHead = `\uFEFF${[...columns, "detail"].join(",")}\r\n`;

/** Lines of JSON, one event each. */
export const toJsonLines = (events: readonly ShownEvent[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join("");
