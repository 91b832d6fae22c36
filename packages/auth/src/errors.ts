/**
 * Every reason for which Latchkey refuses something: a closed union, so that a caller can handle all of them and the
 * transport can map each one.
 */
export type AuthErrorCode =
  | "invalid_credentials"
  | "second_factor_required"
  | "password_change_required"
  | "token_missing"
  | "token_invalid"
  | "token_expired"
  | "session_ended"
  | "account_disabled"
  | "refresh_token_invalid"
  | "refresh_token_reused"
  | "permission_denied"
  | "reauthentication_required"
  | "registration_closed"
  | "invalid_input"
  | "password_rejected"
  | "code_invalid"
  | "code_expired"
  | "not_found"
  | "identifier_taken"
  | "changed_meanwhile"
  | "refused_by_hook"
  | "hook_failed"
  | "rate_limited"
  | "overloaded"
  | "unavailable";

/** What can be wrong with an input, as a list: {@link InputIssueCode}. */
export const inputIssueCodes = [
  /** The field is missing. */
  "required",
  /** There is no such field. */
  "unknown_field",
  /** Such as a number where a text is wanted. */
  "invalid_type",
  /** It is not written as this field wants it, such as an e-mail address without `@`. */
  "invalid_format",
  /** It is none of the values that this field takes; and whatever has no code of its own. */
  "invalid_value",
  "invalid_characters",
  /** It shows nothing, such as a name of zero-width spaces. */
  "invisible",
  /** A username that begins with a digit or a mark. */
  "invalid_start",
  /** A username of two alphabets, or of two kinds of digits. */
  "mixed_scripts",
  /** A username that can pass for another one. */
  "misleading",
  /** A text or a list. */
  "too_short",
  "too_long",
  /** A number, or the size of a value. */
  "too_small",
  "too_large",
  /** A password that too many people have. */
  "too_common",
  "breached",
  /** A password that is too close to the person's own name, number or address. */
  "contains_identifier",
  /** A password that is to be replaced, and was given again. */
  "unchanged",
  "no_such_number",
  /** A phone number that has to be written with `+`. */
  "country_code_missing",
  /** Digits that are more than one phone number. */
  "ambiguous",
  /** A phone number that is not a person's own line. */
  "not_personal",
  /** It belongs to another. */
  "taken",
  /** A username that is kept for the service, or for somebody of another system. */
  "reserved",
  /** The current password is not right. */
  "incorrect",
  /** It names something that does not exist. */
  "not_found",
  /** It names a disabled account. */
  "disabled",
] as const;

/** What can be wrong with an input: a closed set, for pages that say it in another language than `message`. */
export type InputIssueCode = (typeof inputIssueCodes)[number];

export function isInputIssueCode(code: unknown): code is InputIssueCode {
  return inputIssueCodes.some((known) => known === code);
}

/** One thing that is wrong with an input: where (`["phoneNumber"]`) and why, never the value itself. */
export interface InputIssue {
  readonly path: readonly (string | number)[];
  readonly code: InputIssueCode;
  /** The same in English. */
  readonly message: string;
}

/**
 * What a zod rule says of an input that it refuses, with the code that stands in the answer. A rule without one is `invalid_value`.
 *
 * @example
 * z.string().refine(isPlainLine, withIssueCode("invalid_characters", "holds characters that are not allowed"))
 */
export function withIssueCode(code: InputIssueCode, message: string) {
  return { message, params: { code } };
}

/** A second factor by its kind. */
export type SecondFactorMethod = "totp" | "passkey";

/** What is asked for besides, before there is a session. */
export interface SecondFactorRequest {
  /** For `token.obtainBySecondFactor`, once, within ten minutes; absent where a session goes on. */
  readonly ticket?: string;
  readonly ticketExpiresAt?: Date;
  /** What the account has enrolled. */
  readonly methods: readonly SecondFactorMethod[];
  /** What can be enrolled with the ticket, where the account has to have a second factor and has none; absent otherwise. */
  readonly enroll?: readonly SecondFactorMethod[];
  /** Seconds for which the device is remembered where its owner wants that; absent where it cannot be. */
  readonly rememberSeconds?: number;
}

/** A new password that is asked for, before there is a session. */
export interface PasswordChangeRequest {
  /** For `token.obtainByNewPassword`, once, within ten minutes. */
  readonly ticket: string;
  readonly ticketExpiresAt: Date;
}

export interface AuthErrorDetails extends ErrorOptions {
  /** Seconds after which trying again can help. */
  readonly retryAfter?: number;
  /** Seconds ago at most that it must have been shown who this is. */
  readonly maxAge?: number;
  /** How many factors must have been shown. */
  readonly acr?: "2";
  readonly issues?: readonly InputIssue[];
  /** Of `second_factor_required`. */
  readonly secondFactor?: SecondFactorRequest;
  /** Of `password_change_required`. */
  readonly passwordChange?: PasswordChangeRequest;
}

/**
 * The one error that Latchkey throws at its callers. `message` is fit for a person and holds no token, code, password or
 * value of theirs.
 *
 * @example
 * throw new AuthError("rate_limited", "Too many attempts", { retryAfter: 30 });
 */
export class AuthError extends Error {
  override readonly name = "AuthError";
  readonly code: AuthErrorCode;
  readonly retryAfter: number | undefined;
  readonly maxAge: number | undefined;
  readonly acr: "2" | undefined;
  readonly issues: readonly InputIssue[] | undefined;
  readonly secondFactor: SecondFactorRequest | undefined;
  readonly passwordChange: PasswordChangeRequest | undefined;

  constructor(code: AuthErrorCode, message: string, details: AuthErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryAfter = details.retryAfter;
    this.maxAge = details.maxAge;
    this.acr = details.acr;
    this.issues = details.issues;
    this.secondFactor = details.secondFactor;
    this.passwordChange = details.passwordChange;
  }
}

/** Whether something thrown is a refusal. Told by its name, since a program may hold the class twice: the verifier brings its own. */
export function isAuthError(error: unknown): error is AuthError {
  return error instanceof Error && error.name === "AuthError" && "code" in error && typeof error.code === "string";
}

/**
 * What a hook throws to refuse what it is told. The caller is answered `refused_by_hook` with this message, which is fit for a person.
 *
 * @example
 * on: { userCreated: ({ user }) => { if (!isInvited(user)) throw new HookRefusal("You need an invitation"); } }
 */
export class HookRefusal extends Error {
  override readonly name = "HookRefusal";
}

/** Told by its name, since a program may hold this package twice. */
export function isHookRefusal(error: unknown): error is HookRefusal {
  return error instanceof Error && error.name === "HookRefusal";
}

/** A reason not to start, in one line that says what to do next: a setting, a data folder, a database. */
export class StartError extends Error {
  override readonly name = "StartError";
}
