import { countryBudgets, noCount } from "../../messages/firewall-rules.ts";
import { type MessageSpan, readCountries, readCounts, readHours } from "../../messages/message-counts.ts";
import { toFirewallLimits } from "../../messages/messages-option.ts";
import { countryKeys } from "../../messages/phone-line.ts";
import type { Core } from "../steps/core.ts";

/** What happened to messages in a country in the last 24 hours. */
export interface CountryMessages {
  /** ISO 3166-1 alpha-2; `email` for addresses, `none` for numbers of no country and for names that nobody has. */
  readonly country: string;
  readonly asked: number;
  /** Messages that a provider has taken. */
  readonly sent: number;
  readonly delivered: number;
  readonly failed: number;
  /** Codes that came back. */
  readonly proved: number;
  /** Messages that were refused, by the rule. */
  readonly refused: Readonly<Record<string, number>>;
  /** Messages that may still go there today; null for e-mail, which has no budget by country. */
  readonly left: number | null;
}

export interface MessageReport {
  readonly countries: readonly CountryMessages[];
  /** Messages to phone numbers that may still go out today, to all countries together. */
  readonly left: number;
}

/** What messages cost and who is refused, by country. */
export async function reportMessages({ db, options }: Core): Promise<MessageReport> {
  const { messages, phones, clock } = options;
  const limits = toFirewallLimits(messages, { defaultCountry: phones.defaultCountry, clock });
  const rows = await readCountries(db);
  const names = [...new Set([...limits.countries, ...rows.map(({ country }) => country)])].sort();
  const counts = await readCounts(db, ["total", ...names.map((name) => `country:${name}`)]);
  const countOf = (key: string) => counts.get(key) ?? noCount;
  const left = Math.max(0, limits.perDay + limits.launchBudget - countOf("total").day);
  const countries = names.map((country): CountryMessages => {
    const own = rows.filter((row) => row.country === country);
    const count = (what: string) => own.find((row) => row.what === what)?.count ?? 0;
    const refused = own.flatMap(({ what, count: times }) =>
      what.startsWith("refused:") ? [[what.slice(8), times]] : [],
    );
    const { day, provedDay } = countOf(`country:${country}`);
    const budget = limits.countries.includes(country) ? countryBudgets(countOf(`country:${country}`), limits).day : 0;
    return {
      country,
      asked: count("asked"),
      sent: count("sent"),
      delivered: count("delivered"),
      failed: count("failed"),
      proved: count("proved"),
      refused: Object.fromEntries(refused) as Record<string, number>,
      left: country === "email" ? null : Math.max(0, Math.min(left, Math.floor(budget) - (day - provedDay))),
    };
  });
  return { countries, left };
}

export interface MessageHistory {
  /** When it was looked at, by the clock of the counts. */
  readonly at: Date;
  /** What became of messages in each of the last 14 times 24 hours; an hour of which there is nothing is not there. */
  readonly hours: readonly MessageSpan[];
}

/** For how long counts are looked at; they are kept a day longer. */
const historyHours = 14 * 24;

/**
 * What became of messages by the hour.
 *
 * @param country as in a report; all countries together without it
 */
export async function readMessageHistory(
  { db, options: { clock } }: Core,
  { country }: { readonly country?: string | undefined } = {},
): Promise<MessageHistory> {
  const keys = country === undefined ? countryKeys : countryKeys.filter((key) => key === `country:${country}`);
  return { at: clock.now(), hours: await readHours(db, { keys, hours: historyHours }) };
}
