import type { AnyRouter } from "@trpc/server";
import type { AnswerOf, AppRouter } from "./api-types.ts";
import type { AuthClient, ClientOf } from "./auth-client.ts";
import { callSafely } from "./callbacks.ts";
import { isAuthError } from "./errors.ts";
import type { PersonOf } from "./mounted-router.ts";

/** A second factor by its kind: `totp` is what an authenticator app shows, and `passkey` is for `@latchkey/client/passkeys`. */
export type SecondFactorMethod = "totp" | "passkey";

/** A sign-in of which all is shown but the second factor. */
export interface PendingSignIn {
  /** For {@link showSecondFactor}, once, within ten minutes. */
  readonly ticket: string;
  /** By the service's clock. */
  readonly expiresAt: Date;
  /** What the account has. */
  readonly methods: readonly SecondFactorMethod[];
  /** What can be set up now, by {@link enrollTotp}, where the account has to have a second factor and has none; empty otherwise. */
  readonly enroll: readonly SecondFactorMethod[];
  /** Seconds for which this device can be remembered, by `remember`; null where it cannot be. */
  readonly rememberSeconds: number | null;
}

/** What is wanted beside the sign-in. */
export interface SecondFactorOptions {
  /**
   * Whether the person ticked that this device is not to be asked for a second factor for a while. Offer it where `rememberSeconds` is a number,
   * unticked, and for devices that nobody else uses.
   */
  readonly remember?: boolean;
  /**
   * Gets the ten recovery codes that come with a factor that was just set up, or after the last one was used. Show them: they are answered here
   * and never again.
   */
  readonly onRecoveryCodes?: (codes: readonly string[]) => void;
}

/** A secret for an authenticator app: `uri` to scan, `secret` to type. */
export interface TotpSecret extends Pick<AnswerOf<"token.enrollTotp">, "secret" | "uri"> {
  /** When it has to be confirmed by; by the service's clock. */
  readonly expiresAt: Date;
}

/**
 * The sign-in that waits for a second factor, of what `signIn`, `confirm` of a code or `account.register` threw; null for every other error.
 *
 * @example
 * const pending = await auth.signIn({ username, password }).then(() => null, findPendingSignIn);
 * if (pending) await showSecondFactor(auth, pending, prompt("What does your app show?") ?? "");
 */
export function findPendingSignIn(error: unknown): PendingSignIn | null {
  if (!isAuthError(error, "second_factor_required") || error.data.ticket === undefined) return null;
  const { ticket, ticketExpiresAt = "", methods, enroll = [], rememberSeconds = null } = error.data;
  return { ticket, expiresAt: new Date(ticketExpiresAt), methods, enroll, rememberSeconds };
}

/**
 * Signs in with what the authenticator app shows, and answers who it is. Throws {@link isAuthError} `code_invalid`, with an issue at `totp`
 * where another may be typed, and at `ticket` where the sign-in has to begin again; `rate_limited`, … With `remember`, the next sign-ins on this
 * device need the first factor alone, for as long as `rememberSeconds` said.
 */
export async function showSecondFactor<Router extends AnyRouter = AppRouter>(
  { internals }: ClientOf<Router>,
  { ticket }: Pick<PendingSignIn, "ticket">,
  totp: string,
  { remember, onRecoveryCodes }: SecondFactorOptions = {},
): Promise<PersonOf<Router>> {
  const shown = { ticket, totp, ...(remember && { remember }) };
  const { user, recoveryCodes } = await internals.ask("token.obtainBySecondFactor", shown);
  if (recoveryCodes && onRecoveryCodes) callSafely(onRecoveryCodes, recoveryCodes.codes);
  return user as PersonOf<Router>;
}

/**
 * Makes the secret of an authenticator app for a sign-in that says `enroll`: show its `uri` as a QR code, and then call
 * {@link showSecondFactor} with what the app shows. The same sign-in always gets the same one.
 */
export async function enrollTotp(
  { internals }: Pick<AuthClient, "internals">,
  { ticket }: Pick<PendingSignIn, "ticket">,
): Promise<TotpSecret> {
  const { secret, uri, expiresAt } = await internals.ask("token.enrollTotp", { ticket });
  return { secret, uri, expiresAt: new Date(expiresAt) };
}
