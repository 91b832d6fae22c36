import { hmacSha256 } from "../secrets.ts";
import type { Ask, EmailAsk } from "./ask.ts";
import type { FirewallRule } from "./firewall-rules.ts";

/** Under what an ask for a message to a number is counted. Null: not at all. */
export interface NumberKeys extends SharedKeys {
  readonly number: string;
  readonly numberByNetwork: string | null;
  readonly network: string | null;
  readonly prefix: string;
  readonly prefixByNetwork: string | null;
  readonly countryByNetwork: string | null;
}

/** What the numbers of millions share is no secret. */
export interface SharedKeys {
  readonly range: string;
  readonly country: string;
  readonly total: string;
}

/** Under what an ask for an e-mail is counted. */
export interface EmailKeys {
  /** Of the mailbox: see {@link toMailbox}. */
  readonly address: string;
  readonly addressByNetwork: string | null;
  readonly network: string | null;
  readonly total: string;
}

export interface FirewallKeys {
  /** What the messages to a number are counted under that known devices ask for. */
  ofKnownDevices(number: string): string;
  ofNumber(ask: Omit<Ask, "isSent">, country: string | null): NumberKeys;
  ofEmail(ask: EmailAsk): EmailKeys;
}

/** @param options with the key that hides numbers and networks; read at each use */
export function createFirewallKeys(options: { readonly key: Uint8Array }): FirewallKeys {
  const hide = (...parts: readonly string[]) => hmacSha256(options.key, parts.join("\0")).toString("base64url");
  const ofKnownDevices = (number: string) => hide("known-device", number);
  return {
    ofKnownDevices,
    ofNumber({ number, network, isKnownDevice, isDecoy }, country) {
      // Callers of whom nothing is known are not one caller.
      const byNetwork = network === null || isKnownDevice ? null : network;
      return {
        number: isKnownDevice ? ofKnownDevices(number) : hide("number", number),
        numberByNetwork: byNetwork === null ? null : hide("number-by-network", number, byNetwork),
        network: byNetwork === null ? null : hide("network", byNetwork),
        // Of a decoy all of it, so that two do not share what no two people share.
        prefix: isDecoy ? hide("prefix-of-decoy", number) : hide("prefix", number.slice(0, -4)),
        prefixByNetwork:
          byNetwork === null || isDecoy ? null : hide("prefix-by-network", number.slice(0, -4), byNetwork),
        countryByNetwork: byNetwork === null ? null : hide("country-by-network", country ?? "none", byNetwork),
        ...sharedKeysOf(number, isDecoy ? null : country),
      };
    },
    ofEmail({ address, network, isKnownDevice }) {
      const byNetwork = isKnownDevice ? null : network;
      const mailbox = toMailbox(address);
      return {
        address: hide(isKnownDevice ? "known-device-email" : "email", mailbox),
        addressByNetwork: byNetwork === null ? null : hide("email-by-network", mailbox, byNetwork),
        network: byNetwork === null ? null : hide("email-network", byNetwork),
        total: "email-total",
      };
    },
  };
}

export const sharedKeysOf = (number: string, country: string | null): SharedKeys => ({
  range: country === null ? "range:none" : `range:${country}:${number.slice(0, -7)}`,
  country: `country:${country ?? "none"}`,
  total: "total",
});

/** What is used up where a rule refuses an ask. */
export function usedUpBy(rule: FirewallRule, keys: NumberKeys): readonly (string | null)[] {
  if (rule === "number") return [keys.number, keys.numberByNetwork];
  if (rule === "country_budget") return [keys.country, keys.countryByNetwork];
  if (rule === "day_budget") return [keys.total];
  if (rule === "prefix") return [keys.prefix, keys.prefixByNetwork];
  return rule === "network" ? [keys.network] : [];
}

/** The same where a rule refuses an e-mail. */
export function emailUsedUpBy(rule: FirewallRule, keys: EmailKeys): readonly (string | null)[] {
  if (rule === "email_address") return [keys.address, keys.addressByNetwork];
  return [rule === "email_network" ? keys.network : keys.total];
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
