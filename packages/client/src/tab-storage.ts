import type { AuthStorage } from "./storage.ts";

/** Of clients, what is kept beside the tab's storage: all there is where there are no tabs, such as on a phone or a server. */
const memories = new WeakMap<object, Map<string, string>>();

const hasTabs = () => "document" in globalThis;

/** An entry that lives as long as a tab, through reloads; elsewhere, and on a page that may store nothing, as long as the client. */
export interface TabStorage extends Omit<AuthStorage, "isShared" | "subscribe"> {
  /** @throws where the page may not store anything, and nothing was kept since it was loaded */
  get(): string | null;
  /** @throws where the page may not store it, so that it is gone at a reload */
  set(text: string): void;
  /** @throws where the page may not store anything */
  remove(): void;
}

/** @param client whose it is where there are no tabs: on a server, many people share one process */
export function findTabStorage(client: object, key: string): TabStorage {
  const memory = memories.get(client) ?? new Map<string, string>();
  memories.set(client, memory);
  return {
    get: () => memory.get(key) ?? (hasTabs() ? sessionStorage.getItem(key) : null),
    set(text) {
      memory.set(key, text);
      if (hasTabs()) sessionStorage.setItem(key, text);
    },
    remove() {
      memory.delete(key);
      if (hasTabs()) sessionStorage.removeItem(key);
    },
  };
}
