import { getCountries, parsePhoneNumberFromString } from "libphonenumber-js/max";
import { AuthError } from "../errors.ts";
import { hmacSha256 } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";
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
import { addCounts, type CountToAdd, readCounts } from "./message-counts.ts";
import { createUsedUp } from "./used-up.ts";

/** Somebody who asks for a message. */
interface AnyAsk {
  /** Where they call from, as limits count it; null when nothing is known of it. */
  readonly network: string | null;
  readonly isKnownDevice: boolean;
  /** Whether a message goes out if nothing refuses it. The verdict is the same without. */
  readonly isSent: boolean;
}

/** Somebody who asks for a message to a phone number. */
export interface Ask extends AnyAsk {
  /** E.164; of a decoy, whatever was typed. */
  readonly number: string;
  /** Whether it stands for the number of an account that is not there: counted like any other, and sent nothing. */
  readonly isDecoy?: boolean;
}

/** Somebody who asks for a message to an e-mail address. */
export interface EmailAsk extends AnyAsk {
  /** Canonical; of a decoy, whatever was typed. */
  readonly address: string;
}

/** By which rule a message was refused: the cause of the refusal that its asker is told. */
export class MessageRefused extends Error {
  override readonly name = "MessageRefused";
  readonly rule: FirewallRule;
  /** ISO 3166-1 alpha-2; null for e-mail, and for a number of no country. */
  readonly country: string | null;

