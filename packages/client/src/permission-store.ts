import { pause } from "./callbacks.ts";

/** Milliseconds after which a read that failed is tried again. */
const pauseAfterFailure = 3_000;

/** Whether a permission is held. */
export type Held = "yes" | "no" | "unknown";

/** What it needs of a client. */
interface Client {
  permissions(): Promise<readonly string[]>;
  subscribe(listener: () => void): () => void;
  getSnapshot(): { readonly status: string; readonly user: { readonly id: string } | null };
}

/** What one person holds, once it was read. */
interface Read {
  readonly personId: string | undefined;
  names?: readonly string[];
}

export interface PermissionStore {
  subscribe(listener: () => void): () => void;
  find(permission: string): Held;
}

/** Reads the permissions of whoever is signed in once for all who listen, and anew when the person changes, or after a read that failed. */
export function createPermissionStore(client: Client): PermissionStore {
  const listeners = new Set<() => void>();
  let read: Read | undefined;
  let stop = () => {};

  const isOfPerson = () => client.getSnapshot().user?.id === read?.personId;

  function refresh(): void {
    if (!isOfPerson()) void start(client.getSnapshot().user?.id);
    for (const listener of [...listeners]) listener();
  }

  async function start(personId: string | undefined): Promise<void> {
    const mine: Read = { personId };
    read = mine;
    if (personId === undefined) return;
    try {
      mine.names = await client.permissions();
    } catch {
      await pause(pauseAfterFailure);
      // Without anybody who listens, the next one who does tries again.
      if (read === mine) read = undefined;
    }
    if (listeners.size > 0) refresh();
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) stop = client.subscribe(refresh);
      // Nobody renders for this: a component that is about to show asks for it.
      if (!isOfPerson()) refresh();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) stop();
      };
    },
    find(permission) {
      const { status, user } = client.getSnapshot();
      if (!user) return status === "signedOut" ? "no" : "unknown";
      if (read?.personId !== user.id || !read.names) return "unknown";
      return read.names.includes(permission) ? "yes" : "no";
    },
  };
}
