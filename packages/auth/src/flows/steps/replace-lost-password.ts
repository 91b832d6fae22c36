import { recordEvent } from "../../audit/audit-log.ts";
import { endChallenges } from "../../challenges/challenge-store.ts";
import { withdrawCode } from "../../one-time-codes/code-store.ts";
import { forgetFormerPassword, keepFormerPassword } from "../../passwords/former-password-store.ts";
import { isUnusablePassword } from "../../passwords/unusable-password.ts";
import type { Queries } from "../../storage/database.ts";
import type { Admission } from "../../throttling/throttle.ts";
import { type Account, requireNewPassword, updatePassword } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "./core.ts";
import { keepNotice } from "./keep-notice.ts";
import { raiseDeviceEpoch } from "./known-device.ts";
import { resetAccountLimits } from "./reset-sign-in-limits.ts";
import { revokeAccess } from "./revoke-access.ts";
import { stopDeletion } from "./stop-deletion.ts";

export interface PasswordToReplace {
  /** With its row held. */
  readonly account: Account;
  /** The encoded hash of the new one. */
  readonly encoded: string;
  /** What was shown for it: the one before, or something in its place. Absent for an administrator's code and at the command line. */
  readonly by?: "password" | "phone" | "email" | "recovery_code";
  /** Whether its owner replaces it at the next sign-in, because somebody else chose it. */
  readonly isToBeReplaced?: boolean;
  /** Of the device that sets it, where it is known. */
  readonly deviceId?: string | null;
  /** What the attempt was counted in, and waits at the name that was typed for it. */
  readonly counted?: Admission["counted"];
  readonly facts: RequestInfo;
}

/** What became of whatever the password before had opened. */
export interface PasswordReplaced {
  readonly sessionsEnded: number;
  /** Whether the account was to be deleted, and stays because of this. */
  readonly isDeletionStopped: boolean;
  readonly deviceEpoch: number;
  readonly deviceMark: string;
}

/**
 * Sets a password outside of a session, and ends whatever must not outlive that one: old tokens, sessions, codes
 * that are under way, changes that wait, wrong attempts, and every other device. The owner is told.
 */
export async function replaceLostPassword(
  core: Core,
  transaction: Queries,
  { account, encoded, by, isToBeReplaced = false, deviceId = null, counted, facts }: PasswordToReplace,
): Promise<PasswordReplaced> {
  const { id: userId } = account;
  await updatePassword(transaction, userId, encoded, by === "recovery_code" ? null : by);
  if (isToBeReplaced) await requireNewPassword(transaction, userId);
  await keepOrForget(transaction, account, by);
  await withdrawCode(transaction, { userId, purpose: "set_password" });
  await endChallenges(transaction, userId);
  const revoked = { userId, reason: "password_changed", changesEnd: "new_password", facts } as const;
  const sessionsEnded = await revokeAccess(core, transaction, revoked);
  const stopped = { userId, by: "new_password", actorId: null, facts } as const;
  const isDeletionStopped = await stopDeletion(core, transaction, stopped);
  if (by === "password") {
    const about = { ...facts, actorId: userId, subjectId: userId };
    await recordEvent(transaction, { event: "password_changed", sessionsEnded }, about);
  } else {
    const happened = { event: "password_reset", sessionsEnded, ...(by && { by }) } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: null, subjectId: userId });
  }
  await keepNotice(core, transaction, { userId, kind: kindsOfNotice[by ?? "phone"], facts });
  const device = await raiseDeviceEpoch(core, transaction, { userId, deviceId });
  await resetAccountLimits(core, transaction, account, counted);
  return { sessionsEnded, isDeletionStopped, ...device };
}

const kindsOfNotice = {
  password: "password_changed",
  phone: "password_reset",
  email: "password_reset",
  recovery_code: "recovery_code_used",
} as const;

/**
 * After a code that was sent, the password from before can hold what the new one is worth. What leads back to the owner alone ends that: a
 * recovery code, an administrator and the operator. The password that is replaced does not: a code may have set it.
 */
async function keepOrForget(transaction: Queries, account: Account, by: PasswordToReplace["by"]): Promise<void> {
  const { id: userId, password, deviceEpoch } = account;
  if (by === "password") return;
  if (by !== "phone" && by !== "email") return forgetFormerPassword(transaction, userId);
  if (!isUnusablePassword(password)) await keepFormerPassword(transaction, { userId, password, deviceEpoch });
}
