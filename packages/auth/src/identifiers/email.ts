import { domainToASCII } from "node:url";
import type { InputIssueCode } from "../errors.ts";
import { type EmailAddress, emailPattern } from "./grammar.ts";
import { type InputText, readInput } from "./input-text.ts";

/** An e-mail address to be stored: as the person writes it, and the key under which it is unique. Or why not, fit for the person. */
export type EmailResult =
  | { readonly ok: true; readonly email: string; readonly key: EmailAddress }
  | { readonly ok: false; readonly code: InputIssueCode; readonly reason: string };

const canonicalEmail = new RegExp(emailPattern);
const addressParts = /^([!-?A-~]+)@([\p{L}\p{M}\p{N}.-]+)$/u;

/** Whether the string is the key of an e-mail address already. */
export function isEmailAddress(value: string): value is EmailAddress {
  const domain = value.slice(value.indexOf("@") + 1);
  return canonicalEmail.test(value) && domainToASCII(domain) === domain;
}

/** The key of what may be someone's e-mail address, for signing in. */
export function findEmail(text: InputText): EmailAddress | null {
  const key = withAsciiDomain(text)?.toLowerCase() ?? "";
  return isEmailAddress(key) ? key : null;
}

/** The local part must be ASCII as it stands: its case is then the only thing that folding it can change. */
function withAsciiDomain(text: InputText): string | null {
  const [, local, domain] = addressParts.exec(text) ?? [];
  return local && domain ? `${local}@${domainToASCII(domain)}` : null;
}

/**
 * Parses an e-mail address to be stored: a plain local part in ASCII and a domain name, which may be an international one.
 * Quoted local parts and IP addresses are refused.
 *
 * @example
 * parseEmail("Ayse.Y@Örnek.com"); // { ok: true, email: "Ayse.Y@xn--rnek-4qa.com", key: "ayse.y@xn--rnek-4qa.com" }
 */
export function parseEmail(input: string): EmailResult {
  const text = readInput(input);
  const email = text && withAsciiDomain(text);
  const key = text && findEmail(text);
  if (!email || !key) return { ok: false, code: "invalid_format", reason: "This is not an e-mail address" };
  return { ok: true, email, key };
}
