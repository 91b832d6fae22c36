/** The limits of messages. Each is a setting. */
export interface FirewallLimits {
  /** ISO 3166-1 alpha-2. Numbers of other countries are sent nothing. */
  readonly countries: readonly string[];
  /** Messages to phone numbers that may be handed over in a day, whoever proves what: what fraud can cost at most. */
  readonly perDay: number;
  /** Messages in a day that a launch may have besides, in every country together. */
  readonly launchBudget: number;
  /** Asks for a number in a day. */
  readonly number: number;
  /** Asks for a number by one network in a day. */
  readonly numberByNetwork: number;
  /** Asks for a number in a day that are kept for networks which have not asked for it. */
  readonly numberForNewNetworks: number;
  /** Messages for a number in a day to devices that have signed in to it. */
  readonly numberByKnownDevice: number;
  /** Asks by a network in an hour that were not proved. */
  readonly networkPerHour: number;
  readonly prefixPerHour: number;
  readonly prefixPerDay: number;
  /** Asks for a prefix by one network in a day that were not proved. */
  readonly prefixByNetwork: number;
  readonly countryPerHour: number;
  readonly countryPerDay: number;
  /** What of the numbers that were proved may be asked for besides and not proved. */
  readonly shareOfProved: number;
  /** What of a country's budget is kept for ranges whose numbers are proved. */
  readonly shareForEarnedRanges: number;
  /** Messages in a day that a range in which any number was proved may have at least and not prove. */
  readonly freePerRange: number;
  /** What of a country's day one network may have and not prove. */
  readonly shareForOneNetwork: number;
  /** What of each shared budget strangers do not have. Of the prefix, the day and the day's e-mails it is kept for known devices. */
  readonly shareForKnownDevices: number;
  /** Messages to an e-mail address in an hour; to known devices as many besides. */
  readonly emailAddressPerHour: number;
  /** The same in a day. */
  readonly emailAddressPerDay: number;
  /** Asks for an e-mail address by one network in a day. */
  readonly emailAddressByNetwork: number;
  /** Asks for e-mail by a network in an hour. */
  readonly emailNetworkPerHour: number;
  /** E-mail messages in a day, in all. */
  readonly emailsPerDay: number;
}

export const defaultLimits: FirewallLimits = {
  countries: [],
  perDay: 1_000,
  launchBudget: 0,
  number: 10,
  numberByNetwork: 3,
  numberForNewNetworks: 4,
  numberByKnownDevice: 5,
  networkPerHour: 10,
  prefixPerHour: 10,
  prefixPerDay: 30,
  prefixByNetwork: 4,
  countryPerHour: 5,
  countryPerDay: 20,
  shareOfProved: 0.3,
  shareForEarnedRanges: 0.3,
  freePerRange: 5,
  shareForOneNetwork: 0.3,
  shareForKnownDevices: 0.3,
  emailAddressPerHour: 5,
  emailAddressPerDay: 20,
  emailAddressByNetwork: 5,
  emailNetworkPerHour: 20,
  emailsPerDay: 10_000,
};

/** In the order in which they are looked at. */
export type PhoneRule = "kind" | "country" | "number" | "network" | "prefix" | "country_budget" | "day_budget";

/** The same for e-mail addresses. */
export type EmailRule = "email_address" | "email_network" | "email_day_budget";

export type FirewallRule = PhoneRule | EmailRule;

/** Everything that a verdict about an e-mail message depends on. */
export interface EmailCase {
  readonly isKnownDevice: boolean;
  readonly address: Count;
  readonly addressByNetwork: Count;
  readonly network: Count;
  readonly total: Count;
}

/**
 * The rule that refuses an e-mail message, or null. Known devices are held to those of their owner's address and the day's total, of which a
 * part is kept for them.
 */
export function findRefusingEmailRule(input: EmailCase, limits: FirewallLimits): EmailRule | null {
  const { address, addressByNetwork } = input;
  if (address.hour >= limits.emailAddressPerHour || address.day >= limits.emailAddressPerDay) return "email_address";
  if (addressByNetwork.day >= limits.emailAddressByNetwork) return "email_address";
  if (!input.isKnownDevice && input.network.hour >= limits.emailNetworkPerHour) return "email_network";
  if (input.total.day >= allowed(limits.emailsPerDay, input.isKnownDevice, limits)) return "email_day_budget";
  return null;
}

/** What has been counted of one key: asks or messages, and proofs. */
export interface Count {
  readonly hour: number;
  readonly day: number;
  readonly provedHour: number;
  readonly provedDay: number;
  /** Proofs of the best day of the last fourteen. */
  readonly provedBest: number;
}

export const noCount: Count = { hour: 0, day: 0, provedHour: 0, provedDay: 0, provedBest: 0 };

/** Everything that a verdict depends on. */
export interface FirewallCase {
  readonly isMobile: boolean;
  readonly country: string | null;
  readonly isKnownDevice: boolean;
  /** Asks for the number; of known devices, theirs alone. */
  readonly number: Count;
  readonly numberByNetwork: Count;
  /** Null where nothing is known of where the call comes from: it counts against all such together. */
  readonly network: Count;
  readonly prefix: Count;
  readonly prefixByNetwork: Count;
  /** Messages handed over to the range that an operator was given: the number less its last seven digits. */
  readonly range: Count;
  /** Messages handed over to the country; of known devices those alone that were proved. */
  readonly countryTotal: Count;
  readonly countryByNetwork: Count;
  readonly total: Count;
}

