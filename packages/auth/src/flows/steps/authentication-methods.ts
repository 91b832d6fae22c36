import type { Authentication } from "../../sessions/authentication.ts";
import type { Evidence } from "../../ways-in/may-open.ts";

/** What evidence is called in tokens (RFC 8176 §2); what is left out says nothing of who somebody is. */
const methods: Readonly<Partial<Record<Evidence, readonly string[]>>> = {
  password: ["pwd"],
  phone_code: ["sms"],
  email_code: ["otp"],
  second_factor: ["otp", "mfa"],
  // Bound to the device, and opened by its owner's finger, face or PIN.
  passkey: ["hwk", "user", "mfa"],
};

/** What a session's tokens say of what was shown. */
export function toAuthentication(evidence: readonly string[]): Authentication {
  const amr = [...new Set(evidence.flatMap((shown) => methods[shown as Evidence] ?? []))];
  return { acr: amr.includes("mfa") ? "2" : "1", amr };
}
