import { recordEvent } from "../../audit/audit-log.ts";
import { endChallengesOfKeys } from "../../challenges/challenge-store.ts";
import { endSessionsOpenedBefore } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core } from "../steps/core.ts";
import { prepareKeys } from "./prepare-keys.ts";

export interface ResealInput {
  /** The other secrets are known to somebody: nothing that was made with them is good any more, and everybody signs in again. */
  readonly compromised?: boolean;
  /** A secret is lost: what it sealed is replaced, and everybody signs in again. */
  readonly lost?: boolean;
}

/** What a change of the secret moved and ended. */
export interface Resealed {
  /** Keys that are sealed with the first secret now. */
  readonly moved: number;
  /** Keys that were made with it. */
  readonly made: number;
  readonly sessionsEnded: number;
  readonly challengesEnded: number;
  /** Keys that none of the secrets opens. */
  readonly left: number;
}

/** Rows that one statement changes, so that none holds locks for long. */
const batchSize = 1_000;

/** Seconds after a new key was made in which a process may not have heard of it. */
const unheard = 60;

/**
 * Brings everything under the first secret: makes new keys for what comes, and seals with it what the others have sealed. Each step is a
 * statement or a short transaction, and finds out for itself what is left to do: whoever breaks it off calls it again.
 *
 * Where another secret is compromised or lost, whatever was made with it ends instead. Its keys go last: until then it can be told what
 * was theirs.
 *
 * @throws StartError when there are keys that none of the secrets opens, and none of them is said to be lost
 */
export async function reseal(core: Core, { compromised = false, lost = false }: ResealInput): Promise<Resealed> {
  const { keyRing, secretKeys } = core;
  if (!lost) {
    await prepareKeys(core, "missing");
  }
  const isGivenUp = compromised || lost;
  const made = await core.db.transaction().execute(async (transaction) => {
    const renewed = await secretKeys.renew(transaction, { givesUpLost: lost });
    if (renewed > 0 && !isGivenUp) await record(transaction, "replaced");
    return renewed;
  });
  const ended = isGivenUp ? await giveUp(core, { lost }) : nothing;
  const moved = (await keyRing.reseal()) + (await secretKeys.reseal());
  await secretKeys.reread();
  const left = (await keyRing.countSeals()).none + (await secretKeys.count()).none;
  return { moved, made, ...ended, left };
}

type Ended = Pick<Resealed, "sessionsEnded" | "challengesEnded">;

const nothing: Ended = { sessionsEnded: 0, challengesEnded: 0 };

/** Ends what was made with other secrets than the first. Whoever knew one of them may have followed its sessions to their present tokens. */
async function giveUp(core: Core, { lost }: { readonly lost: boolean }): Promise<Ended> {
  const { db, keyRing, secretKeys } = core;
  const foreign = await secretKeys.listForeign();
  const seals = await keyRing.countSeals();
  if (foreign.length + seals.others + seals.none === 0) return nothing;
  await db.transaction().execute(async (transaction) => {
    const removal = { dangerouslyRemoveOldKeys: true, dangerouslyGiveUpLostKeys: lost };
    await keyRing.rotate(transaction, { publishSeconds: 0, ...removal });
    await record(transaction, lost ? "lost" : "compromised");
  });
  const sessionsEnded = await endSessionsOf(core, await secretKeys.findBeginning("refresh-tokens"));
  const ids = foreign.map(({ id }) => id);
  let challengesEnded = 0;
  for (let ended = batchSize; ended === batchSize; challengesEnded += ended)
    ended = await endChallengesOfKeys(db, ids, batchSize);
  await secretKeys.forget(foreign);
  return { sessionsEnded, challengesEnded };
}

async function endSessionsOf({ db }: Core, newKeySince: Date): Promise<number> {
  const before = new Date(newKeySince.getTime() + unheard * 1_000);
  // Sessions in which there is nothing but another system's token are not the secret's, and stay.
  const which = { before, atMost: batchSize, reason: "secret_changed", isAdoptedToo: false } as const;
  let total = 0;
  let ended = await endSessionsOpenedBefore(db, { ...which, after: null });
  while (ended.ids.length > 0) {
    total += ended.count;
    ended = await endSessionsOpenedBefore(db, { ...which, after: ended.last });
  }
  return total;
}

async function record(transaction: Queries, because: "replaced" | "compromised" | "lost"): Promise<void> {
  const nobody = { actorId: null, subjectId: null, address: null, requestId: null };
  await recordEvent(transaction, { event: "secret_resealed", because }, nobody);
}
