import { sql } from "kysely";
import { type Authentication, readAuthentication } from "../../sessions/authentication.ts";
import type { SessionOpening } from "../../sessions/session.ts";
import { isLiveSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core } from "./core.ts";
import type { RememberedSignIn } from "./remembered-device.ts";
import { showsTooLittle } from "./second-factor-needed.ts";

/** A session of the pages that an app may be given one from. */
export interface SourceSession extends Authentication {
  readonly authTime: Date;
  /** What its owner showed last, and when. */
  readonly shownBy: SessionOpening;
  readonly shownAt: Date;
  /** Seconds until it ends whatever happens. */
  readonly secondsLeft: number;
  /** The device that took the place of the second factor in it. */
  readonly remembered: RememberedSignIn | null;
}

/**
 * Reads a live session that an app is to be given one from, and keeps it from being ended until the transaction is over. Null when it has
 * ended, when it shows less than its account needs at this moment, and when its owner has shown nothing here.
 */
export async function readSourceSession(core: Core, transaction: Queries, id: string): Promise<SourceSession | null> {
  const row = await transaction
    .selectFrom("sessions as session")
    .innerJoin("users as caller", "caller.id", "session.userId")
    .select(["session.adoptedFrom", "session.acr", "session.amr", "session.authTime", "session.createdAt"])
    .select(["session.openedBy", "session.reauthenticatedAt", "session.reauthenticatedBy", "session.rememberedDevice"])
    .select(sql<number>`floor(extract(epoch from session.expires_at - latchkey.now()))::int`.as("secondsLeft"))
    .where("session.id", "=", id)
    .where(sql<boolean>`${sql.raw(isLiveSession("session"))} and not ${sql.raw(showsTooLittle(core.options))}`)
    .forShare("session")
    .executeTakeFirst();
  const authTime = row && (row.authTime ?? (row.adoptedFrom === null ? row.createdAt : null));
  // In its last second nothing is left that a session could be opened for.
  if (!row || !authTime || row.secondsLeft < 1) return null;
  const { reauthenticatedAt, reauthenticatedBy, openedBy, createdAt, rememberedDevice, secondsLeft } = row;
  const authentication = readAuthentication(row);
  const isRemembered = rememberedDevice !== null && authentication.acr === "1";
  return {
    ...authentication,
    authTime,
    shownAt: reauthenticatedAt ?? createdAt,
    shownBy: (reauthenticatedAt ? reauthenticatedBy : openedBy) ?? "password",
    secondsLeft,
    remembered: isRemembered ? { id: rememberedDevice, secondsLeft } : null,
  };
}
