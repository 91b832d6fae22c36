import { timingSafeEqual } from "node:crypto";
import type { DeliveryReceipt } from "@latchkey/auth";

/** Whether a signature is the expected one, in a time that says nothing of how much of it is right. */
export function isSignature(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Whether a key is none, as where its variable is not set: whoever likes could sign with it. */
export const isNoKey = (key: string | Uint8Array): boolean => key.length === 0;

/** JSON of a receipt; undefined for what is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a provider tells of a message in its own words; nothing for a state on the way. */
export function toReceipts(
  { providerId, state }: { readonly providerId: string | null | undefined; readonly state: string | null | undefined },
  states: Readonly<Record<string, DeliveryReceipt["state"]>>,
): readonly DeliveryReceipt[] {
  const known = states[state ?? ""];
  return providerId && known ? [{ providerId, state: known }] : [];
}
