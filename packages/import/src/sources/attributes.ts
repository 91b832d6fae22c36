import { knownFieldOf } from "../known-columns.ts";
import { readTime } from "../rules/read-values.ts";
import { toText, type Values } from "./files.ts";

/** What lets somebody in, or makes them more than others. */
const rights = ["isActive", "isStaff", "isSuperuser", "groups", "permissions"] as const;

/** What nobody may say of themselves: in other systems people write such attributes on their own. Nobody signs in there by a username among them. */
const notTheirOwn: ReadonlySet<string> = new Set([...rights, "id", "password", "username", "dateJoined", "lastLogin"]);

/**
 * Adds what a system keeps about somebody in an object of its own, each as a column by its name. A real column wins, and what would make
 * somebody more than they are stays a column that somebody has to decide about: `attributes.is_staff`.
 */
export function withAttributes(values: Values, attributes: unknown, prefix = "attributes"): Values {
  if (!isRecord(attributes)) return values;
  const taken = new Set(Object.keys(values).map((name) => knownFieldOf(name) ?? name));
  const added: Values = {};
  for (const [name, value] of Object.entries(attributes)) {
    const field = knownFieldOf(name) ?? name;
    const isSafe = !notTheirOwn.has(field) && !taken.has(field) && !Object.hasOwn(values, name);
    added[isSafe ? name : `${prefix}.${name}`] = toText(value);
  }
  return { ...added, ...values };
}

/** Columns that would give a right, in a table whose other columns people may fill on their own, are called so that somebody has to decide about them. */
export function askForRights(values: Values, prefix: string): Values {
  const isRight = (name: string) => rights.some((right) => right === knownFieldOf(name));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [isRight(name) ? `${prefix}.${name}` : name, value]),
  );
}

/** The columns that an object has: what it does not mention at all is none of them, and says nothing. */
export const present = (values: Readonly<Record<string, string | null | undefined>>): Values =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

/** A member as a text; undefined where there is none. */
export const textOf = (value: unknown): string | null | undefined => (value === undefined ? undefined : toText(value));

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Milliseconds since 1970 as a time that is read here; null for what is none. */
export function fromMilliseconds(value: unknown): string | null {
  const milliseconds = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof milliseconds !== "number" || !Number.isFinite(milliseconds)) return null;
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Of fewer digits than the milliseconds of any time at which one of these systems was there. */
const mostSeconds = 99_999_999_999;

/** Seconds or milliseconds since 1970 as a time that is read here; any other text as it is. */
export function fromEpoch(text: string | null): string | null {
  const isSeconds = text !== null && /^\d+$/.test(text) && Number(text) <= mostSeconds;
  return fromMilliseconds(isSeconds ? Number(text) * 1_000 : text) ?? text;
}

/** A time that cannot be read is none that is over. */
export function isPast(text: string): boolean {
  const time = readTime(text, "UTC")
    ?.replace(" ", "T")
    .replace(/([+-]\d\d)$/, "$1:00");
  return time !== undefined && Date.parse(time) <= Date.now();
}

/** A flag that says the contrary of ours: `disabled`, `banned`. */
export function negate(value: unknown): string | null {
  const text = toText(value)?.toLowerCase();
  if (text === undefined) return null;
  if (["true", "t", "1"].includes(text)) return "false";
  return ["false", "f", "0"].includes(text) ? "true" : text;
}

/** Who is active by a flag that says the contrary; nothing where there is no such flag. */
export function activeUnless(value: unknown): Values {
  const isActive = negate(value);
  return isActive === null ? {} : { isActive };
}
