import { sql } from "kysely";
import { recordEvent } from "../../audit/audit-log.ts";
import { queueEndedSessions } from "../../audit/webhook-events.ts";
import { withdrawAuthorizationCodes } from "../../one-time-codes/authorization-code-store.ts";
import { deleteAllRememberedDevices } from "../../second-factors/remembered-device-store.ts";
import { endAllSecondFactorTickets } from "../../second-factors/second-factor-ticket-store.ts";
import { type BatchToEnd, countLiveSessions, endSessionsOpenedBefore } from "../../sessions/session-store.ts";
import { markSomeOldTokensEnded } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";

export interface EndAllSessionsInput {
  /** Told after each step how many have ended, and how many there were at the start. */
  readonly onProgress?: (done: number, total: number) => void;
  /** The app whose sessions alone are ended, by its id in the configuration. */
  readonly clientId?: string | undefined;
}

/** Sessions that one transaction ends, so that none holds locks for long. */
const stepSize = 1_000;

const nobody = { actorId: null, subjectId: null, address: null, requestId: null };

/**
 * Ends every session that was opened before it began, the tokens of another system among them, or those of one app, and answers how many. It
 * goes step by step, each written to the audit trail, so that it may be killed at any point and begun again. People sign in anew meanwhile; a
 * session that an app is given meanwhile from one of before is none of those.
 */
export async function endAllSessions(
  core: Core,
  { onProgress = () => {}, clientId }: EndAllSessionsInput = {},
): Promise<number> {
  const before = await readNow(core);
  const total = await countLiveSessions(core.db, { clientId });
  await (clientId === undefined ? endWhatLeadsToSessions(core) : withdrawAuthorizationCodes(core.db, clientId));
  const endNext = (after: string | null) => endSome(core, { before, after, clientId });
  let done = 0;
  for (let step = await endNext(null); ; step = await endNext(step.last)) {
    done += step.count;
    // Of a step that found nothing nobody is told, unless there was nothing at all.
    if (step.count > 0 || done === 0) onProgress(done, Math.max(done, total));
    if (step.count === 0) return done;
  }
}

/** Whatever else opens one, or goes on without a second factor. */
async function endWhatLeadsToSessions({ db }: Core): Promise<void> {
  while ((await markSomeOldTokensEnded(db, stepSize)) > 0);
  await endAllSecondFactorTickets(db);
  await deleteAllRememberedDevices(db);
}

async function readNow({ db }: Core): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select latchkey.now() as now`.execute(db);
  return rows[0]?.now ?? new Date();
}

function endSome(core: Core, of: Pick<BatchToEnd, "before" | "after" | "clientId">) {
  return core.db.transaction().execute(async (transaction) => {
    const because = "ended_by_administrator";
    const batch = { ...of, atMost: stepSize, reason: because, isAdoptedToo: true } as const;
    const ended = await endSessionsOpenedBefore(transaction, batch);
    const client = of.clientId === undefined ? {} : { client: of.clientId };
    const happened = { event: "sessions_ended", because, count: ended.count, ...client } as const;
    if (ended.count > 0) await recordEvent(transaction, happened, nobody);
    await queueEndedSessions(transaction, ended.ids);
    return ended;
  });
}
