/** Where a session is kept between runs of a program. What is stored is a secret of the person's. */
export interface AuthStorage {
  get(): string | null | Promise<string | null>;
  set(value: string): void | Promise<void>;
  remove(): void | Promise<void>;
  /**
   * Whether other programs can read it, as every script of a site reads the browser's storages: of the person, only the id is stored then, and
   * the rest is fetched at the start.
   */
  readonly isShared?: boolean;
  /** Calls back when somebody else, such as another tab, changed what is stored. Answers how to stop that. */
  subscribe?(listener: () => void): () => void;
}

/** Keeps the session in memory: it is gone with the page or the process. The default. */
export function memoryStorage(): AuthStorage {
  let stored: string | null = null;
  return {
    get: () => stored,
    set: (value) => {
      stored = value;
    },
    remove: () => {
      stored = null;
    },
  };
}

/**
 * Keeps the session in the browser, where all tabs of the site share it and any script of the site can read it.
 *
 * @param key the name of the entry; two clients on one site need two
 */
export function localStorageStorage(key = "latchkey"): AuthStorage {
  return {
    isShared: true,
    get() {
      try {
        return localStorage.getItem(key);
      } catch {
        // A page that may store nothing, or a place that has no such storage, holds nobody.
        return null;
      }
    },
    set: (value) => localStorage.setItem(key, value),
    remove: () => localStorage.removeItem(key),
    subscribe(listener) {
      const onChange = (event: StorageEvent) => {
        if (event.key === key || event.key === null) listener();
      };
      // A server that renders the page has no such events, and a phone has no such storage.
      globalThis.addEventListener?.("storage", onChange);
      return () => globalThis.removeEventListener?.("storage", onChange);
    },
  };
}
