import { afterCommit, databaseOf } from "../storage/after-commit.ts";
import type { Queries } from "../storage/database.ts";
import type { AuditEvent } from "./audit-event.ts";

/** What is told of the events that this process writes. */
export interface EventListener {
  /** What happened, once it is committed. It must not throw. */
  readonly onEvent?: ((event: AuditEvent) => void) | undefined;
  /** That webhooks are to be told something. */
  readonly onWebhooks?: (() => void) | undefined;
}

const listeners = new WeakMap<object, EventListener>();

/** Has somebody told of the events that are written by way of a database from now on. */
export function listenToEvents(db: Queries, listener: EventListener): void {
  listeners.set(db, listener);
}

/** Tells of an event that was written, once it is committed. */
export function tellEvent(db: Queries, event: AuditEvent): void {
  const { onEvent } = listeners.get(databaseOf(db)) ?? {};
  if (onEvent) afterCommit(db, () => onEvent(event));
}

/** Tells that there is something for webhooks, once it is committed. */
export function tellWebhooks(db: Queries): void {
  const { onWebhooks } = listeners.get(databaseOf(db)) ?? {};
  if (onWebhooks) afterCommit(db, onWebhooks);
}
