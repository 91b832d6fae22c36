import type { AuditEvent } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import type { Core } from "./core.ts";
import type { Reader } from "./masked-contact.ts";

interface Read extends Pick<Extract<AuditEvent, { event: "data_read" }>, "what" | "count"> {
  /** Whose data it is; null for that of several people. */
  readonly subjectId?: string | null;
}

/**
 * Writes down, where the option `auditReads` asks for it, that somebody reads other people's data, before they are answered. Without a
 * reader a program of the installation's own reads, which says for itself what is done with it.
 */
export async function recordRead(core: Core, reader: Reader, { what, count, subjectId = null }: Read): Promise<void> {
  if (!core.options.auditReads || !reader || reader.user?.id === subjectId) return;
  const { address, requestId } = reader.facts;
  const about = { address, requestId, actorId: reader.user?.id ?? null, subjectId };
  await recordEvent(core.db, { event: "data_read", what, count }, about);
}
