import { type CountryCode, isSupportedCountry, type NumberType } from "libphonenumber-js/max";
import type { InputIssueCode } from "../errors.ts";
import { toAsciiDigits } from "./digits.ts";
import type { PhoneNumber } from "./grammar.ts";
import { type InputText, readInput } from "./input-text.ts";
import { earlierFormsOf, toPresentForm } from "./numbering-plans.ts";
import { isPhoneNumber, isValid, lookUp, type Reading, readDialled } from "./phone-readings.ts";

export type { CountryCode };
export { earlierFormsOf, isPhoneNumber };

export interface PhoneOptions {
  /** ISO 3166-1 alpha-2. Numbers in national form are read as this country's; without it, only `+…` is a phone number. */
  readonly defaultCountry?: CountryCode | undefined;
}

/** A phone number to be stored, or why not, fit for the person. */
export type PhoneResult = { readonly ok: true; readonly phoneNumber: PhoneNumber } | PhoneRejection;

export interface PhoneRejection {
  readonly ok: false;
  readonly code: InputIssueCode;
  readonly reason: string;
}

/**
 * What people and their keyboards put between digits: dashes and brackets of every script, the long dash and the wave of a Japanese
 * keyboard among them, a middle dot; and what cannot be seen and comes along when a number is copied.
 */
const separators = /[\s.\/~\u00b7\u02d7\u2043\u2053\u2212\u223c\u30fb\u30fc\p{Pd}\p{Ps}\p{Pe}[\p{DI}--\p{L}]]/gv;
/** RFC 3966, without parameters: a `;` is none of the characters of a number. */
const telScheme = /^tel:/i;
const dialable = /^\+?[0-9]{2,20}$/;

/** A person's own line. Calls to the others cost the caller extra or end at a company. */
const personalTypes: ReadonlySet<NumberType> = new Set(["MOBILE", "FIXED_LINE", "FIXED_LINE_OR_MOBILE", "VOIP"]);

/** Whether the string is a country that {@link PhoneOptions.defaultCountry} takes. */
export function isCountryCode(value: string): value is CountryCode {
  return isSupportedCountry(value);
}

/** The digits of what is written like a phone number, with a plus sign in front or not. Null for everything else. */
function toDialled(text: InputText): string | null {
  const dialled = toAsciiDigits(text).replace(separators, "").replace(telScheme, "");
  return dialable.test(dialled) ? dialled : null;
}

function read(text: InputText, { defaultCountry }: PhoneOptions): Reading {
  const dialled = toDialled(text);
  return dialled === null ? "none" : readDialled(dialled, defaultCountry);
}

/**
 * The E.164 form of what may be someone's phone number, for signing in. Looser than {@link parsePhone}: numbering plans
 * change, and a number in use must not stop working because our copy of them is old or new. So the length must be possible,
 * and a number in international form is taken at its word if even that is unknown. Null also for what {@link isAmbiguousPhone}.
 */
export function findPhoneNumber(text: InputText, options: PhoneOptions): PhoneNumber | null {
  const reading = read(text, options);
  return typeof reading === "string" ? null : reading.number;
}

/** Why digits that can be read as two numbers are refused, fit for the person. */
export const ambiguousPhoneReason =
  "This can be read as more than one phone number: write it with + and the country code";

/**
 * Whether an input is digits that can be read as more than one phone number, of which none is chosen: with the default country DE
 * `49 151 23456789` is a mobile number with its country code, and a fixed line without its trunk zero.
 */
export function isAmbiguousPhone(input: string, options: PhoneOptions): boolean {
  const text = readInput(input);
  return text !== null && read(text, options) === "ambiguous";
}

/**
 * The forms in which a number may be stored: its present one, and those of numbering plans that have changed since. `written` is put
 * first where it is one of them, because in two accounts of one line it names its own.
 */
export function storedFormsOf(number: PhoneNumber, written: string): readonly PhoneNumber[] {
  const text = readInput(written);
  const dialled = text && toDialled(text);
  const forms = [number, ...earlierFormsOf(number)];
  return forms.sort((a, b) => Number(b === dialled) - Number(a === dialled));
}

/**
 * Parses a phone number to be stored, in any usual spelling: separators, the digits of any script, the trunk zero, the default
 * country's own international prefix, `tel:`. Letters and extensions are refused, digits that can be read as two numbers, and every
 * number that is not a person's own: premium, shared-cost, toll-free, pagers, companies' access numbers, voicemail.
 *
 * @example
 * parsePhone("0532 123 45 67", { defaultCountry: "TR" }); // { ok: true, phoneNumber: "+905321234567" }
 */
export function parsePhone(input: string, options: PhoneOptions): PhoneResult {
  const text = readInput(input);
  const reading = text === null ? "none" : read(text, options);
  if (reading === "ambiguous") return reject("ambiguous", ambiguousPhoneReason);
  if (reading === "none") return judgeSpelling(text, options);
  const phoneNumber = reading.number;
  if (!isValid(phoneNumber)) return noSuchNumber;
  if (!personalTypes.has(lookUp(phoneNumber)?.getType()))
    return reject("not_personal", "A phone number must be a person's own line");
  return { ok: true, phoneNumber };
}

const reject = (code: InputIssueCode, reason: string): PhoneRejection => ({ ok: false, code, reason });
const noSuchNumber = reject("no_such_number", "There is no such phone number");

function judgeSpelling(text: InputText | null, { defaultCountry }: PhoneOptions): PhoneRejection {
  if (text && /\p{L}|[#*;,]/u.test(text.replace(telScheme, "")))
    return reject("invalid_characters", "A phone number has digits only, without letters or an extension");
  if (text?.includes("+") || defaultCountry) return noSuchNumber;
  return reject("country_code_missing", "A phone number starts with + and the country code");
}

/** What is to be said of a number that is stored, or null. */
export type PhoneDoubt =
  | { readonly kind: "earlier_form"; readonly present: PhoneNumber }
  | { readonly kind: "misread"; readonly meant: PhoneNumber }
  | { readonly kind: "invalid" };

/**
 * Looks a stored number over: whether its plan writes it differently now, whether there is such a number still, and whether it may be a
 * mobile number whose country code was once read as its beginning, as `+49 49151…` is.
 */
export function doubtPhone(number: PhoneNumber): PhoneDoubt | null {
  const present = toPresentForm(number);
  if (present !== number && isValid(present)) return { kind: "earlier_form", present };
  const entry = lookUp(number);
  if (!entry?.isValid()) return { kind: "invalid" };
  const meant = `+${entry.nationalNumber}`;
  const isCodeTwice = entry.nationalNumber.startsWith(entry.countryCallingCode) && entry.getType() !== "MOBILE";
  if (!isCodeTwice || !isPhoneNumber(meant)) return null;
  const other = lookUp(meant);
  return other?.isValid() && other.getType() === "MOBILE" ? { kind: "misread", meant } : null;
}
