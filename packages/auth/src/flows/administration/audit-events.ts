import { listEvents, type StoredEvent } from "../../audit/audit-log.ts";
import type { Core } from "../steps/core.ts";
import { maskAddress, type Reader, seesContact } from "../steps/masked-contact.ts";
import { toPage } from "../steps/page-cursor.ts";
import { recordRead } from "../steps/record-read.ts";

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

/** One page of the audit trail, the newest first: with addresses masked for a reader who may not see them. */
export async function listAuditEvents(
  core: Core,
  { userId, actorId, event, cursor, limit }: ListEventsInput,
  reader?: Reader,
): Promise<EventPageAnswer> {
  const found = await listEvents(core.db, { subjectId: userId, actorId, event, after: cursor, limit: limit + 1 });
  const { listed, nextCursor } = toPage(found, limit, ({ position }) => position);
  await recordRead(core, reader, { what: "audit_events", count: listed.length, subjectId: userId ?? null });
  const isWhole = await seesContact(core, reader);
  return { events: listed.map(({ event }) => (isWhole ? event : maskEvent(event))), nextCursor };
}

function maskEvent({ address, detail, ...event }: StoredEvent): StoredEvent {
  const { previousAddress } = detail;
  return {
    ...event,
    address: address === null ? null : maskAddress(address),
    detail: typeof previousAddress === "string" ? { ...detail, previousAddress: maskAddress(previousAddress) } : detail,
  };
}
