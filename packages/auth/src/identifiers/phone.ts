import {
  type CountryCode,
  isSupportedCountry,
  type PhoneNumber as NumberingPlanEntry,
  type NumberType,
  parsePhoneNumberFromString,
} from "libphonenumber-js/max";
import { toAsciiDigits } from "./digits.ts";
import { type PhoneNumber, phonePattern } from "./grammar.ts";
import { type InputText, readInput } from "./input-text.ts";

export type { CountryCode };

export interface PhoneOptions {
  /** ISO 3166-1 alpha-2. Numbers in national form are read as this country's; without it, only `+…` is a phone number. */
  readonly defaultCountry?: CountryCode | undefined;
}

/** A phone number to be stored, or why not, fit for the person. */
export type PhoneResult =
  | { readonly ok: true; readonly phoneNumber: PhoneNumber }
  | { readonly ok: false; readonly reason: string };

/** What people put between digits, and the invisible direction marks that address books copy along. */
const separators = /[\s()./\-\u2010-\u2015\u2212\p{Bidi_Control}]/gu;
const dialable = /^\+?[0-9]{2,20}$/;
const e164 = new RegExp(phonePattern);

/** A person's own line. Calls to the others cost the caller extra or end at a company. */
const personalTypes: ReadonlySet<NumberType> = new Set(["MOBILE", "FIXED_LINE", "FIXED_LINE_OR_MOBILE", "VOIP"]);

/** Whether the string is a phone number in E.164 already. */
export function isPhoneNumber(value: string): value is PhoneNumber {
  return e164.test(value);
}

/** Whether the string is a country that {@link PhoneOptions.defaultCountry} takes. */
export function isCountryCode(value: string): value is CountryCode {
  return isSupportedCountry(value);
}

/**
 * The E.164 form of what may be someone's phone number, for signing in. Looser than {@link parsePhone}: numbering plans
 * change, and a number in use must not stop working because our copy of them is old or new. So the length must be possible,
 * and a number in international form is taken at its word if even that is unknown.
 */
export function findPhoneNumber(text: InputText, options: PhoneOptions): PhoneNumber | null {
  const dialled = toAsciiDigits(text).replace(separators, "");
  if (!dialable.test(dialled)) return null;
  const value = readDialled(dialled, options) ?? dialled;
  return isPhoneNumber(value) ? value : null;
}

/** Null also when the number would be read as yet another one next time: one number, one spelling. */
function readDialled(dialled: string, options: PhoneOptions): string | null {
  const found = lookUp(dialled, options);
  if (!found?.isPossible()) return null;
  return lookUp(found.number, {})?.number === found.number ? found.number : null;
}

/** `extract: false`, as the library would otherwise find a number inside other text. */
function lookUp(dialled: string, { defaultCountry }: PhoneOptions): NumberingPlanEntry | undefined {
  return parsePhoneNumberFromString(dialled, defaultCountry ? { defaultCountry, extract: false } : { extract: false });
}

/**
 * Parses a phone number to be stored, in any usual spelling: separators, the digits of any script, the trunk zero, the default
 * country's own international prefix. Letters, extensions and `tel:` are refused, and so is every number that is not a person's
 * own: premium, shared-cost, toll-free, pagers, companies' access numbers, voicemail.
 *
 * @example
 * parsePhone("0532 123 45 67", { defaultCountry: "TR" }); // { ok: true, phoneNumber: "+905321234567" }
 */
export function parsePhone(input: string, options: PhoneOptions): PhoneResult {
  const text = readInput(input);
  const phoneNumber = text && findPhoneNumber(text, options);
  if (!phoneNumber) return { ok: false, reason: spellingReason(text, options) };
  const entry = lookUp(phoneNumber, {});
  if (!entry?.isValid()) return { ok: false, reason: "There is no such phone number" };
  if (!personalTypes.has(entry.getType())) return { ok: false, reason: "A phone number must be a person's own line" };
  return { ok: true, phoneNumber };
}

function spellingReason(text: InputText | null, { defaultCountry }: PhoneOptions): string {
  if (text && /\p{L}|[#*;,]/u.test(text)) return "A phone number has digits only, without letters or an extension";
  if (!text?.includes("+") && !defaultCountry) return "A phone number starts with + and the country code";
  return "There is no such phone number";
}
