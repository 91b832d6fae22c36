import type { SecondFactorMethod } from "../../errors.ts";
import type { Authentication } from "../../sessions/authentication.ts";
import type { Evidence } from "../../ways-in/may-open.ts";

/** What evidence is called in tokens (RFC 8176 §2); what is left out says nothing of who somebody is. */
const methods: Readonly<Partial<Record<Evidence, readonly string[]>>> = {
  password: ["pwd"],
  phone_code: ["sms"],
  email_code: ["otp"],
  second_factor: ["mfa"],
  // A key that the device has, and its owner's finger, face or PIN. Whether it can leave the device, nobody says without attestation.
  passkey: ["pop", "user", "mfa"],
};

/** What a second factor is called beside that. */
const ofFactor: Readonly<Record<SecondFactorMethod, string>> = { totp: "otp", passkey: "pop" };

/**
 * What a session's tokens say of what was shown.
 *
 * @param factor what the second factor was, where one is among it
 */
export function toAuthentication(evidence: readonly string[], factor?: SecondFactorMethod): Authentication {
  const named = evidence.flatMap((shown) => {
    const method = methods[shown as Evidence] ?? [];
    return shown === "second_factor" && factor ? [ofFactor[factor], ...method] : method;
  });
  const amr = [...new Set(named)];
  return { acr: amr.includes("mfa") ? "2" : "1", amr };
}

/** What a session's tokens say once its owner has shown a second factor in it besides. */
export function withFactor({ amr }: Authentication, factor: SecondFactorMethod): Authentication {
  const shown = factor === "passkey" ? toAuthentication(["passkey"]) : toAuthentication(["second_factor"], factor);
  return { ...shown, amr: [...new Set([...amr, ...shown.amr])] };
}
