import { type Consent, listConsents } from "../../consents/consent-store.ts";
import type { Core, Principal } from "../steps/core.ts";

/** What the caller agreed to and withdrew, the newest first. */
export async function listOwnConsents(core: Core, { user }: Principal): Promise<Consent[]> {
  const noted = await listConsents(core.db, user.id);
  if (noted.length > 0 || !user.isApprovedToBeInTouch) return noted;
  // Who agreed before there was a list, and has not been noted yet.
  const unknown = {
    decidedAt: null,
    decidedBy: "unknown",
    source: "unknown",
    textVersion: null,
    address: null,
  } as const;
  return [{ purpose: "contact", isGiven: true, ...unknown }];
}