  constructor(rule: FirewallRule, country: string | null) {
    super(`A message was refused by the rule ${rule}`);
    this.rule = rule;
    this.country = country;
  }
}

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
  const hide = (...parts: readonly string[]) => hmacSha256(options.key, parts.join("\0")).toString("base64url");

  /** What an ask is about, found once for all that is asked of it. */
  interface Looked {
    readonly line: Line;
    readonly keys: ReturnType<typeof keysOf>;
  }

  function keysOf({ number, network, isKnownDevice, isDecoy }: Omit<Ask, "isSent">, country: string | null) {
    // Callers of whom nothing is known are not one caller.
    const byNetwork = network === null || isKnownDevice ? null : network;
    return {
      number: isKnownDevice ? hide("known-device", number) : hide("number", number),
      numberByNetwork: byNetwork === null ? null : hide("number-by-network", number, byNetwork),
      network: byNetwork === null ? null : hide("network", byNetwork),
      // Of a decoy all of it, so that two do not share what no two people share.
      prefix: isDecoy ? hide("prefix-of-decoy", number) : hide("prefix", number.slice(0, -4)),
      prefixByNetwork: byNetwork === null || isDecoy ? null : hide("prefix-by-network", number.slice(0, -4), byNetwork),
      countryByNetwork: byNetwork === null ? null : hide("country-by-network", country ?? "none", byNetwork),
      ...sharedKeysOf(number, isDecoy ? null : country),
    };
  }

  async function judge(ask: Ask, { line, keys }: Looked, isCounted: boolean): Promise<FirewallRule | null> {
    const counts = await readCounts(db, present(Object.values(keys)));
    const of = (name: keyof typeof keys, isOwn = isCounted): Count => {
      const count = counts.get(keys[name] ?? "") ?? noCount;
      return isOwn ? { ...count, hour: count.hour - 1, day: count.day - 1 } : count;
    };
    const isHanded = isCounted && ask.isSent;
    const { isKnownDevice } = ask;
    return findRefusingRule(
      {
        ...line,
        isKnownDevice,
        number: of("number"),
        numberByNetwork: of("numberByNetwork"),
        network: of("network"),
        prefix: of("prefix"),
        prefixByNetwork: of("prefixByNetwork"),
        range: of("range", isHanded),
        countryTotal: of("country", isHanded),
        countryByNetwork: of("countryByNetwork", isHanded),
        total: of("total", isHanded),
      },
      limits,
    );
  }

  const count = (counts: readonly CountToAdd[]) => addCounts(db, counts, true);

  const refused = (rule: FirewallRule, country: string | null) =>
    toAdd([`country:${country ?? "none"}`], `refused:${rule}`, { isShared: true });

  function refuse(rule: FirewallRule, country: string | null): void {
    onRefusal(rule, country);
    if (!isEnforced) return;
    if (rule === "kind" || rule === "country") {
      const message = rule === "kind" ? "Messages go to mobile numbers only" : "No messages go to this country";
      const issues = [{ path: ["to"], code: "invalid_value" as const, message }];
      throw new AuthError("invalid_input", message, { issues, cause: new MessageRefused(rule, country) });
    }
    throw tooMany(rule, country);
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
    readonly keysOf: (rule: FirewallRule) => readonly (string | null)[];
    readonly judge: (isCounted: boolean) => Promise<FirewallRule | null>;
  }

  /** Counts an ask and refuses it, in two statements. What is refused takes nothing. */
  async function decide({ country, ofLine = null, keys, asked, taken, refusedBy, keysOf, judge }: Case): Promise<void> {
    // What was used up a moment ago is refused by a read, which takes no lock.
    const before = ofLine ?? (usedUp.hasAny(present(keys)) ? await judge(false) : null);
    await count([...asked, ...(before ? refusedBy(before) : []), ...(before && isEnforced ? [] : taken)]);
    if (before) return refuse(before, country);
    // Counted first, so that of many at one moment none misses the others.
    const after = await judge(true);
    if (after === null) return;
    usedUp.add(present(keysOf(after)));
    await count([...refusedBy(after), ...(isEnforced ? takeBack(taken) : [])]);
    refuse(after, country);
  }

  /**
   * Of a number's proofs those of known devices come first: in the country their messages are counted when they are proved, so that none of
   * them gives back what it did not take.
   */
  async function hasUnproved(transaction: Queries, knownDevices: string): Promise<boolean> {
    const { day, provedDay } = (await readCounts(transaction, [knownDevices])).get(knownDevices) ?? noCount;
    return day > provedDay;
  }

  function keysOfEmail({ address, network, isKnownDevice }: EmailAsk) {
    const byNetwork = isKnownDevice ? null : network;
    const mailbox = toMailbox(address);
    return {
      address: hide(isKnownDevice ? "known-device-email" : "email", mailbox),
      addressByNetwork: byNetwork === null ? null : hide("email-by-network", mailbox, byNetwork),
      network: byNetwork === null ? null : hide("email-network", byNetwork),
      total: "email-total",
    };
  }

  /** Whether what has been counted refuses an e-mail. */
  async function judgeEmail(
    { isKnownDevice, isSent }: EmailAsk,
    keys: ReturnType<typeof keysOfEmail>,
    isCounted: boolean,
  ): Promise<FirewallRule | null> {
    const counts = await readCounts(db, present(Object.values(keys)));
    const of = (name: keyof typeof keys, isOwn = isCounted): Count => {
      const count = counts.get(keys[name] ?? "") ?? noCount;
      return isOwn ? { ...count, hour: count.hour - 1, day: count.day - 1 } : count;
    };
    const total = of("total", isCounted && isSent);
    const [address, addressByNetwork, network] = [of("address"), of("addressByNetwork"), of("network")];
    return findRefusingEmailRule({ isKnownDevice, address, addressByNetwork, network, total }, limits);
  }

  return {
    async admit(ask) {
      const line = ask.isDecoy ? { isMobile: true, country: limits.countries[0] ?? null } : lookUpNumber(ask.number);
      const { country } = line;
      const keys = keysOf(ask, country);
      const { number, numberByNetwork, network, prefix, prefixByNetwork } = keys;
      const asked = toAdd(present([number, numberByNetwork, network, prefix, prefixByNetwork]), "counted");
      const sent = ask.isKnownDevice
        ? toAdd([keys.total], "counted", { isShared: true })
        : [
            ...toAdd(present([keys.countryByNetwork]), "counted"),
            ...toAdd([keys.range, keys.country, keys.total], "counted", { isShared: true }),
          ];
      await decide({
        country,
        ofLine: findRefusingLineRule(line, limits),
        keys: Object.values(keys),
        asked: toAdd([keys.country], "asked", { isShared: true }),
        taken: [...asked, ...(ask.isSent ? sent : [])],
        refusedBy: (rule) => refused(rule, country),
        keysOf: (rule) => keyNamesOf(rule).map((name) => keys[name]),
        judge: (isCounted) => judge(ask, { line, keys }, isCounted),
      });
    },

    async admitEmail(ask) {
      const keys = keysOfEmail(ask);
      const own = toAdd(present([keys.address, keys.addressByNetwork, keys.network]), "counted");
      const shared = toAdd(ask.isSent ? [keys.total] : [], "counted", { isShared: true });
      await decide({
        country: null,
        keys: Object.values(keys),
        asked: toAdd(["country:email"], "asked", { isShared: true }),
        taken: [...own, ...shared],
        refusedBy: (rule) => toAdd(["country:email"], `refused:${rule}`, { isShared: true }),
        keysOf: (rule) => emailKeyNamesOf(rule).map((name) => keys[name]),
        judge: (isCounted) => judgeEmail(ask, keys, isCounted),
      });
    },

    async admitNext(number) {
      const { country } = lookUpNumber(number);
      const keys = sharedKeysOf(number, country);
      const shared = toAdd(Object.values(keys), "counted", { isShared: true });
      // Nobody notes with a message who asked for it: what is kept for known devices is left to them.
      const isKnownDevice = false;
      const findRule = async (own: 0 | 1) => {
        const counts = await readCounts(db, Object.values(keys));
        const of = (name: keyof typeof keys): Count => {
          const count = counts.get(keys[name]) ?? noCount;
          return { ...count, hour: count.hour - own, day: count.day - own };
        };
        const counted = { range: of("range"), countryTotal: of("country"), total: of("total") };
        return findUsedUpBudget({ ...counted, isKnownDevice, isKept: false }, limits);
      };
      const before = await findRule(0);
      await count(before && isEnforced ? [] : shared);
      // Of many at one moment, none saw the others before.
      const rule = before ?? (await findRule(1));
      if (rule === null) return true;
      onRefusal(rule, country);
      await count([...refused(rule, country), ...(before === null && isEnforced ? takeBack(shared) : [])]);
      return !isEnforced;
    },

    async prove(transaction, number, network) {
      const { country } = lookUpNumber(number);
      const keys = keysOf({ number, network, isKnownDevice: false }, country);
      const { network: byNetwork, prefixByNetwork, countryByNetwork } = keys;
      const known = hide("known-device", number);
      const isOfKnownDevice = await hasUnproved(transaction, known);
      const proved = (isOfKnownDevice ? ["counted", "proved"] : ["proved"]).flatMap((what) => [
        ...toAdd(present([byNetwork, prefixByNetwork, countryByNetwork]), what),
        ...toAdd([keys.range, keys.country], what, { isShared: true }),
      ]);
      await addCounts(transaction, [...(isOfKnownDevice ? toAdd([known], "proved") : []), ...proved]);
    },
  };
}

