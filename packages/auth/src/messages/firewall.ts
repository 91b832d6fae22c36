import type { Queries } from "../storage/database.ts";
import type { Ask, EmailAsk } from "./ask.ts";
import {
  createFirewallKeys,
  type EmailKeys,
  emailUsedUpBy,
  type NumberKeys,
  sharedKeysOf,
  usedUpBy,
} from "./firewall-keys.ts";
import {
  type Count,
  type FirewallLimits,
  type FirewallRule,
  findRefusingEmailRule,
  findRefusingLineRule,
  findRefusingRule,
  findUsedUpBudget,
  noCount,
} from "./firewall-rules.ts";
import { addAndReadCounts, addCounts, type CountToAdd, readCounts } from "./message-counts.ts";
import { toRefusal } from "./message-refused.ts";
import { lookUpNumber, type PhoneLine } from "./phone-line.ts";
import { createUsedUp } from "./used-up.ts";

export interface FirewallOptions {
  readonly db: Queries;
  /** Hides numbers and networks among the counts; read at each use. */
  readonly key: Uint8Array;
  readonly limits: FirewallLimits;
  /** False for senders that cost nothing: a verdict is told to `onRefusal` and refuses nothing. */
  readonly isEnforced: boolean;
  readonly onRefusal?: (rule: FirewallRule, country: string | null) => void;
}

/** Refuses messages that look like fraud, before they cost anything. */
export interface Firewall {
  /**
   * Counts an ask, and the message that goes out for it.
   *
   * @throws AuthError `invalid_input` for a kind of number or a country that is sent nothing, `rate_limited` for everything else
   */
  admit(ask: Ask): Promise<void>;
  /** The same for an e-mail address. @throws AuthError `rate_limited` */
  admitEmail(ask: EmailAsk): Promise<void>;
  /**
   * Counts one more message for a number that was let through before, as when another channel takes over. False where the budget of its
   * country or of the day is used up, but for what is kept for known devices: of those no more may go out.
   */
  admitNext(number: string): Promise<boolean>;
  /** Gives back what the message took that has just been proved, in the transaction of its effect. */
  prove(transaction: Queries, number: string, network: string | null): Promise<void>;
}

