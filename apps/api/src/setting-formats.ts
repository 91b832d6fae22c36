import { isIP } from "node:net";
import type { CountryCode } from "@latchkey/auth";
import { findSecretWeakness, isCountryCode } from "@latchkey/auth/internal";
import { z } from "zod";

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `30s`, `15m`, `12h` or `90d`, as seconds. */
export const duration = (minimum: string, maximum: string) =>
  z.string().transform((text, context) => {
    const seconds = toSeconds(text);
    if (seconds >= toSeconds(minimum) && seconds <= toSeconds(maximum)) return seconds;
    context.addIssue(`must be a time from ${minimum} to ${maximum}, written like 30s, 15m, 12h or 90d`);
    return z.NEVER;
  });

export function toSeconds(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return Number(amount) * (unitSeconds[unit ?? ""] ?? Number.NaN);
}

const isoTime = z.iso.datetime({ offset: true }).or(z.iso.date());

export const time = z.string().transform((value, context) => {
  if (isoTime.safeParse(value).success) return new Date(value);
  context.addIssue("must be a day or a time such as 2027-03-31 or 2027-03-31T00:00:00Z");
  return z.NEVER;
});

export const integer = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `must be from ${minimum} to ${maximum}`);

/** A line break that came with a secret from a file would make another secret of it, which nobody sees. */
export const isUntrimmed = (value: string) => value !== value.trim();
export const untrimmed = "begins or ends with white space or a line break: take it away";

const makeOne = `make one with: node -p 'crypto.randomBytes(32).toString("base64url")'`;

export const strongSecret = z.string().superRefine((value, context) => {
  if (isUntrimmed(value)) return context.addIssue(untrimmed);
  const weakness = findSecretWeakness(value);
  if (weakness) context.addIssue(`${weakness}; ${makeOne}`);
});

/**
 * One secret, or several with commas or line breaks between them while one takes another's place. What is a strong secret and falls into
 * weak ones is a secret with a comma in it.
 */
export const strongSecrets = z.string().transform((value, context): readonly [string, ...string[]] => {
  const refuse = (message: string) => {
    context.addIssue(message);
    return z.NEVER;
  };
  if (isUntrimmed(value)) return refuse(untrimmed);
  const [first = "", ...others] = value.split(/[,\r\n]+/).flatMap((part) => part.trim() || []);
  if (others.length > 9) return refuse("has more than ten secrets");
  if (![first, ...others].some(findSecretWeakness)) return [first, ...others];
  const weakness = findSecretWeakness(value);
  if (weakness === null && !/[\r\n]/.test(value)) return [value];
  return refuse(`${weakness ?? "has a line that is no strong secret"}; ${makeOne}`);
});

/** Words with commas between. */
export const wordList = z.string().transform((text, context) => {
  const words = text.split(",").map((word) => word.trim());
  if (words.length <= 100 && words.every((word) => word.length >= 2 && word.length <= 100)) return words;
  context.addIssue("must be at most 100 words of 2 to 100 characters with commas between");
  return z.NEVER;
});

/** Audiences with commas between, the service's own first. */
export const audienceList = z.string().transform((text, context): readonly [string, ...string[]] => {
  const [own = "", ...others] = text.split(",").map((audience) => audience.trim());
  const all = [own, ...others];
  const isFit = all.every((audience) => audience.length >= 1 && audience.length <= 255);
  if (isFit && all.length <= 20 && new Set(all).size === all.length) return [own, ...others];
  context.addIssue(
    "must be 1 to 20 different texts of 1 to 255 characters with commas between, the service's own first",
  );
  return z.NEVER;
});

export const country = z.string().transform((value, context): CountryCode => {
  const code = value.toUpperCase();
  if (isCountryCode(code)) return code;
  context.addIssue("must be a country's two letters, such as TR or US");
  return z.NEVER;
});

/** Where a server listens: a name, or an address, with or without the brackets that it has in a URL. */
export const host = z.string().transform((value, context) => {
  const bare = value.replace(/^\[(.*)\]$/, "$1");
  if (isIP(bare) || /^[^\s/:[\]]+$/.test(bare)) return bare;
  context.addIssue("must be a name or an address alone: the port is a setting of its own");
  return z.NEVER;
});
