import { hmacSha256 } from "../secrets.ts";
import type { Ask, EmailAsk } from "./ask.ts";
import type { FirewallRule } from "./firewall-rules.ts";

/** Under what an ask for a message to a number is counted. Null: not at all. */
export interface NumberKeys extends SharedKeys {
  readonly number: string;
  readonly numberByNetwork: string | null;
  readonly network: string | null;
  readonly prefix: string;
}

/** What the numbers of millions share is no secret. */
export interface SharedKeys {
  readonly range: string;
  readonly country: string;
  readonly total: string;
}

/** Under what an ask for an e-mail is counted. */
export interface EmailKeys {
  readonly address: string;
  readonly network: string | null;
  readonly total: string;
}

export interface FirewallKeys {
  ofNumber(ask: Omit<Ask, "isSent">, country: string | null): NumberKeys;
  ofEmail(ask: EmailAsk): EmailKeys;
}

/** @param options with the key that hides numbers and networks; read at each use */
export function createFirewallKeys(options: { readonly key: Uint8Array }): FirewallKeys {
  const hide = (...parts: readonly string[]) => hmacSha256(options.key, parts.join("\0")).toString("base64url");
  return {
    ofNumber({ number, network, isKnownDevice, isDecoy }, country) {
      // Callers of whom nothing is known are not one caller.
      const byNetwork = network === null || isKnownDevice ? null : network;
      return {
        number: isKnownDevice ? hide("known-device", number) : hide("number", number),
        numberByNetwork: byNetwork === null ? null : hide("number-by-network", number, byNetwork),
        network: byNetwork === null ? null : hide("network", byNetwork),
        // Of a decoy all of it, so that two do not share what no two people share.
        prefix: isDecoy ? hide("prefix-of-decoy", number) : hide("prefix", number.slice(0, -4)),
        ...sharedKeysOf(number, isDecoy ? null : country),
      };
    },
    ofEmail: ({ address, network, isKnownDevice }) => ({
      address: hide(isKnownDevice ? "known-device-email" : "email", address),
      network: network === null || isKnownDevice ? null : hide("email-network", network),
      total: "email-total",
    }),
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
  if (rule === "country_budget") return [keys.country];
  if (rule === "day_budget") return [keys.total];
  return rule === "network" || rule === "prefix" ? [keys[rule]] : [];
}

/** The same where a rule refuses an e-mail. */
export function emailUsedUpBy(rule: FirewallRule, { address, network, total }: EmailKeys): readonly (string | null)[] {
  if (rule === "email_address") return [address];
  return [rule === "email_network" ? network : total];
}