/** The rule that refuses a message by what was typed alone, or null. */
export function findRefusingLineRule(
  { isMobile, country }: Pick<FirewallCase, "isMobile" | "country">,
  { countries }: Pick<FirewallLimits, "countries">,
): "kind" | "country" | null {
  if (!isMobile) return "kind";
  return country === null || !countries.includes(country) ? "country" : null;
}

/**
 * The rule that refuses a message, or null. Whether anybody has the number plays no part. A proof gives back what it took of the
 * network and the country; nothing of the prefix, whose owner may prove what they like, and nothing of the day's total.
 */
export function findRefusingRule(input: FirewallCase, limits: FirewallLimits): PhoneRule | null {
  const ofLine = findRefusingLineRule(input, limits);
  if (ofLine) return ofLine;
  if (!isNumberFree(input, limits)) return "number";
  const ofProved = (proved: number) => limits.shareOfProved * proved;
  const { network, prefix, prefixByNetwork, isKnownDevice } = input;
  const isNetworkFree = network.hour - network.provedHour < limits.networkPerHour + ofProved(network.provedDay);
  if (!isKnownDevice && !isNetworkFree) return "network";
  if (prefix.hour >= allowed(limits.prefixPerHour, isKnownDevice, limits)) return "prefix";
  if (prefix.day >= allowed(limits.prefixPerDay, isKnownDevice, limits)) return "prefix";
  if (unprovedDay(prefixByNetwork) >= limits.prefixByNetwork) return "prefix";
  return findUsedUpBudget({ ...input, isKept: isKnownDevice && input.number.day < keptOfANumber }, limits);
}

/** Messages for a number in a day, a code and its resend, for which known devices may use what is kept for them of the day. */
const keptOfANumber = 2;

/** What somebody may use of a shared budget: a part is kept for people who have signed in there before. Of a budget there is, at least one. */
function allowed(
  budget: number,
  isKnownDevice: boolean,
  { shareForKnownDevices }: Pick<FirewallLimits, "shareForKnownDevices">,
): number {
  const share = isKnownDevice ? 1 : 1 - shareForKnownDevices;
  return budget > 0 ? Math.max(1, Math.floor(budget * share)) : 0;
}

/**
 * Whether a range has earned what is asked for, since people with numbers of it prove them. Fraud is paid for the numbers of one operator or
 * few, which are not those of the people who come every day.
 */
export function hasEarned(range: Count, { shareOfProved, freePerRange }: FirewallLimits): boolean {
  const proved = Math.max(range.provedDay, range.provedBest);
  return proved > 0 && unprovedDay(range) < Math.max(freePerRange, shareOfProved * proved);
}

/** The budgets of a country, of which proofs give back what they took: for ranges that have earned theirs, or for all others. */
export function countryBudgets(
  country: Count,
  limits: FirewallLimits,
  isEarned = true,
): { readonly day: number; readonly hour: number } {
  const { launchBudget } = limits;
  const share = limits.shareOfProved * (isEarned ? 1 : 1 - limits.shareForEarnedRanges);
  const day = Math.max(limits.countryPerDay, share * country.provedDay, share * country.provedBest);
  const hour = Math.max(limits.countryPerHour, day / 6, share * country.provedHour);
  return { day: day + launchBudget, hour: hour + launchBudget };
}

/** What the budgets look at that say what messages may cost. */
export interface BudgetCase extends Pick<FirewallCase, "isKnownDevice" | "range" | "countryTotal" | "total"> {
  /** Left out for a message that no network asked for. */
  readonly countryByNetwork?: Count;
  /** Whether what is kept of the day for known devices is for this message. */
  readonly isKept: boolean;
}

/**
 * The budget that is used up of those which say what messages may cost, or null. A known device is not held to the country's: whoever has made
 * theirs known could as well prove the numbers, which takes nothing of it either, and the owners of all other numbers would pay for it.
 */
export function findUsedUpBudget(input: BudgetCase, limits: FirewallLimits): "country_budget" | "day_budget" | null {
  if (!input.isKnownDevice && isCountryUsedUp(input, limits)) return "country_budget";
  return input.total.day >= allowed(limits.perDay + limits.launchBudget, input.isKept, limits) ? "day_budget" : null;
}

function isCountryUsedUp(
  { range, countryTotal, countryByNetwork = noCount }: BudgetCase,
  limits: FirewallLimits,
): boolean {
  const budgets = countryBudgets(countryTotal, limits, hasEarned(range, limits));
  const day = allowed(budgets.day, false, limits);
  const ofOneNetwork = limits.shareForOneNetwork * day + limits.shareOfProved * countryByNetwork.provedDay;
  return (
    unprovedDay(countryTotal) >= day ||
    unprovedHour(countryTotal) >= allowed(budgets.hour, false, limits) ||
    unprovedDay(countryByNetwork) >= ofOneNetwork
  );
}

const unprovedHour = ({ hour, provedHour }: Count) => hour - provedHour;
const unprovedDay = ({ day, provedDay }: Count) => day - provedDay;

function isNumberFree({ isKnownDevice, number, numberByNetwork }: FirewallCase, limits: FirewallLimits): boolean {
  if (isKnownDevice) return number.day < limits.numberByKnownDevice;
  if (number.day >= limits.number || numberByNetwork.day >= limits.numberByNetwork) return false;
  return number.day < limits.number - limits.numberForNewNetworks || numberByNetwork.day === 0;
}
