/**
 * Every reason for which Latchkey refuses something: a closed union, so that a caller can handle all of them and the
 * transport can map each one.
 */
export type AuthErrorCode =
  | "invalid_credentials"
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
  | "refused_by_hook"
  | "hook_failed"
  | "rate_limited"
  | "overloaded"
  | "unavailable";

/** One thing that is wrong with an input: where (`["phoneNumber"]`) and why, never the value itself. */
export interface InputIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface AuthErrorDetails extends ErrorOptions {
  /** Seconds after which trying again can help. */
  readonly retryAfter?: number;
  /** Seconds ago at most that it must have been shown who this is. */
  readonly maxAge?: number;
  readonly issues?: readonly InputIssue[];
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
  readonly issues: readonly InputIssue[] | undefined;

  constructor(code: AuthErrorCode, message: string, details: AuthErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryAfter = details.retryAfter;
    this.maxAge = details.maxAge;
    this.issues = details.issues;
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
