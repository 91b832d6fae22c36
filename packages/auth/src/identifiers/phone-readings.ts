import {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  Metadata,
  type PhoneNumber as NumberingPlanEntry,
  parsePhoneNumberFromString,
} from "libphonenumber-js/max";
import { type PhoneNumber, phonePattern } from "./grammar.ts";
import { formerTrunkPrefixes, toPresentForm } from "./numbering-plans.ts";

const e164 = new RegExp(phonePattern);

/** Whether the string is a phone number in E.164 already. */
export function isPhoneNumber(value: string): value is PhoneNumber {
  return e164.test(value);
}

interface LookedUp {
  readonly entry: NumberingPlanEntry | undefined;
  /** Absent until somebody asks: half of all that is looked up is not. */
  isValid?: boolean;
}

/** What was looked up last: to read one number, the same few are looked up again and again. */
const lookedUp = new Map<string, LookedUp>();
const mostLookedUp = 32;

/** What the numbering plans say of a number. */
export function lookUp(dialled: string, defaultCountry?: CountryCode): NumberingPlanEntry | undefined {
  return find(dialled, defaultCountry).entry;
}

/** Whether the numbering plans have the number, in the form in which they write it. */
export function isValid(number: PhoneNumber): boolean {
  const found = find(number);
  found.isValid ??= found.entry?.isValid() ?? false;
  return found.isValid;
}

const digitsOnly = /^\+?[0-9]+$/;

function find(dialled: string, defaultCountry?: CountryCode): LookedUp {
  const key = defaultCountry ? defaultCountry + dialled : dialled;
  const known = lookedUp.get(key);
  if (known) return known;
  const found = { entry: parse(dialled, defaultCountry) };
  if (lookedUp.size >= mostLookedUp) lookedUp.clear();
  lookedUp.set(key, found);
  return found;
}

/** The library copies its options each time, which takes as long as a third of its reading; it would find a number inside other text. */
function parse(dialled: string, defaultCountry: CountryCode | undefined): NumberingPlanEntry | undefined {
  if (!digitsOnly.test(dialled)) return undefined;
  return defaultCountry ? parsePhoneNumberFromString(dialled, { defaultCountry }) : parsePhoneNumberFromString(dialled);
}

/** What dialled digits mean: one number, several, or none. */
export type Reading = { readonly number: PhoneNumber } | "ambiguous" | "none";

/**
 * Reads digits, with a plus sign in front or not. Dialling rules are not identity: a country's prefix for calls abroad, its trunk
 * prefix, a carrier's prefix and a country code without its plus sign can each make another number of the same digits. So all of
 * these readings are made, and where two of them are somebody's number, none is chosen.
 */
export function readDialled(dialled: string, defaultCountry: CountryCode | undefined): Reading {
  if (dialled.startsWith("+")) return readInternational(dialled);
  if (!defaultCountry) return "none";
  const code = `+${getCountryCallingCode(defaultCountry)}`;
  const callsAbroad = readingsOfCallsAbroad(dialled, defaultCountry);
  const abroad = readEach(callsAbroad);
  // No country's own numbers begin with two zeros.
  const isFromAbroad = dialled.startsWith("00") && abroad.length > 0;
  const isPlain = callsAbroad.length === 0;
  const national = isFromAbroad ? [] : readEach(nationalReadings(dialled, defaultCountry, isPlain), defaultCountry);
  // Behind `00` the country's own code is hardly ever a part of a prefix, even where the plans do not know the number behind it.
  const likely = abroad.filter((number) => isValid(number) || number.startsWith(code));
  const certain = [...likely, ...national.filter(isValid)];
  if (certain.length > 0) return choose(certain);
  return choose([...abroad, ...national]);
}

/** A number with its plus sign is taken at its word, even where our copy of the numbering plans does not know it. */
function readInternational(dialled: string): Reading {
  const [read] = readEach([dialled]);
  if (read) return { number: read };
  return isPhoneNumber(dialled) ? { number: inPresentForm(dialled) } : "none";
}

