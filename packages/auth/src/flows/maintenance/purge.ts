import { sql } from "kysely";
import { deleteOldEvents, eraseSome, findOldEvents } from "../../audit/audit-log.ts";
import { deleteOldSeals } from "../../audit/seal-store.ts";
import { deleteOldChallenges, deleteOldWrongCodes } from "../../challenges/challenge-store.ts";
import { deleteOldTickets } from "../../challenges/ticket-store.ts";
import { backfillConsents } from "../../consents/consent-store.ts";
import { deleteExpiredEntries } from "../../imported-users/blacklist-store.ts";
import { deleteAbandoned } from "../../imported-users/staging-store.ts";
import { deleteOldCounts } from "../../messages/message-counts.ts";
import { deleteOldNotices } from "../../messages/notice-store.ts";
import { deleteOldAuthorizationCodes } from "../../one-time-codes/authorization-code-store.ts";
import { deleteExpiredCodes } from "../../one-time-codes/code-store.ts";
import { settleRecoveryCodes } from "../../one-time-codes/recovery-code-store.ts";
import { deleteOldPasskeyChallenges } from "../../passkeys/passkey-challenge.ts";
import { deleteOldFormerPasswords } from "../../passwords/former-password-store.ts";
import { deleteOldRememberedDevices } from "../../second-factors/remembered-device-store.ts";
import { deleteOldSecondFactorTickets } from "../../second-factors/second-factor-ticket-store.ts";
import { deleteOldSecretKeys } from "../../secret-keys/secret-key-store.ts";
import { deleteDeadSessions } from "../../sessions/session-store.ts";
import { deleteForgottenCounters } from "../../throttling/throttle-store.ts";
import { deleteOldEvents as deleteOldWebhooks, giveUpForgotten } from "../../webhooks/webhook-store.ts";
import type { Core } from "../steps/core.ts";
import { clearWeakHashes } from "./clear-weak-hashes.ts";
import { deleteDueAccounts } from "./delete-accounts.ts";
import { purgeParked } from "./purge-parked.ts";
import { warnInactive } from "./warn-inactive.ts";

/** How many rows were cleared away. */
export interface Purged {
  readonly sessions: number;
  /** Codes of administrators, challenges, and tickets. */
  readonly codes: number;
  readonly auditEvents: number;
  /** What people were told of their accounts, and to where. */
  readonly notices: number;
  /** Counts of attempts and messages that are forgotten. */
  readonly throttles: number;
  /** Accounts that were deleted because their owners asked for it, or nobody used them. */
  readonly accounts: number;
  /** Events of people who were deleted, looked at for addresses. */
  readonly erased: number;
  /** Accounts that had no name for so long that nobody comes back to them. */
  readonly parked: number;
  /** Rows of imports that were killed, and entries of other systems' blacklists whose tokens have expired. */
  readonly staged: number;
}

/** Rows that one statement deletes or changes, so that none holds locks for long. */
const batchSize = 1_000;

/** By the row of what waits it is stopped, and that goes with its session's: however short sessions are, or however long it is held. */
const isNeeded = sql<boolean>`exists (select from latchkey.pending_changes c where c.session_id = sessions.id)`;

/**
 * Deletes what nobody can use any more and audit events past their time, batch by batch. Several processes may do it at once. What fails of it
 * keeps nothing else from being cleared away, and is thrown at the end.
 */
export async function purge(core: Core): Promise<Purged> {
  const { db } = core;
  const { endedRetention } = core.options.sessions;
  const failures: unknown[] = [];
  const settle = async (work: () => Promise<unknown>): Promise<number> => {
    try {
      return Number((await work()) ?? 0);
    } catch (error) {
      failures.push(error);
      return 0;
    }
  };
  const clear = (deleteSome: (atMost: number) => Promise<number>) => settle(() => inBatches(deleteSome));
  await settle(() => deleteOldSecretKeys(db));
  await settle(() => core.webhooks.register());
  await clear((atMost) => giveUpForgotten(db, atMost));
  await clear((atMost) => deleteOldWebhooks(db, atMost));
  const challenges = await clear((atMost) => deleteOldChallenges(db, atMost));
  const tickets = await clear((atMost) => deleteOldTickets(db, atMost));
  const halfDone = await clear((atMost) => deleteOldSecondFactorTickets(db, atMost));
  const used = await clear((atMost) => deleteOldPasskeyChallenges(db, atMost));
  const exchanged = await clear((atMost) => deleteOldAuthorizationCodes(db, atMost));
  await clear((atMost) => deleteOldFormerPasswords(db, atMost));
  await clear((atMost) => deleteOldRememberedDevices(db, atMost));
  await clear((atMost) => clearWeakHashes(core, atMost));
  const counts = await clear((atMost) => deleteOldCounts(db, atMost));
  const wrongCodes = await clear((atMost) => deleteOldWrongCodes(db, atMost));
  // Before sessions are deleted: codes that wait die with theirs.
  await settle(() => settleRecoveryCodes(db, null));
  await clear((atMost) => backfillConsents(db, atMost));
  await settle(() => warnInactive(core));
  const codes = await clear((atMost) => deleteExpiredCodes(db, atMost));
  const purged = {
    codes: challenges + tickets + halfDone + used + exchanged + codes,
    notices: await clear((atMost) => deleteOldNotices(db, atMost)),
    sessions: await clear((atMost) => deleteDeadSessions(db, { endedRetention, isNeeded, atMost })),
    auditEvents: await settle(() => purgeEvents(core)),
    throttles: counts + wrongCodes + (await clear((atMost) => deleteForgottenCounters(db, atMost))),
    erased: await settle(() => untilNone((atMost) => eraseSome(db, atMost))),
    staged:
      (await settle(() => untilNone((atMost) => deleteAbandoned(db, atMost)))) +
      (await clear((atMost) => deleteExpiredEntries(db, atMost))),
    // Last, so that a table of a team's own that keeps an account from being deleted keeps nobody waiting.
    accounts: await settle(() => deleteDueAccounts(core)),
    parked: await settle(() => purgeParked(core)),
  };
  if (failures.length > 0) throw failures[0];
  return purged;
}

/** The chain of seals says before it that events go, and until when. */
async function purgeEvents(core: Core): Promise<number> {
  const { until, isAny } = await findOldEvents(core.db, core.options.auditRetention);
  if (!isAny) return 0;
  await core.sealer.sealDeletion(until);
  const deleted = await inBatches((atMost) => deleteOldEvents(core.db, { until, atMost }));
  await deleteOldSeals(core.db);
  return deleted;
}

/** For steps that may be short in the midst of the work. */
async function untilNone(doSome: (atMost: number) => Promise<number>): Promise<number> {
  let total = 0;
  for (let done = await doSome(batchSize); done > 0; done = await doSome(batchSize)) total += done;
  return total;
}

async function inBatches(deleteSome: (atMost: number) => Promise<number>): Promise<number> {
  let total = 0;
  for (let deleted = batchSize; deleted === batchSize; total += deleted) deleted = await deleteSome(batchSize);
  return total;
}