const tooMany = (rule: FirewallRule, country: string | null) =>
  new AuthError("rate_limited", "Too many messages: try again later", {
    retryAfter: 3_600,
    cause: new MessageRefused(rule, country),
  });

/** What the numbers of millions share is no secret. */
const sharedKeysOf = (number: string, country: string | null) => ({
  range: country === null ? "range:none" : `range:${country}:${number.slice(0, -7)}`,
  country: `country:${country ?? "none"}`,
  total: "total",
});

/** What is used up where a rule refuses an ask. */
function keyNamesOf(rule: FirewallRule) {
  if (rule === "number") return ["number", "numberByNetwork"] as const;
  if (rule === "country_budget") return ["country", "countryByNetwork"] as const;
  if (rule === "day_budget") return ["total"] as const;
  if (rule === "prefix") return ["prefix", "prefixByNetwork"] as const;
  return rule === "network" ? [rule] : [];
}

function emailKeyNamesOf(rule: FirewallRule) {
  if (rule === "email_address") return ["address", "addressByNetwork"] as const;
  return rule === "email_network" ? (["network"] as const) : (["total"] as const);
}

/**
 * Under what an address is counted: whatever is written behind a `+` arrives in the same mailbox, and so does every place of the dots where the
 * mail is Gmail's. Nothing else takes two addresses for one.
 */
function toMailbox(address: string): string {
  const at = address.lastIndexOf("@");
  const [local = "", domain] = [address.slice(0, at).split("+")[0], address.slice(at + 1)];
  if (at < 1 || local === "") return address;
  const isGmail = domain === "gmail.com" || domain === "googlemail.com";
  return isGmail ? `${local.replaceAll(".", "")}@gmail.com` : `${local}@${domain}`;
}

const present = (keys: readonly (string | null)[]) => keys.filter((key) => key !== null);
const toAdd = (keys: readonly string[], what: string, { isShared = false } = {}): CountToAdd[] =>
  keys.map((key) => ({ key, what, isShared }));
const takeBack = (counts: readonly CountToAdd[]): CountToAdd[] => counts.map((one) => ({ ...one, by: -1 }));

const mobileTypes: readonly (string | undefined)[] = ["MOBILE", "FIXED_LINE_OR_MOBILE"];

interface Line {
  readonly isMobile: boolean;
  readonly country: string | null;
}

/** What messages to an address are counted under, for whoever looks; that feeds no limit. */
export const toCountryKey = (address: string): string =>
  `country:${address.includes("@") ? "email" : (lookUpNumber(address).country ?? "none")}`;

/** All of these keys. A database finds each by its name, and would read whatever else is counted to find them by how they begin. */
export const countryKeys: readonly string[] = [...getCountries(), "email", "none"].map((name) => `country:${name}`);

function lookUpNumber(number: string): Line {
  const parsed = parsePhoneNumberFromString(number);
  return { isMobile: mobileTypes.includes(parsed?.getType()), country: parsed?.country ?? null };
}
