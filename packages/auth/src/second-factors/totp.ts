import { Secret, TOTP } from "otpauth";

/** Seconds of one step (RFC 6238 §5.2). */
const period = 30;

/** Steps before and after the present one that are taken too, for clocks that differ. */
const drift = 1;

/** What every authenticator app can read: HMAC-SHA-1, six digits, 30 seconds. */
const parameters = { algorithm: "SHA1", digits: 6, period } as const;

/** Bytes of a secret, as RFC 4226 §4 asks for. */
export const secretLength = 20;

/** A secret as authenticator apps take it. */
export interface SharedSecret {
  /** Base32, to type. */
  readonly secret: string;
  /** `otpauth://totp/…`, to scan. */
  readonly uri: string;
}

/**
 * Writes a secret down for an authenticator app.
 *
 * @param issuer what the app shows as the service
 * @param label what it shows as the account
 */
export function describeSecret(bytes: Uint8Array, { issuer, label }: { issuer: string; label: string }): SharedSecret {
  const secret = toSecret(bytes);
  return { secret: secret.base32, uri: new TOTP({ ...parameters, issuer, label, secret }).toString() };
}

/**
 * The time step at which a one-time password is right, now or one step before or after; null for a wrong one. Nobody may use a step twice,
 * or one before it (RFC 6238 §5.2): that is for the caller to hold to.
 */
export function findStep(bytes: Uint8Array, typed: string, now: Date): number | null {
  if (!/^\d{6}$/.test(typed)) return null;
  const timestamp = now.getTime();
  const delta = TOTP.validate({ ...parameters, token: typed, secret: toSecret(bytes), timestamp, window: drift });
  return delta === null ? null : TOTP.counter({ period, timestamp }) + delta;
}

const toSecret = (bytes: Uint8Array) => new Secret({ buffer: Uint8Array.from(bytes).buffer });
