import { AuthError, type InputIssue } from "../../errors.ts";
import { parseEmail } from "../../identifiers/email.ts";
import { parsePhone } from "../../identifiers/phone.ts";
import { parseUsername } from "../../identifiers/username.ts";
import type { Core } from "./core.ts";

/** The names of an account as somebody writes them; absent ones are left alone, null ones are taken away. */
export interface NamesInput {
  readonly username?: string | undefined;
  readonly phoneNumber?: string | null | undefined;
  readonly email?: string | null | undefined;
}

/** The names as they are stored. */
export interface StoredNames {
  username?: string;
  usernameKey?: string;
  phoneNumber?: string | null;
  email?: string | null;
  emailKey?: string | null;
}

/** @throws AuthError `invalid_input`, naming each field that is wrong */
export function parseNames(core: Core, { username, phoneNumber, email }: NamesInput): StoredNames {
  const issues: InputIssue[] = [];
  const names: StoredNames = {};
  if (username !== undefined) {
    const parsed = parseUsername(username);
    if (parsed.ok) Object.assign(names, { username: parsed.username, usernameKey: parsed.key });
    else issues.push({ path: ["username"], code: parsed.code, message: parsed.reason });
  }
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

/** The names of a new account, which must have a username. */
export function parseNewNames(core: Core, input: NamesInput & { readonly username: string }): Required<StoredNames> {
  return {
    username: "",
    usernameKey: "",
    phoneNumber: null,
    email: null,
    emailKey: null,
    ...parseNames(core, input),
  };
}
