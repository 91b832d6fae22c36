import { getCountries, parsePhoneNumberFromString } from "libphonenumber-js/max";

/** What a phone number says of itself. */
export interface PhoneLine {
  readonly isMobile: boolean;
  /** ISO 3166-1 alpha-2; null for a number of no country. */
  readonly country: string | null;
}

const mobileTypes: readonly (string | undefined)[] = ["MOBILE", "FIXED_LINE_OR_MOBILE"];

export function lookUpNumber(number: string): PhoneLine {
  const parsed = parsePhoneNumberFromString(number);
  return { isMobile: mobileTypes.includes(parsed?.getType()), country: parsed?.country ?? null };
}

/** What messages to an address are counted under, for whoever looks; that feeds no limit. */
export const toCountryKey = (address: string): string =>
  `country:${address.includes("@") ? "email" : (lookUpNumber(address).country ?? "none")}`;

/** All of these keys. A database finds each by its name, and would read whatever else is counted to find them by how they begin. */
export const countryKeys: readonly string[] = [...getCountries(), "email", "none"].map((name) => `country:${name}`);
