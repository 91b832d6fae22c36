import { randomUUIDv7 } from "node:crypto";
import type { ColumnType, Generated } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { AuditEvent } from "./audit-event.ts";

declare module "../storage/database.ts" {
  interface Database {
    auditEvents: AuditEventsTable;
  }
}

interface AuditEventsTable {
  id: string;
  occurredAt: Generated<Date>;
  event: AuditEvent["event"];
  actorId: string | null;
  subjectId: string | null;
  address: string | null;
  requestId: string | null;
  detail: ColumnType<Record<string, unknown>, string>;
}

/** Whom an event is about and where it came from. */
export interface AuditFacts {
  /** Who did it; null for somebody who is not signed in, and for the command line. */
  readonly actorId: string | null;
  /** Whose account it concerns; null when that is nobody's. */
  readonly subjectId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

/** Writes one event. Call it inside the transaction of what it tells, so that neither exists without the other. */
export async function recordEvent(db: Queries, { event, ...detail }: AuditEvent, facts: AuditFacts): Promise<void> {
  const { actorId, subjectId, address, requestId } = facts;
  await db
    .insertInto("auditEvents")
    .values({ id: randomUUIDv7(), event, actorId, subjectId, address, requestId, detail: JSON.stringify(detail) })
    .execute();
}
