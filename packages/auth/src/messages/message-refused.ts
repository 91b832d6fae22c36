import { AuthError } from "../errors.ts";
import type { FirewallRule } from "./firewall-rules.ts";

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

/** What the asker is told. */
export function toRefusal(rule: FirewallRule, country: string | null): AuthError {
  const cause = new MessageRefused(rule, country);
  if (rule !== "kind" && rule !== "country") {
    return new AuthError("rate_limited", "Too many messages: try again later", { retryAfter: 3_600, cause });
  }
  const message = rule === "kind" ? "Messages go to mobile numbers only" : "No messages go to this country";
  const issues = [{ path: ["to"], code: "invalid_value" as const, message }];
  return new AuthError("invalid_input", message, { issues, cause });
}
