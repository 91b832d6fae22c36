import { findEmail } from "./email.ts";
import type { EmailAddress, PhoneNumber, Username } from "./grammar.ts";
import { readInput } from "./input-text.ts";
import { findPhoneNumber, type PhoneOptions } from "./phone.ts";
import { findUsername } from "./username.ts";

/** Whom an input can mean: one kind, and the canonical value under which that kind is unique. */
export type Identifier =
  | { readonly kind: "username"; readonly value: Username }
  | { readonly kind: "phone"; readonly value: PhoneNumber }
  | { readonly kind: "email"; readonly value: EmailAddress };

/**
 * Says whom an input can mean, in one way only, so that nobody's username can capture another person's sign-ins: with `@` an
 * e-mail address, without letters a phone number, else a username. What is stored comes from `parseUsername`, `parsePhone` and
 * `parseEmail`, which read it as this does and are never looser.
 *
 * Null: no one can be called this. Never throws.
 *
 * @example
 * parseIdentifier("0532 123 45 67", { defaultCountry: "TR" }); // { kind: "phone", value: "+905321234567" }
 */
export function parseIdentifier(input: string, options: PhoneOptions): Identifier | null {
  const text = readInput(input);
  if (text === null) return null;
  if (text.includes("@")) return asKind("email", findEmail(text));
  return asKind("phone", findPhoneNumber(text, options)) ?? asKind("username", findUsername(text));
}

function asKind<Kind extends string, Value extends string>(kind: Kind, value: Value | null) {
  return value === null ? null : { kind, value };
}
