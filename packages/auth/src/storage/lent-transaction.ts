import { AsyncLocalStorage } from "node:async_hooks";

/** Whoever works in a transaction that is not theirs. */
export interface Guest {
  /** Whether the transaction was committed to, so that nothing of it is held up any more. */
  isOver: boolean;
}

const guests = new AsyncLocalStorage<Guest>();

/** Runs what has a transaction lent to it, with all that it begins. */
export const asGuest = <T>(guest: Guest, work: () => T): T => guests.run(guest, work);

/** Whether what runs works in a transaction that was lent to it. */
export const isGuest = (): boolean => guests.getStore()?.isOver === false;

/**
 * Refuses another connection to a guest: it would wait for rows that its own transaction holds, or for a connection that others like it have.
 * What it changed there would also stay when its own transaction is undone.
 */
export function refuseGuests(): void {
  if (isGuest()) throw new Error("A hook called Latchkey itself: use the hook's transaction, or do it after the hook");
}
