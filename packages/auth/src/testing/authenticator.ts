import { Secret, TOTP } from "otpauth";

/** The one-time password of a moment, as an authenticator app shows it that was given a secret in base32. */
export function generateTotp(secret: string, at: Date): string {
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: at.getTime() });
}
