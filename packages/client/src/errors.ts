import type { ErrorData } from "./api-types.ts";

/** Why the service refused a call: a closed set. */
export type AuthErrorReason = NonNullable<ErrorData["reason"]>;

/** One thing that is wrong with an input; `code` is of a closed set, for pages that say it in another language than `message`. */
export type InputIssue = NonNullable<ErrorData["issues"]>[number];

/** What can be wrong with an input, such as `too_short` or `taken`. */
export type InputIssueCode = InputIssue["code"];

/** What the service adds to a refusal, by its reason. */
interface DetailsOfReason {
  rate_limited: { readonly retryAfter: number };
  overloaded: { readonly retryAfter: number };
  unavailable: { readonly retryAfter: number };
  reauthentication_required: { readonly maxAge: number };
  second_factor_required: { readonly methods: NonNullable<ErrorData["methods"]> };
  password_change_required: { readonly ticket: string; readonly ticketExpiresAt: string };
  invalid_input: { readonly issues?: readonly InputIssue[] };
  password_rejected: { readonly issues: readonly InputIssue[] };
  identifier_taken: { readonly issues: readonly InputIssue[] };
}

type DetailsOf<Reason> = Reason extends keyof DetailsOfReason ? DetailsOfReason[Reason] : unknown;

/** A refusal of the service, as a call throws it. */
export interface AuthClientError<Reason extends AuthErrorReason = AuthErrorReason> extends Error {
  readonly data: Omit<ErrorData, "reason"> & { readonly reason: Reason } & DetailsOf<Reason>;
}

/**
 * Whether a call was refused by the service, for any reason or for the one given; anything else, such as a network that is
 * away, is not.
 *
 * @example
 * if (isAuthError(error, "rate_limited")) showWait(error.data.retryAfter);
 */
export function isAuthError<Reason extends AuthErrorReason = AuthErrorReason>(
  error: unknown,
  reason?: Reason,
): error is AuthClientError<Reason> {
  const actual = error instanceof Error ? (error as Partial<AuthClientError>).data?.reason : undefined;
  return typeof actual === "string" && (reason === undefined || actual === reason);
}
