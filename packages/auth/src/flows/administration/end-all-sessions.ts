import { sql } from "kysely";
import { recordEvent } from "../../audit/audit-log.ts";
import { queueEndedSessions } from "../../audit/webhook-events.ts";
import { deleteAllRememberedDevices } from "../../second-factors/remembered-device-store.ts";
import { endAllSecondFactorTickets } from "../../second-factors/second-factor-ticket-store.ts";
import { countLiveSessions, endSessionsOpenedBefore } from "../../sessions/session-store.ts";
import { markSomeOldTokensEnded } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";

export interface EndAllSessionsInput {
  /** Told after each step how many have ended, and how many there were at the start. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Sessions that one transaction ends, so that none holds locks for long. */
const stepSize = 1_000;

const nobody = { actorId: null, subjectId: null, address: null, requestId: null };

/**
 * Ends every session that was opened before it began, the tokens of another system among them, and answers how many. It goes step by step,
 * each written to the audit trail, so that it may be killed at any point and begun again. People sign in anew meanwhile; a session that an app
 * is given meanwhile from one of before is none of those.
 */
export async function endAllSessions(core: Core, { onProgress = () => {} }: EndAllSessionsInput = {}): Promise<number> {
  const before = await readNow(core);
  const total = await countLiveSessions(core.db);
  while ((await markSomeOldTokensEnded(core.db, stepSize)) > 0);
  await endAllSecondFactorTickets(core.db);
  await deleteAllRememberedDevices(core.db);
  let done = 0;
  for (let step = await endSome(core, before, null); ; step = await endSome(core, before, step.last)) {
    done += step.count;
    // Of a step that found nothing nobody is told, unless there was nothing at all.
    if (step.count > 0 || done === 0) onProgress(done, Math.max(done, total));
    if (step.count === 0) return done;
  }
}

async function readNow({ db }: Core): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select latchkey.now() as now`.execute(db);
  return rows[0]?.now ?? new Date();
}

function endSome(core: Core, before: Date, after: string | null) {
  return core.db.transaction().execute(async (transaction) => {
    const because = "ended_by_administrator";
    const batch = { before, after, atMost: stepSize, reason: because, isAdoptedToo: true } as const;
    const ended = await endSessionsOpenedBefore(transaction, batch);
    const happened = { event: "sessions_ended", because, count: ended.count } as const;
    if (ended.count > 0) await recordEvent(transaction, happened, nobody);
    await queueEndedSessions(transaction, ended.ids);
    return ended;
  });
}
