import { listEvents, type StoredEvent } from "../../audit/audit-log.ts";
import type { Core, Principal } from "./core.ts";
import { toPage } from "./page-cursor.ts";

/** Something that happened to the caller's account. */
export interface OwnEvent {
  readonly id: string;
  readonly occurredAt: Date;
  /** In the past tense, such as `signed_in`: see docs/audit-events.md. */
  readonly event: StoredEvent["event"];
  /** Where it came from; null when nothing says, and where somebody else did it. */
  readonly address: string | null;
  /** Whether it was done by another person, such as an administrator. */
  readonly isByOther: boolean;
}

export interface ListActivityInput {
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface ActivityPage {
  readonly events: readonly OwnEvent[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

/**
 * What happened to the caller's account, the newest first. Who else did something, and from where, is for administrators: of those it says
 * that it was another.
 */
export async function listActivity(
  core: Core,
  { user }: Pick<Principal, "user">,
  { cursor, limit }: ListActivityInput,
): Promise<ActivityPage> {
  const found = await listEvents(core.db, { subjectId: user.id, after: cursor, limit: limit + 1 });
  const { listed, nextCursor } = toPage(found, limit, ({ position }) => position);
  return { events: listed.map(({ event }) => toOwnEvent(event, user.id)), nextCursor };
}

/** What another person does by its nature, whom the trail does not name: a number that they have proved was this account's. */
const byOthersAlone: ReadonlySet<string> = new Set<StoredEvent["event"]>(["name_lost"]);

function toOwnEvent({ id, occurredAt, event, actorId, address }: StoredEvent, userId: string): OwnEvent {
  const isByOther = byOthersAlone.has(event) || (actorId !== null && actorId !== userId);
  return { id, occurredAt, event, address: isByOther ? null : address, isByOther };
}
