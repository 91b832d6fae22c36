import type { NameTrust } from "./name-trust.ts";

/** What somebody has shown, each checked already. */
export type Evidence =
  | "password"
  | "passkey"
  /** A code that was sent to the number, or to the address, which the account has now. */
  | "phone_code"
  | "email_code"
  /** A device that the account was signed in with before. */
  | "known_device"
  | "recovery_code"
  | "second_factor"
  /** A device on which a second factor was shown and its owner wanted to be asked no more for a while; beside a first factor. */
  | "remembered_device"
  /** A password that takes the place of one which has to be replaced; worth nothing by itself. */
  | "new_password"
  /** A one-time code that an administrator handed over. */
  | "administrator_code"
  /** A token of another system that names this person. */
  | "old_token";

/** What they want to do with it. */
export type Purpose = "sign_in" | "enter" | "reset_password" | "reauthenticate" | "adopt_old_token";

/** What is asked of an account, as it is now. */
export interface AccountState {
  readonly isActive: boolean;
  /** It lost its last name, and is reached by what needs none: a passkey, a recovery code. */
  readonly isParked: boolean;
  /** Staff, a superuser, or anybody with a permission, by a group too. Where it was not looked up, true: that is the stricter. */
  readonly isHolderOfRights: boolean;
  readonly hasPassword: boolean;
  /** Whether the password has to be replaced before anything opens: somebody else chose it, or an administrator asks for another. */
  readonly isPasswordChangeDue?: boolean;
  readonly hasPasskey: boolean;
  readonly hasRecoveryCodes: boolean;
  /** Whether one is to be shown: one is enrolled, or the settings ask for one. */
  readonly hasSecondFactor: boolean;
  readonly phone: NameTrust;
  readonly email: NameTrust;
}

/** What the settings say of ways in. */
export interface WayInRules {
  readonly signInByCode: "off" | "phone" | "email" | "both";
  /** Whether a code alone may open accounts that hold rights. */
  readonly holdersByCode: boolean;
  /** Whether a token of another system may. */
  readonly holdersByOldToken: boolean;
}

/** What the evidence opens. */
export type Opening =
  /** A session, a password set and a session, or, for reauthentication, that this session was just shown to be its owner's. */
  | "session"
  /** Setting a password or a passkey, and nothing else. */
  | "ticket"
  /** It is enough but for a new password. */
  | "new_password"
  /** It is enough but for the second factor. */
  | "second_factor"
  /** Not enough for this account: another way into it has to be shown besides. */
  | "another_way"
  | "nothing";

export interface Verdict {
  readonly opens: Opening;
  /** Whether what it opens was authorised by a code alone: what it then does to names, passwords, factors or rights has to wait. */
  readonly isByCodeAlone: boolean;
}

/** What is asked, all of it. */
export interface Question {
  readonly account: AccountState;
  readonly evidence: ReadonlySet<Evidence>;
  readonly purpose: Purpose;
  readonly rules: WayInRules;
}

const nothing: Verdict = { opens: "nothing", isByCodeAlone: false };

/**
 * Decides every way into an account: what the evidence opens, for the purpose. It reads nothing but what it is given, so that all of it can
 * be tried.
 */
export function mayOpen(question: Question): Verdict {
  const { account, purpose } = question;
  if (!account.isActive) return nothing;
  if (purpose === "adopt_old_token") return adopt(question);
  if (purpose === "reauthenticate") return reauthenticate(question);
  const verdict = account.isParked ? byRecovery(question) : byPossession(question);
  if (verdict.opens !== "session") return verdict;
  if (lacksNewPassword(question)) return { ...verdict, opens: "new_password" };
  return lacksSecondFactor(question) ? { ...verdict, opens: "second_factor" } : verdict;
}

const ticket: Verdict = { opens: "ticket", isByCodeAlone: false };
const session: Verdict = { opens: "session", isByCodeAlone: false };

function adopt({ account, evidence, rules }: Question): Verdict {
  if (!evidence.has("old_token") || account.hasSecondFactor || isPasswordChangeDue(account)) return nothing;
  return account.isHolderOfRights && !rules.holdersByOldToken ? nothing : session;
}

/** By a password or a passkey where there is one; by a code only where there is nothing else. Its session is there already. */
function reauthenticate(question: Question): Verdict {
  const { account } = question;
  if (showsSecret(question)) return lacksSecondFactor(question) ? { ...session, opens: "second_factor" } : session;
  if (account.hasPassword || account.hasPasskey || account.isParked) return nothing;
  if (byCode(question).opens !== "session") return nothing;
  return { opens: lacksSecondFactor(question) ? "second_factor" : "session", isByCodeAlone: true };
}

