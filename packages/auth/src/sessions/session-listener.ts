import { afterCommit, databaseOf } from "../storage/after-commit.ts";
import type { Queries } from "../storage/database.ts";
import type { SessionEnd, SessionOpening } from "./session.ts";

/** What became of sessions: words of closed lists and counts, never whose they are. */
export type SessionChange =
  /** `old_token`: the first use of a token of another system. */
  | { readonly change: "opened"; readonly by: SessionOpening | "old_token" }
  /**
   * A refresh token was answered. `repeated`: with the answer that it had been given within the grace time. `answered_again`: with another one, since
   * nobody had used the answer before.
   */
  | { readonly change: "refreshed"; readonly how: "rotated" | "repeated" | "answered_again" }
  /** `ran_out`: it came to its end by itself, which is found when its row is cleared away. `user_deleted`: it went with its account. */
  | { readonly change: "ended"; readonly because: SessionEnd | "ran_out" | "user_deleted"; readonly count: number };

/** Told of each change once it is committed. It must not throw. */
export type SessionListener = (change: SessionChange) => void;

const listeners = new WeakMap<object, SessionListener>();

/** Has somebody told of what becomes of sessions by way of a database from now on. */
export function listenToSessions(db: Queries, listener: SessionListener): void {
  listeners.set(db, listener);
}

/** Tells it once what was written is committed, and nothing where it was of no session. */
export function tellSessions(db: Queries, change: SessionChange): void {
  const listener = listeners.get(databaseOf(db));
  if (listener && !(change.change === "ended" && change.count === 0)) afterCommit(db, () => listener(change));
}
