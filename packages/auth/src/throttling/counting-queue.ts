import { AuthError } from "../errors.ts";
import { createBatches } from "./batches.ts";
import { tooManyAtOnce } from "./lanes.ts";

/** Pieces that wait because of one key, such as an address or a name; a crowd beyond it is refused and slows nobody. */
const mostPerKey = 300;

/** Pieces that wait in all. */
const mostWaiting = 5_000;

/**
 * Does in one transaction what all pieces ask for, in their order, and answers those whose counters somebody else holds at this
 * moment: nothing was decided for them. With `mayWait` it waits for these instead.
 */
export type RunBatch<Piece> = (pieces: readonly Piece[], options: { readonly mayWait: boolean }) => Promise<Set<Piece>>;

export interface CountingQueue<Piece> {
  /** Resolves when the piece was dealt with and committed. Rejects with what the transaction failed for. */
  run(piece: Piece): Promise<void>;
}

/** Something to count, or to take back, in counters that are named by their keys. */
export interface Counting {
  readonly keys: readonly string[];
  /** Whether it is taken however many wait: what was counted is always taken back. */
  readonly isOwed: boolean;
}

interface Waiting<Piece> {
  readonly piece: Piece;
  readonly settled: PromiseWithResolvers<void>;
}

/**
 * Lets all that is to be counted at one moment share one transaction, and the next ones share the next: a crowd costs the pool of
 * connections one, however large it is. Only what meets a counter that another process holds waits for it, on a second connection,
 * so that nobody else does.
 */
export function createCountingQueue<Piece extends Counting>(runBatch: RunBatch<Piece>): CountingQueue<Piece> {
  const perKey = new Map<string, number>();
  let inQueue = 0;

  const held = createBatches((pieces: readonly Waiting<Piece>[]) => settle(pieces, { mayWait: true }));
  const prompt = createBatches(async (pieces: readonly Waiting<Piece>[]) =>
    held.add(...(await settle(pieces, { mayWait: false }))),
  );

  /** Answers those of which nothing has become yet. */
  async function settle(
    waiting: readonly Waiting<Piece>[],
    options: { readonly mayWait: boolean },
  ): Promise<Waiting<Piece>[]> {
    try {
      const left = await runBatch(
        waiting.map(({ piece }) => piece),
        options,
      );
      for (const { piece, settled } of waiting) if (!left.has(piece)) settled.resolve();
      return waiting.filter(({ piece }) => left.has(piece));
    } catch (error) {
      for (const { settled } of waiting) settled.reject(error);
      return [];
    }
  }

  function enter({ keys, isOwed }: Piece): void {
    if (!isOwed) refuseCrowd(keys);
    inQueue += 1;
    for (const key of keys) perKey.set(key, (perKey.get(key) ?? 0) + 1);
  }

  function refuseCrowd(keys: readonly string[]): void {
    if (inQueue >= mostWaiting) {
      throw new AuthError("overloaded", "Too many attempts at once; try again shortly", { retryAfter: 1 });
    }
    if (keys.some((key) => (perKey.get(key) ?? 0) >= mostPerKey)) throw tooManyAtOnce();
  }

  function leave({ keys }: Piece): void {
    inQueue -= 1;
    for (const key of keys) {
      const left = (perKey.get(key) ?? 1) - 1;
      if (left > 0) perKey.set(key, left);
      else perKey.delete(key);
    }
  }

  return {
    async run(piece) {
      enter(piece);
      try {
        const settled = Promise.withResolvers<void>();
        prompt.add({ piece, settled });
        await settled.promise;
      } finally {
        leave(piece);
      }
    },
  };
}