function choose(numbers: readonly PhoneNumber[]): Reading {
  const [number, ...others] = new Set(numbers);
  if (!number) return "none";
  return others.length === 0 ? { number } : "ambiguous";
}

/** The numbers that are possible by their length, each once, in the form that the numbering plan gives them now. */
function readEach(candidates: readonly string[], defaultCountry?: CountryCode): PhoneNumber[] {
  const numbers = candidates.map((candidate) => readOne(candidate, defaultCountry)).filter((number) => number !== null);
  return [...new Set(numbers)];
}

function readOne(candidate: string, defaultCountry?: CountryCode): PhoneNumber | null {
  if (isPhoneNumber(candidate)) {
    const present = inPresentForm(candidate);
    if (present !== candidate) return present;
  }
  const found = lookUp(candidate, defaultCountry);
  if (!found?.isPossible() || !isPhoneNumber(found.number)) return null;
  // What would be read as yet another number next time is none.
  return lookUp(found.number)?.number === found.number ? inPresentForm(found.number) : null;
}

const isEarlierForm = (candidate: string) => isPhoneNumber(candidate) && toPresentForm(candidate) !== candidate;

/** As the present plan writes it, unless our copy of the plans has no such number. */
function inPresentForm(number: PhoneNumber): PhoneNumber {
  const present = toPresentForm(number);
  return present !== number && isValid(present) ? present : number;
}

/**
 * As the country's own people may mean the digits: by its rules, without its trunk zero, and with its code without a plus sign. `isPlain` says that
 * they begin with no prefix for calls abroad.
 */
function nationalReadings(dialled: string, country: CountryCode, isPlain: boolean): string[] {
  const code = getCountryCallingCode(country);
  const former = formerTrunkPrefixes[country];
  const behindCode = `+${code}${dialled}`;
  // Behind a code of one country alone, the same rules are applied to the same digits.
  const isSame = isPlain && dialled.startsWith("0") && isAloneBehind(code) && !isEarlierForm(behindCode);
  return [
    dialled,
    ...(isSame ? [] : [behindCode]),
    ...(former?.test(dialled) ? [`+${code}${dialled.replace(former, "")}`] : []),
    // A carrier's prefix behind the zero may as well be the number's beginning.
    ...(dialled.startsWith("0") ? [`+${code}${dialled.slice(1)}`] : []),
    ...(dialled.startsWith(code) ? [`+${dialled}`] : []),
  ];
}

/** By the country's prefixes for calls abroad, of any length that fits, and by `00`, which people of most countries write for the plus sign. */
function readingsOfCallsAbroad(dialled: string, country: CountryCode): string[] {
  const prefixAbroad = prefixAbroadOf(country);
  const lengths = [1, 2, 3, 4, 5, 6, 7, 8].filter((length) => prefixAbroad.test(dialled.slice(0, length)));
  return lengths.map((length) => `+${dialled.slice(length)}`);
}

const countriesBehind = new Map<string, number>();

/** Whether a calling code is one country's, as +90 is and +44 is not. */
export function isAloneBehind(code: string): boolean {
  if (countriesBehind.size === 0)
    for (const country of getCountries()) {
      const own = getCountryCallingCode(country);
      countriesBehind.set(own, (countriesBehind.get(own) ?? 0) + 1);
    }
  return countriesBehind.get(code) === 1;
}

const prefixesAbroad = new Map<CountryCode, RegExp>();

function prefixAbroadOf(country: CountryCode): RegExp {
  const known = prefixesAbroad.get(country);
  if (known) return known;
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  const prefix = new RegExp(`^(?:00|${metadata.numberingPlan?.IDDPrefix() ?? "00"})$`);
  prefixesAbroad.set(country, prefix);
  return prefix;
}
