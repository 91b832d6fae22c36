/** A yes or no as databases and files write it; undefined for what is neither. */
export function readFlag(text: string | null): boolean | null | undefined {
  if (text === null || text.trim() === "") return null;
  const word = text.trim().toLowerCase();
  if (["true", "t", "1", "yes", "y"].includes(word)) return true;
  return ["false", "f", "0", "no", "n"].includes(word) ? false : undefined;
}

const timeFormat =
  /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?\s*(Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?(?::?[0-5]\d)?)?)?$/i;

/**
 * A time as text that PostgreSQL reads to the microsecond: a naive one gets the source's zone. Null for nothing, undefined for what is no
 * time. It never goes through a `Date`, which would lose microseconds.
 */
export function readTime(text: string | null, timezone: string): string | null | undefined {
  if (text === null || text.trim() === "") return null;
  const trimmed = text.trim();
  const parts = timeFormat.exec(trimmed);
  if (!parts) return undefined;
  const [, year = "", month = "", day = "", hour = "00", minute = "00", second = "00", fraction = "", zone] = parts;
  if (!isRealDay(year, month, day) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return `${year}-${month}-${day} ${hour}:${minute}:${second}${fraction.slice(0, 7)}${toZone(zone, timezone)}`;
}

const toZone = (zone: string | undefined, timezone: string) => {
  if (zone === undefined) return timezone === "UTC" ? "+00" : ` ${timezone}`;
  return zone.toUpperCase() === "Z" ? "+00" : zone;
};

function isRealDay(year: string, month: string, day: string): boolean {
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return Number(year) > 0 && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}
