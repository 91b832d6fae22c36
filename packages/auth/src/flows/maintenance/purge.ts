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
import { deleteOldEvents as deleteOldWebhooks } from "../../webhooks/webhook-store.ts";
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

/** Deletes what nobody can use any more and audit events past their time, batch by batch. Several processes may do it at once. */
export async function purge(core: Core): Promise<Purged> {
  const { endedRetention } = core.options.sessions;
  await deleteOldSecretKeys(core.db);
  await core.webhooks.register();
  await inBatches((atMost) => deleteOldWebhooks(core.db, atMost));
  const challenges = await inBatches((atMost) => deleteOldChallenges(core.db, atMost));
  const tickets = await inBatches((atMost) => deleteOldTickets(core.db, atMost));
  const halfDone = await inBatches((atMost) => deleteOldSecondFactorTickets(core.db, atMost));
  const used = await inBatches((atMost) => deleteOldPasskeyChallenges(core.db, atMost));
  const exchanged = await inBatches((atMost) => deleteOldAuthorizationCodes(core.db, atMost));
  await inBatches((atMost) => deleteOldFormerPasswords(core.db, atMost));
  await inBatches((atMost) => deleteOldRememberedDevices(core.db, atMost));
  // It reads every account, so that it may take too long: all else is cleared away in any case.
  const [cleared] = await Promise.allSettled([inBatches((atMost) => clearWeakHashes(core, atMost))]);
  const messages = await inBatches((atMost) => deleteOldCounts(core.db, atMost));
  const counts = messages + (await inBatches((atMost) => deleteOldWrongCodes(core.db, atMost)));
  // Before sessions are deleted: codes that wait die with theirs.
  await settleRecoveryCodes(core.db, null);
  await inBatches((atMost) => backfillConsents(core.db, atMost));
  const [warned] = await Promise.allSettled([warnInactive(core)]);
  const purged = {
    codes:
      challenges +
      tickets +
      halfDone +
      used +
      exchanged +
      (await inBatches((atMost) => deleteExpiredCodes(core.db, atMost))),
    notices: await inBatches((atMost) => deleteOldNotices(core.db, atMost)),
    sessions: await inBatches((atMost) => deleteDeadSessions(core.db, { endedRetention, isNeeded, atMost })),
    auditEvents: await purgeEvents(core),
    throttles: counts + (await inBatches((atMost) => deleteForgottenCounters(core.db, atMost))),
    erased: await untilNone((atMost) => eraseSome(core.db, atMost)),
    staged:
      (await untilNone((atMost) => deleteAbandoned(core.db, atMost))) +
      (await inBatches((atMost) => deleteExpiredEntries(core.db, atMost))),
    // Last: a table of a team's own may keep an account from being deleted, and all else is to be cleared away in any case.
    ...(await deleteAccounts(core)),
  };
  for (const done of [cleared, warned]) if (done.status === "rejected") throw done.reason;
  return purged;
}

/** Neither kind waits for the other: what fails of one is thrown once both are done. */
async function deleteAccounts(core: Core): Promise<Pick<Purged, "accounts" | "parked">> {
  const [accounts] = await Promise.allSettled([deleteDueAccounts(core)]);
  const parked = await purgeParked(core);
  if (accounts.status === "rejected") throw accounts.reason;
  return { accounts: accounts.value, parked };
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
