import { sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { largestRange, noSeal, type Seal, type SealContent, type SealingKey, sealContent, toEntry } from "./seal.ts";
import {
  findDeletedUntil,
  findFirstSealAfter,
  findLastSeal,
  findNewestPosition,
  insertSeal,
  listSealable,
  listWriters,
  lockSeals,
  tryLockSeals,
} from "./seal-store.ts";

/**
 * Seals the events of the audit trail behind those who write them, so that nobody waits for a seal. An event is sealed once every
 * transaction has ended that may still bring one to stand before it: the ranges of seals have no gaps and get no latecomers.
 */
export interface Sealer {
  /** Seals what can be sealed, and answers how many events that were; nothing while another process is at it. */
  seal(stopping?: AbortSignal): Promise<number>;
  /** Seals that events until a time are deleted from now on. Call it before they are. */
  sealDeletion(until: Date): Promise<void>;
}

export interface SealerOptions {
  readonly db: Queries;
  /** The key that new seals are made with. */
  readonly key: () => SealingKey;
}

/** Events of one seal. */
const eventsPerSeal = 1_000;

/** Seals that are made in one go, so that a trail of before is sealed bit by bit. */
const sealsAtOnce = 200;

interface Horizon {
  /** Every event until this position is written, or will never be, once the writers have ended. */
  readonly position: string;
  readonly writers: readonly string[];
}

export function createSealer({ db, key }: SealerOptions): Sealer {
  let waiting: Horizon | null = null;
  /** The position until which everything is known to be sealed. */
  let sealedUntil: string | null = null;

  /** The position until which all events can be seen; null while somebody may still bring one before it. */
  async function findHorizon(): Promise<string | null> {
    if (!waiting) {
      // In this order: who has taken an earlier position holds the lock from before until their event can be seen.
      const position = await findNewestPosition(db);
      if (position === null || position === sealedUntil) return null;
      waiting = { position, writers: await listWriters(db) };
    } else if (waiting.writers.length > 0) {
      waiting = { ...waiting, writers: await listWriters(db, waiting.writers) };
    }
    if (waiting.writers.length > 0) return null;
    const { position } = waiting;
    waiting = null;
    return position;
  }

  /** One seal of events until a position; how many they were, and null while another process is sealing. */
  async function sealSome(until: string): Promise<number | null> {
    return db.transaction().execute(async (transaction) => {
      if (!(await tryLockSeals(transaction))) return null;
      const last = await findLastSeal(transaction);
      const from = String(BigInt(last?.lastPosition ?? 0) + 1n);
      const events = await listSealable(transaction, { from, to: until, atMost: eventsPerSeal });
      const [first] = events;
      if (!first) return 0;
      // The first range of all begins where there is something.
      const firstPosition = last ? from : first.position;
      const inRange = events.filter(({ position }) => BigInt(position) - BigInt(firstPosition) <= largestRange);
      const newest = inRange.at(-1);
      if (!newest) throw new Error("Positions of the audit trail are too far apart to be sealed");
      const current = key();
      const sealed = {
        kind: "events",
        firstPosition,
        lastPosition: newest.position,
        events: inRange.length,
        entries: Buffer.concat(inRange.map((event) => toEntry(current, firstPosition, event))),
        newestAt: new Date(Math.max(...inRange.map(({ occurredAt }) => occurredAt.getTime()))),
        deletedUntil: null,
        chainStart: null,
      } as const;
      await add(transaction, current, last, sealed);
      return inRange.length;
    });
  }

  return {
    async seal(stopping) {
      let total = 0;
      const until = await findHorizon();
      if (until === null) return 0;
      for (let made = 0; made < sealsAtOnce && !stopping?.aborted; made += 1) {
        const sealed = await sealSome(until);
        // Nothing is left until there: this process or another one has sealed it.
        if (sealed === 0) sealedUntil = until;
        if (!sealed) break;
        total += sealed;
      }
      return total;
    },
    async sealDeletion(until) {
      await db.transaction().execute(async (transaction) => {
        await lockSeals(transaction);
        const last = await findLastSeal(transaction);
        if (!last) return;
        const before = await findDeletedUntil(transaction);
        const deletedUntil = before && before > until ? before : until;
        const number = String(BigInt(last.number) + 1n);
        const chainStart = (await findFirstSealAfter(transaction, deletedUntil)) ?? number;
        const lastPosition = last.lastPosition;
        const firstPosition = String(BigInt(lastPosition) + 1n);
        const range = { firstPosition, lastPosition, events: 0, entries: Buffer.alloc(0), newestAt: null };
        await add(transaction, key(), last, { kind: "retention", ...range, deletedUntil, chainStart });
      });
    },
  };
}

async function add(
  transaction: Queries,
  key: SealingKey,
  last: Pick<Seal, "number" | "mac"> | null,
  content: Omit<SealContent, "number" | "previous" | "sealedAt">,
): Promise<void> {
  const { rows } = await sql<{ now: Date }>`select date_trunc('milliseconds', latchkey.now()) as now`.execute(
    transaction,
  );
  const place = {
    number: String(BigInt(last?.number ?? 0) + 1n),
    previous: last?.mac ?? noSeal,
    sealedAt: rows[0]?.now ?? new Date(0),
  };
  await insertSeal(transaction, sealContent(key, { ...content, ...place }));
}
