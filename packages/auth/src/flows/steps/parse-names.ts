import { AuthError, type InputIssue } from "../../errors.ts";
import { parseEmail } from "../../identifiers/email.ts";
import type { EmailAddress, PhoneNumber, Username } from "../../identifiers/grammar.ts";
import { parsePhone } from "../../identifiers/phone.ts";
import { parseUsername } from "../../identifiers/username.ts";
import { nameMissing } from "../../users/user-store.ts";
import type { Core } from "./core.ts";

/** The names of an account as somebody writes them; absent ones are left alone, null ones are taken away. */
export interface NamesInput {
  readonly username?: string | null | undefined;
  readonly phoneNumber?: string | null | undefined;
  readonly email?: string | null | undefined;
}

/** The names as they are stored. */
export interface StoredNames {
  username?: string | null;
  usernameKey?: Username | null;
  phoneNumber?: PhoneNumber | null;
  email?: string | null;
  emailKey?: EmailAddress | null;
}

/** @throws AuthError `invalid_input`, naming each field that is wrong */
export function parseNames(core: Core, { username, phoneNumber, email }: NamesInput): StoredNames {
  const issues: InputIssue[] = [];
  const names: StoredNames = {};
  if (typeof username === "string") {
    const parsed = parseUsername(username);
    if (parsed.ok) Object.assign(names, { username: parsed.username, usernameKey: parsed.key });
    else issues.push({ path: ["username"], code: parsed.code, message: parsed.reason });
  } else if (username === null) Object.assign(names, { username: null, usernameKey: null });
  if (typeof phoneNumber === "string") {
    const parsed = parsePhone(phoneNumber, core.options.phones);
    if (parsed.ok) names.phoneNumber = parsed.phoneNumber;
    else issues.push({ path: ["phoneNumber"], code: parsed.code, message: parsed.reason });
  } else if (phoneNumber === null) names.phoneNumber = null;
  if (typeof email === "string") {
    const parsed = parseEmail(email);
    if (parsed.ok) Object.assign(names, { email: parsed.email, emailKey: parsed.key });
    else issues.push({ path: ["email"], code: parsed.code, message: parsed.reason });
  } else if (email === null) Object.assign(names, { email: null, emailKey: null });
  if (issues.length > 0) throw new AuthError("invalid_input", "The input is not valid", { issues });
  return names;
}

/** The names of an account that has none. */
export const noNames = { username: null, usernameKey: null, phoneNumber: null, email: null, emailKey: null } as const;

/**
 * The names of a new account, which must have one at least.
 *
 * @throws AuthError `invalid_input`, naming each field that is wrong
 */
export function parseNewNames(core: Core, input: NamesInput): Required<StoredNames> {
  const names = { ...noNames, ...parseNames(core, input) };
  if (names.username === null && names.phoneNumber === null && names.email === null) throw nameMissing();
  return names;
}
