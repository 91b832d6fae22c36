import { mostTries, pauseAfter, settle, within } from "./callbacks.ts";
import type { AuthStorage } from "./storage.ts";

/** Milliseconds for which a read or a write is waited for. It goes on after that, and those behind it wait for it. */
const timeLimit = 2_000;
/** Reads that may wait behind a storage that does not answer. */
const mostWaiting = 100;

/** A storage in which one thing happens at a time, in the order in which it was asked for, and whose failures are answers. */
export interface StorageQueue {
  /** Settles once the storage was read for the first time, however long that takes. Undefined when that failed. */
  readonly first: Promise<string | null | undefined>;
  /** What is stored; undefined when that cannot be told: the storage fails or does not answer, or the last write has not landed. */
  read(): Promise<string | null | undefined>;
  /** Stores what {@link Stored.compose} answers when the write's turn has come. */
  write(): Promise<void>;
  /** Stores what is made of that which is stored, before anything else is read or written; nothing changes for undefined. */
  update(change: (text: string | null | undefined) => string | null | undefined): Promise<void>;
}

/** What is to be in the storage. */
export interface Stored {
  /** The text by now; null for nothing. */
  compose(): string | null;
  /** Hears what is still in a storage that has failed, before it is tried again. */
  noteStale(text: string | null): void;
}

export function createStorageQueue(storage: AuthStorage, { compose, noteStale }: Stored): StorageQueue {
  let last: Promise<unknown> = Promise.resolve();
  let [waiting, writes] = [0, 0];
  let hasLanded = true;

  function enqueue<T>(step: () => T | PromiseLike<T>): Promise<T | undefined> {
    waiting += 1;
    const result = last.then(() => settle(step)).catch(() => undefined);
    last = result.finally(() => {
      waiting -= 1;
    });
    return result;
  }

  async function store(value: string | null, tries = 1): Promise<void> {
    hasLanded = false;
    writes += 1;
    try {
      await (value === null ? storage.remove() : storage.set(value));
      hasLanded = true;
    } catch (error) {
      void storeAgain(writes, tries);
      throw error;
    }
  }

  /** A storage that fails for a while would give back at the next start who was signed in before. */
  async function storeAgain(write: number, tries: number): Promise<void> {
    await pauseAfter(tries);
    await enqueue(async () => {
      if (write !== writes || tries >= mostTries) return;
      noteStale(await settle(getText).catch(() => null));
      await store(compose(), tries + 1);
    });
  }

  /** What is no text is nothing: a `Map` answers undefined for it, which here is said of a storage that cannot be read. */
  async function getText(): Promise<string | null> {
    const text: unknown = await storage.get();
    return typeof text === "string" ? text : null;
  }

  const get = async () => (hasLanded ? getText() : undefined);

  return {
    first: enqueue(get),
    read: async () => (waiting > mostWaiting ? undefined : within(timeLimit, enqueue(get))),
    async write() {
      await within(
        timeLimit,
        enqueue(() => store(compose())),
      );
    },
    async update(change) {
      const step = async () => {
        const value = change(await settle(get).catch(() => undefined));
        if (value !== undefined) await store(value);
      };
      await within(timeLimit, enqueue(step));
    },
  };
}
