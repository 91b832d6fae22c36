import { listEvents, type StoredEvent } from "../../audit/audit-log.ts";
import type { Core } from "../steps/core.ts";
import { toPage } from "../steps/page-cursor.ts";

export interface ListEventsInput {
  /** Only events about this user. */
  readonly userId?: string | undefined;
  /** Only what this user did. */
  readonly actorId?: string | undefined;
  /** Only events of this name, such as `signed_in`. */
  readonly event?: string | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface EventPageAnswer {
  readonly events: readonly StoredEvent[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** One page of the audit trail, the newest first. */
export async function listAuditEvents(
  core: Core,
  { userId, actorId, event, cursor, limit }: ListEventsInput,
): Promise<EventPageAnswer> {
  const found = await listEvents(core.db, { subjectId: userId, actorId, event, after: cursor, limit: limit + 1 });
  const { listed, nextCursor } = toPage(found, limit, ({ position }) => position);
  return { events: listed.map(({ event }) => event), nextCursor };
}
