import { AuthError } from "../../errors.ts";
import { type Identifier, parseIdentifier } from "../../identifiers/identifier.ts";
import { mayBeOfAnotherKeyboard } from "../../identifiers/keyboards.ts";
import { ambiguousPhoneReason, earlierFormsOf, isAmbiguousPhone, storedFormsOf } from "../../identifiers/phone.ts";
import { storedKeysOf } from "../../identifiers/username.ts";
import { findAliased } from "../../imported-users/imported-user-store.ts";
import type { Queries } from "../../storage/database.ts";
import {
  type Account,
  findAccount,
  findAccountByForms,
  findAccountById,
  findOtherKeyboards,
  findPhoneHolders,
  identifierTaken,
} from "../../users/user-store.ts";
import type { Core } from "./core.ts";
import type { StoredNames } from "./parse-names.ts";

/**
 * Reads what somebody typed as a name, as `parseIdentifier` does.
 *
 * @throws AuthError `invalid_input` for digits that are more than one phone number, used or not
 */
export function readName(core: Core, typed: string, field: string): Identifier | null {
  if (isAmbiguousPhone(typed, core.options.phones)) {
    throw new AuthError("invalid_input", ambiguousPhoneReason, {
      issues: [{ path: [field], code: "ambiguous", message: ambiguousPhoneReason }],
    });
  }
  return parseIdentifier(typed, core.options.phones);
}

/**
 * The one account that a name means; null as the name is what nobody can be called, and may be an alias. A phone number or a username may be stored in a form of before, when it was another name: what was
 * typed is looked for as it is typed, then in its present form, then in the others.
 */
export async function findNamedAccount(db: Queries, name: Identifier | null, typed: string): Promise<Account | null> {
  if (name === null) return findByAlias(db, typed);
  if (name.kind === "phone") return findByForms(db, name, storedFormsOf(name.value, typed));
  if (name.kind === "email") return findAccount(db, name);
  const account = await findByForms(db, name, storedKeysOf(name.value, typed));
  if (account || !mayBeOfAnotherKeyboard(name.value)) return account;
  const [other, ...more] = await findOtherKeyboards(db, name.value);
  // Two who differ by their keyboards are each found by their own, and by no third.
  return other && more.length === 0 ? findAccountById(db, other.id) : null;
}

/** So an alias shadows nobody's name and is shadowed by none. */
async function findByAlias(db: Queries, typed: string): Promise<Account | null> {
  const userId = await findAliased(db, typed);
  return userId === null ? null : findAccountById(db, userId);
}

function findByForms(db: Queries, name: Identifier, forms: readonly string[]): Promise<Account | null> {
  return forms.length > 1 ? findAccountByForms(db, name.kind, forms) : findAccount(db, name);
}

/** The canonical names that are about to be stored, and whose they become. */
export interface WantedNames extends StoredNames {
  /** Absent for a new account. */
  readonly userId?: string;
}

/**
 * Refuses a name that another account has in a form of before. What is stored now is in its present form, of which the database keeps
 * one; so no other account takes an older form while this looks.
 *
 * @throws AuthError `identifier_taken`, naming the field
 */
export async function requireFreeForms(
  transaction: Queries,
  { usernameKey, phoneNumber, userId }: WantedNames,
): Promise<void> {
  const isAnother = ({ id }: { id: string }) => id !== userId?.toLowerCase();
  if (phoneNumber) {
    const forms = earlierFormsOf(phoneNumber);
    const holders = forms.length > 0 ? await findPhoneHolders(transaction, forms) : [];
    if (holders.some(isAnother)) throw identifierTaken("phoneNumber");
  }
  if (usernameKey && mayBeOfAnotherKeyboard(usernameKey)) {
    const others = await findOtherKeyboards(transaction, usernameKey);
    if (others.some(isAnother)) throw identifierTaken("username");
  }
}
