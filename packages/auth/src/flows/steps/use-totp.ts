import { randomBytes } from "node:crypto";
import { readDigits } from "../../challenges/derived-code.ts";
import { AuthError } from "../../errors.ts";
import { describeSecret, findStep, type SharedSecret, secretLength } from "../../second-factors/totp.ts";
import { findTotp, useStep } from "../../second-factors/totp-store.ts";
import { seal, unseal } from "../../secrets.ts";
import type { Queries } from "../../storage/database.ts";
import type { Scope } from "../../throttling/scope.ts";
import { findUser } from "../../users/user-store.ts";
import type { Core } from "./core.ts";

const contextOf = (userId: string) => `totp/${userId}`;

/** A new secret for a user's authenticator app, as it is stored: only this account opens it. */
export function createSealedSecret(core: Core, userId: string): Buffer {
  return seal(core.secondFactorKey(), randomBytes(secretLength), contextOf(userId));
}

/** A sealed secret as its owner takes it over to the authenticator app. */
export async function showSecret(core: Core, db: Queries, userId: string, sealed: Buffer): Promise<SharedSecret> {
  const user = await findUser(db, core.profile, userId);
  const label = user?.username ?? user?.email ?? user?.phoneNumber ?? userId;
  const issuer = core.options.messages.app;
  return describeSecret(unseal(core.secondFactorKey(), sealed, contextOf(userId)), { issuer, label });
}

/** The step at which a one-time password is right for a sealed secret; null for a wrong one, and for a secret that nothing opens any more. */
export function findStepOf(
  core: Core,
  { userId, sealed, typed, now }: { userId: string; sealed: Buffer; typed: string; now: Date },
): number | null {
  const digits = readDigits(typed);
  const secret = openSecret(core, userId, sealed);
  return digits === null || secret === null ? null : findStep(secret, digits, now);
}

/** After `LATCHKEY_SECRET` was lost what it sealed stays shut, and its owner comes back like somebody who has lost the app. */
function openSecret(core: Core, userId: string, sealed: Buffer): Buffer | null {
  try {
    return unseal(core.secondFactorKey(), sealed, contextOf(userId));
  } catch {
    return null;
  }
}

/** Uses a one-time password of an account up, in the transaction of what it opens. False for a wrong one, and for one used before. */
export async function useTotp(
  core: Core,
  transaction: Queries,
  { userId, typed }: { readonly userId: string; readonly typed: string },
): Promise<boolean> {
  const stored = await findTotp(transaction, userId);
  if (!stored) return false;
  const { sealedSecret, now } = stored;
  const step = findStepOf(core, { userId, sealed: sealedSecret, typed, now });
  return step !== null && (await useStep(transaction, { userId, sealedSecret, step }));
}

/** In what a one-time password is counted before it is compared. */
export function scopesOfTotp(userId: string, deviceId: string | null): Scope[] {
  if (deviceId !== null) return [{ limit: "second_factor_known_devices", of: [userId] }];
  return [
    { limit: "second_factor_account", of: [userId] },
    { limit: "second_factor_strangers", of: [userId] },
  ];
}

/** The refusal of a one-time password that is wrong, or was used before. */
export function totpRefused(): AuthError {
  return new AuthError("code_invalid", "The one-time password is not right, or was used already", {
    issues: [{ path: ["totp"], code: "incorrect", message: "is not right, or was used already" }],
  });
}

/** Whether a one-time password was compared, and refused. */
export function isTotpRefusal(error: unknown): boolean {
  return error instanceof AuthError && error.code === "code_invalid" && error.issues?.[0]?.path[0] === "totp";
}

/** The refusal of a ticket that is good no more. */
export function ticketRefused(): AuthError {
  return new AuthError("code_invalid", "The sign-in has run out: begin again", {
    issues: [{ path: ["ticket"], code: "invalid_value", message: "is good no more" }],
  });
}
