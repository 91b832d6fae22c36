import { listEvents, type StoredEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { toPlainAddress } from "../../throttling/address.ts";
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
  /** Only what came from this IP address, whole and in whatever spelling; for a reader who sees addresses. */
  readonly address?: string | undefined;
  /** Only what happened then or later. */
  readonly from?: Date | undefined;
  /** Only what happened before. */
  readonly until?: Date | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface EventPageAnswer {
  readonly events: readonly StoredEvent[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

/**
 * One page of the audit trail, the newest first: with addresses masked for a reader who may not see them, and who cannot find them out by
 * searching for them either.
 *
 * @throws AuthError `permission_denied`
 */
export async function listAuditEvents(
  core: Core,
  { userId, cursor, limit, address, ...wanted }: ListEventsInput,
  reader?: Reader,
): Promise<EventPageAnswer> {
  const isWhole = await seesContact(core, reader);
  if (address !== undefined && !isWhole)
    throw new AuthError("permission_denied", "Without auth.view_contact nothing is found by an address");
  const found = await listEvents(core.db, {
    ...wanted,
    address: address === undefined ? undefined : toPlainAddress(address.trim()),
    ...{ subjectId: userId, after: cursor, limit: limit + 1 },
  });
  const { listed, nextCursor } = toPage(found, limit, ({ position }) => position);
  await recordRead(core, reader, { what: "audit_events", count: listed.length, subjectId: userId ?? null });
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
