import {
  isAmbiguousPhone,
  type PhoneOptions,
  parseEmail,
  parseIdentifier,
  parsePhone,
  parseUsername,
  readInput,
} from "@latchkey/auth/import";
import type { Issue } from "../issue.ts";

/** The names of a person as they are stored here; null for one that they have not. */
export interface ReadNames {
  username: string | null;
  usernameKey: string | null;
  phoneNumber: string | null;
  email: string | null;
  emailKey: string | null;
  readonly issues: Issue[];
}

export interface OldNames {
  readonly oldId: string;
  readonly username: string | null;
  readonly phoneNumber: string | null;
  readonly email: string | null;
}

const isBlank = (text: string | null): text is null => text === null || text.trim() === "";

/**
 * Reads the three names that somebody has in another system. A name that is of another kind goes where it belongs: an e-mail address or
 * one's own number as a username. What cannot be read costs that name, and is told.
 */
export function readNames(old: OldNames, phones: PhoneOptions): ReadNames {
  const names: ReadNames = {
    username: null,
    usernameKey: null,
    phoneNumber: null,
    email: null,
    emailKey: null,
    issues: [],
  };
  readPhone(names, old, phones);
  readEmail(names, old);
  readUsername(names, old, phones);
  return names;
}

function readPhone(names: ReadNames, { phoneNumber }: OldNames, phones: PhoneOptions): void {
  if (isBlank(phoneNumber)) return;
  const parsed = parsePhone(phoneNumber, phones);
  if (parsed.ok) {
    names.phoneNumber = parsed.phoneNumber;
    return;
  }
  const code = parsed.code === "not_personal" ? "phone_not_personal" : "phone_unreadable";
  names.issues.push({ code, field: "phoneNumber", value: phoneNumber, other: parsed.reason, proposal: "drop" });
}

function readEmail(names: ReadNames, { email }: OldNames): void {
  if (isBlank(email)) return;
  const parsed = parseEmail(email);
  if (parsed.ok) Object.assign(names, { email: parsed.email, emailKey: parsed.key });
  else
    names.issues.push({
      code: "email_unreadable",
      field: "email",
      value: email,
      other: parsed.reason,
      proposal: "drop",
    });
}

function readUsername(names: ReadNames, { oldId, username }: OldNames, phones: PhoneOptions): void {
  if (isBlank(username)) return;
  if (username.includes("@") && takeEmail(names, username)) return;
  const asPhone = parsePhone(username, phones);
  if (asPhone.ok && (names.phoneNumber === null || names.phoneNumber === asPhone.phoneNumber)) {
    // What they type is read as their number. A number that could not be read stays told, and costs them no more.
    names.phoneNumber = asPhone.phoneNumber;
    keepDespite(names, "phoneNumber");
    return;
  }
  const parsed = parseUsername(username);
  if (parsed.ok) {
    Object.assign(names, { username: parsed.username, usernameKey: parsed.key });
    return;
  }
  const meaning = isAmbiguousPhone(username, phones) ? "phone" : parseIdentifier(username, phones)?.kind;
  const rest = { field: "username", value: username };
  if (meaning === "phone") {
    const other = names.phoneNumber ?? "may be somebody's phone number";
    names.issues.push({ ...rest, code: "username_is_phone", other, proposal: "drop" });
    return;
  }
  // Nobody can be called so: they may go on typing it. Else it is a name of mixed alphabets, which would pass for another.
  const proposal = meaning === undefined ? "alias" : `rename:user_${oldId.replaceAll(/[^\p{L}\p{N}_-]/gu, "")}`;
  names.issues.push({ ...rest, code: "username_grammar", other: parsed.reason, proposal });
}

/** An address as a username is the address that its person types; another one beside it is told. */
function takeEmail(names: ReadNames, username: string): boolean {
  const parsed = parseEmail(username);
  if (!parsed.ok) return false;
  const another = names.emailKey !== null && names.emailKey !== parsed.key ? names.email : null;
  if (another !== null)
    names.issues.push({ code: "email_two", field: "email", value: parsed.email, other: another, proposal: "keep" });
  if (names.emailKey !== parsed.key) Object.assign(names, { email: parsed.email, emailKey: parsed.key });
  keepDespite(names, "email");
  return true;
}

/** What was proposed for a field whose column cannot be read is not done to what the username put there. */
function keepDespite(names: ReadNames, field: Issue["field"]): void {
  for (const [at, issue] of names.issues.entries())
    if (issue.field === field && issue.proposal === "drop")
      names.issues[at] = { ...issue, other: `${issue.other}; the username is taken for it`, proposal: "keep" };
}

/** Whether a text may be an alias: the grammar reads it as nobody's name. */
export function mayBeAlias(text: string, phones: PhoneOptions): boolean {
  const isRead = isAmbiguousPhone(text, phones) || parseIdentifier(text, phones) !== null;
  return !isRead && readInput(text) !== null && !text.includes("\0");
}