export function createFirewall(options: FirewallOptions): Firewall {
  const { db, limits, isEnforced, onRefusal = () => {} } = options;
  const usedUp = createUsedUp();
  const toKeys = createFirewallKeys(options);
  const count = (counts: readonly CountToAdd[]) => addCounts(db, counts, true);

  /** What was counted under each of some keys, without the ask itself, of which `counting` is counted before. */
  async function readOf<Keys extends NamedKeys<Keys>>(named: Keys, counting: Counting) {
    const keys = present(Object.values(named));
    const isCounted = counting !== null;
    const counts = await (isCounted ? addAndReadCounts(db, { counts: counting, keys }) : readCounts(db, keys));
    return (name: keyof Keys, hasOwn = isCounted): Count => {
      const count = counts.get(named[name] ?? "") ?? noCount;
      return hasOwn ? { ...count, hour: count.hour - 1, day: count.day - 1 } : count;
    };
  }

  async function judge(ask: Ask, { line, keys }: Looked, counting: Counting): Promise<FirewallRule | null> {
    const of = await readOf(keys, counting);
    const { isKnownDevice } = ask;
    const isHanded = counting !== null && ask.isSent;
    // Of known devices the range and the country count what is proved.
    const isInCountry = isHanded && !isKnownDevice;
    return findRefusingRule(
      {
        ...line,
        isKnownDevice,
        number: of("number"),
        numberByNetwork: of("numberByNetwork"),
        network: of("network"),
        prefix: of("prefix"),
        prefixByNetwork: of("prefixByNetwork"),
        range: of("range", isInCountry),
        countryTotal: of("country", isInCountry),
        countryByNetwork: of("countryByNetwork", isHanded),
        total: of("total", isHanded),
      },
      limits,
    );
  }

  /** Whether what has been counted refuses an e-mail. */
  async function judgeEmail({ isKnownDevice, isSent }: EmailAsk, keys: EmailKeys, counting: Counting) {
    const of = await readOf(keys, counting);
    const total = of("total", counting !== null && isSent);
    const [address, addressByNetwork, network] = [of("address"), of("addressByNetwork"), of("network")];
    return findRefusingEmailRule({ isKnownDevice, address, addressByNetwork, network, total }, limits);
  }

  /**
   * Counts an ask, in one statement where no rule refuses it, and answers the rule that does. What is refused takes nothing.
   */
  async function decide({ country, ofLine = null, keys, asked, taken, refusedBy, usedUpKeys, judge }: Case) {
    // What was used up a moment ago is refused by a read, which takes no lock.
    const before = ofLine ?? (usedUp.hasAny(present(keys)) ? await judge(null) : null);
    // Counted first, so that of many at one moment none misses the others.
    const rule = before ?? (await judge([...asked, ...taken]));
    if (rule === null) return null;
    if (before) await count([...asked, ...refusedBy(rule), ...(isEnforced ? [] : taken)]);
    else {
      usedUp.add(present(usedUpKeys(rule)));
      await count([...refusedBy(rule), ...(isEnforced ? takeBack(taken) : [])]);
    }
    onRefusal(rule, country);
    return isEnforced ? rule : null;
  }

  return {
    async admit(ask) {
      const line = ask.isDecoy ? { isMobile: true, country: limits.countries[0] ?? null } : lookUpNumber(ask.number);
      const { country } = line;
      const keys = toKeys.ofNumber(ask, country);
      const { number, numberByNetwork, network, prefix, prefixByNetwork } = keys;
      const asked = toAdd(present([number, numberByNetwork, network, prefix, prefixByNetwork]), "counted");
      const sent = ask.isKnownDevice
        ? toAdd([keys.total], "counted")
        : toAdd(present([keys.countryByNetwork, keys.range, keys.country, keys.total]), "counted");
      const rule = await decide({
        country,
        ofLine: findRefusingLineRule(line, limits),
        keys: Object.values(keys),
        asked: toAdd([keys.country], "asked", { isSpread: true }),
        taken: [...asked, ...(ask.isSent ? sent : [])],
        refusedBy: (rule) => refusedIn(country ?? "none", rule),
        usedUpKeys: (rule) => usedUpBy(rule, keys),
        judge: (counting) => judge(ask, { line, keys }, counting),
      });
      if (rule) throw toRefusal(rule, country);
    },

    async admitEmail(ask) {
      const keys = toKeys.ofEmail(ask);
      const { address, addressByNetwork, network, total } = keys;
      const rule = await decide({
        country: null,
        keys: Object.values(keys),
        asked: toAdd(["country:email"], "asked", { isSpread: true }),
        taken: toAdd(present([address, addressByNetwork, network, ask.isSent ? total : null]), "counted"),
        refusedBy: (rule) => refusedIn("email", rule),
        usedUpKeys: (rule) => emailUsedUpBy(rule, keys),
        judge: (counting) => judgeEmail(ask, keys, counting),
      });
      if (rule) throw toRefusal(rule, null);
    },

    async admitNext(number) {
      const { country } = lookUpNumber(number);
      const keys = sharedKeysOf(number, country);
      // Nobody notes with a message who asked for it: what is kept for known devices is left to them.
      const whose = { isKnownDevice: false, isKept: false };
      const rule = await decide({
        country,
        keys: Object.values(keys),
        asked: [],
        taken: toAdd(Object.values(keys), "counted"),
        refusedBy: (rule) => refusedIn(country ?? "none", rule),
        usedUpKeys: (rule) => [rule === "day_budget" ? keys.total : keys.country],
        async judge(counting) {
          const of = await readOf(keys, counting);
          return findUsedUpBudget(
            { ...whose, range: of("range"), countryTotal: of("country"), total: of("total") },
            limits,
          );
        },
      });
      return rule === null;
    },

    async prove(transaction, number, network) {
      const { country } = lookUpNumber(number);
      const keys = toKeys.ofNumber({ number, network, isKnownDevice: false }, country);
      const { network: byNetwork, prefixByNetwork, countryByNetwork } = keys;
      const known = toKeys.ofKnownDevices(number);
      const isOfKnownDevice = await hasUnproved(transaction, known);
      const proved = (isOfKnownDevice ? ["counted", "proved"] : ["proved"]).flatMap((what) => [
        ...toAdd(present([byNetwork, prefixByNetwork, countryByNetwork]), what),
        ...toAdd([keys.range, keys.country], what, { isSpread: true }),
      ]);
      await addCounts(transaction, [...(isOfKnownDevice ? toAdd([known], "proved") : []), ...proved]);
    },
  };
}

/**
 * Of a number's proofs those of known devices come first: in the country their messages are counted when they are proved, so that none of
 * them gives back what it did not take.
 */
async function hasUnproved(transaction: Queries, knownDevices: string): Promise<boolean> {
  const { day, provedDay } = (await readCounts(transaction, [knownDevices])).get(knownDevices) ?? noCount;
  return day > provedDay;
}

type NamedKeys<Keys> = { readonly [Name in keyof Keys]: string | null };

/** What an ask is about, found once for all that is asked of it. */
interface Looked {
  readonly line: PhoneLine;
  readonly keys: NumberKeys;
}

/** One ask, and what it is counted in. */
interface Case {
  readonly country: string | null;
  /** The rule that what was typed breaks by itself. */
  readonly ofLine?: FirewallRule | null;
  readonly keys: readonly (string | null)[];
  readonly asked: readonly CountToAdd[];
  readonly taken: readonly CountToAdd[];
  readonly refusedBy: (rule: FirewallRule) => readonly CountToAdd[];
  /** What is used up where a rule refuses it. */
  readonly usedUpKeys: (rule: FirewallRule) => readonly (string | null)[];
  readonly judge: (counting: Counting) => Promise<FirewallRule | null>;
}

/** What is counted in the statement that reads; null where nothing is. */
type Counting = readonly CountToAdd[] | null;

const refusedIn = (place: string, rule: FirewallRule) =>
  toAdd([`country:${place}`], `refused:${rule}`, { isSpread: true });
const present = (keys: readonly (string | null)[]) => keys.filter((key) => key !== null);
const toAdd = (keys: readonly string[], what: string, { isSpread = false } = {}): CountToAdd[] =>
  keys.map((key) => ({ key, what, isSpread }));
const takeBack = (counts: readonly CountToAdd[]): CountToAdd[] => counts.map((one) => ({ ...one, by: -1 }));