function byPossession(question: Question): Verdict {
  const { purpose } = question;
  // The person types a number or an address, and has to have it.
  if (purpose === "enter" && shownCodes(question).length === 0) return nothing;
  if (showsSecret(question) && purpose !== "reset_password") return session;
  const verdict = byCode(question);
  if (verdict.opens === "session") return verdict;
  if (recovers(question)) return withRecoveryCode(question);
  return purpose === "enter" ? verdict : nothing;
}

/** A parked account has no name: a passkey needs none, and what its recovery code has just set lets its owner in, to give it one. */
function byRecovery(question: Question): Verdict {
  const { account, evidence, purpose } = question;
  if (purpose === "sign_in" && evidence.has("passkey") && account.hasPasskey) return session;
  if (!recovers(question)) return nothing;
  return purpose === "sign_in" && evidence.has("recovery_code") && showsSecret(question) ? session : ticket;
}

/** Whether it shows what needs no name: one of the account's recovery codes, or, to set a password, an administrator's. */
function recovers({ account, evidence, purpose }: Question): boolean {
  const isRecovery = evidence.has("recovery_code") && account.hasRecoveryCodes;
  return isRecovery || (evidence.has("administrator_code") && purpose === "reset_password");
}

/** Alone it opens recovery; beside a code it is the other way in that was asked for, but for those who hold rights. */
function withRecoveryCode({ account, purpose }: Question): Verdict {
  return purpose === "enter" && !account.isHolderOfRights ? session : ticket;
}

/** What codes open, with a device or a second code beside them where one is not enough. */
function byCode(question: Question): Verdict {
  const codes = shownCodes(question);
  if (codes.length === 0) return nothing;
  if (showsSecret(question)) return session;
  if (question.account.isHolderOfRights && !question.rules.holdersByCode) return anotherWay;
  const opening = codes.filter(({ channel }) => isAllowed(question, channel));
  const isOpen = opening.some(({ trust }) => trust === "trusted" || (trust === "vouched" && opensAsVouched(question)));
  // Two codes, or a code and a device: neither suffices alone.
  const isStale = opening.some(({ trust }) => trust === "stale");
  const isBacked = question.evidence.has("known_device") || codes.some(({ trust }) => trust === "trusted");
  return isOpen || (isStale && isBacked) ? byCodeAlone : anotherWay;
}

const anotherWay: Verdict = { opens: "another_way", isByCodeAlone: false };

/** A device that the account knows is no way in by itself, so that what stands beside it is a code alone still. */
const byCodeAlone: Verdict = { opens: "session", isByCodeAlone: true };

interface ShownCode {
  readonly channel: "phone" | "email";
  readonly trust: NameTrust;
}

/** The codes that were shown, of names that the account has. */
function shownCodes({ account, evidence }: Question): ShownCode[] {
  const codes: ShownCode[] = [];
  if (evidence.has("phone_code") && account.phone !== "none") codes.push({ channel: "phone", trust: account.phone });
  if (evidence.has("email_code") && account.email !== "none") codes.push({ channel: "email", trust: account.email });
  return codes;
}

/** Setting a password by code, and showing oneself again where nothing else is there, are no sign-in by code. */
function isAllowed({ rules: { signInByCode }, purpose }: Question, channel: ShownCode["channel"]): boolean {
  if (purpose === "reset_password" || purpose === "reauthenticate") return true;
  return signInByCode === "both" || signInByCode === channel;
}

/** What an administrator vouched for opens an account that nothing else opens, once, and never a session's own affairs. */
function opensAsVouched({ account, purpose }: Question): boolean {
  if (purpose === "reauthenticate") return false;
  const { hasPassword, hasPasskey, hasRecoveryCodes, phone, email } = account;
  const isProved = [phone, email].some((trust) => trust === "trusted" || trust === "stale");
  return !hasPassword && !hasPasskey && !hasRecoveryCodes && !isProved;
}

/** A password or a passkey that the account has. */
function showsSecret({ account, evidence }: Question): boolean {
  return (evidence.has("password") && account.hasPassword) || (evidence.has("passkey") && account.hasPasskey);
}

const isPasswordChangeDue = (account: AccountState) => account.hasPassword && account.isPasswordChangeDue === true;

/** Where a password is set already, that is the new one; and a passkey opens without any. */
function lacksNewPassword({ account, evidence, purpose }: Question): boolean {
  const isAsked = purpose !== "reset_password" && !(evidence.has("passkey") && account.hasPasskey);
  return isPasswordChangeDue(account) && isAsked && !evidence.has("new_password");
}

/** A passkey is two factors already. A remembered device signs in with one, and stands for none where anything else is wanted. */
function lacksSecondFactor({ account, evidence, purpose }: Question): boolean {
  const isRemembered = evidence.has("remembered_device") && (purpose === "sign_in" || purpose === "enter");
  const isShown = evidence.has("second_factor") || (evidence.has("passkey") && account.hasPasskey);
  return account.hasSecondFactor && !isShown && !isRemembered;
}
