/** Such as `2026-11-25 21:28:31.123456+00`, by the settings that are pinned on each connection, or as JSON has it `2026-11-25T21:28:31.123456+00:00`. */
const plainTime = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?\+00(?::00)?$/;

/**
 * A time as PostgreSQL writes it, by itself or in JSON, to the millisecond. In the spelling that it has here it is read by the place of its digits, in a tenth of
 * the time in which `pg` reads every spelling: a row of a session and its user holds five.
 */
export function readTime(text: string): Date | number | null {
  // The first hundred years are others to `Date.UTC`.
  if (text.startsWith("00") || !plainTime.test(text)) return readRareTime(text);
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5) - 1;
  const seconds = twoDigits(text, 11) * 3_600 + twoDigits(text, 14) * 60 + twoDigits(text, 17);
  return new Date(Date.UTC(year, month, twoDigits(text, 8)) + seconds * 1_000 + milliseconds(text));
}

function milliseconds(text: string): number {
  const digits = text.lastIndexOf("+") - 20;
  if (digits < 1) return 0;
  return digit(text, 20) * 100 + (digits > 1 ? digit(text, 21) * 10 : 0) + (digits > 2 ? digit(text, 22) : 0);
}

const digit = (text: string, at: number) => text.charCodeAt(at) - 48;
const twoDigits = (text: string, at: number) => digit(text, at) * 10 + digit(text, at + 1);

/** With a year that has not four digits, before the first one, or of a zone that a pool has which was handed in. */
const rareTime =
  /^(\d{4,6})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/;

function readRareTime(text: string): Date | number | null {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  if (text === "-infinity") return Number.NEGATIVE_INFINITY;
  const [found, year, month, day, hour, minute, second, fraction = "", sign, ...rest] = rareTime.exec(text) ?? [];
  if (found === undefined) return null;
  const [hours = 0, minutes = 0, seconds = 0] = rest.slice(0, 3).map((part) => Number(part ?? 0));
  const offset = (hours * 3_600 + minutes * 60 + seconds) * (sign === "-" ? -1 : 1);
  const time = new Date(0);
  time.setUTCFullYear(text.endsWith(" BC") ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  time.setUTCHours(Number(hour), Number(minute), Number(second) - offset, Number(fraction.slice(0, 3).padEnd(3, "0")));
  return time;
}
