import type { AuditEvent } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { randomUUIDv7 } from "../../secrets.ts";
import type { Authentication } from "../../sessions/authentication.ts";
import { describeDevice } from "../../sessions/device.ts";
import { createRefreshToken } from "../../sessions/refresh-token.ts";
import type { SessionOpening } from "../../sessions/session.ts";
import { endSurplusSessions, insertSession, type RedirectedSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import type { Core, RequestInfo } from "./core.ts";
import type { AnsweredSession } from "./issue-session-tokens.ts";
import type { RememberedSignIn } from "./remembered-device.ts";
import { stopDeletion } from "./stop-deletion.ts";

interface Opening {
  readonly user: User;
  readonly facts: RequestInfo;
}

interface NewOpening extends Opening {
  /** What the program calls the device. */
  readonly deviceName?: string | undefined;
  readonly by: SessionOpening;
  /** How its owner showed who they are. */
  readonly authentication: Authentication;
  /** Seconds after which it ends in any case, where its account ends before. */
  readonly atMost?: number | undefined;
  /** For one that an app opens from a session of the pages. */
  readonly redirect?: RedirectedSession;
  /** The device that took the place of the second factor; the session ends with it. */
  readonly remembered?: RememberedSignIn | null;
  /** For a sign-in: what its event says beside the session. Any other opening has an event of its own. */
  readonly signIn?: SignIn;
}

type SignIn = Omit<
  Extract<AuditEvent, { event: "signed_in" }>,
  "event" | "sessionId" | "amr" | "device" | "isRemembered"
>;

/**
 * Opens a session for a user inside the caller's transaction, which holds the user's row. Beyond the most that one person may
 * have, the session that was used longest ago ends; and an account that was to be deleted stays. Its tokens are issued when the transaction is over: that reads the signing
 * key on a connection of its own, and whoever holds one while waiting for another starves everybody.
 */
export async function openSession(
  core: Core,
  transaction: Queries,
  { user, facts, deviceName, by, authentication, atMost, remembered = null, signIn, redirect }: NewOpening,
): Promise<AnsweredSession> {
  const { lifetime, idleLifetime, perUser } = core.options.sessions;
  const id = randomUUIDv7();
  const refreshToken = createRefreshToken(core.refreshKeys()[0], id);
  const ends = [lifetime, atMost, remembered?.secondsLeft].filter((seconds) => seconds !== undefined);
  const { idleExpiresAt, others, isToBeDeleted, ...session } = await insertSession(transaction, {
    id,
    userId: user.id,
    refreshHash: refreshToken.hash,
    lifetimes: { absolute: Math.min(...ends), idle: idleLifetime },
    address: facts.address,
    userAgent: facts.userAgent,
    deviceName: deviceName ?? null,
    locale: facts.locale ?? null,
    openedBy: by,
    authentication,
    redirect,
    ...(remembered && { rememberedDevice: remembered.id }),
  });
  if (signIn) {
    const { amr } = authentication;
    const happened = {
      ...signIn,
      ...(remembered && { isRemembered: true as const }),
      event: "signed_in",
      sessionId: id,
      amr,
      device: describeDevice(facts.userAgent),
    } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: user.id, subjectId: user.id });
  }
  if (others >= perUser) await endSurplus(core, transaction, { user, facts });
  const stopped = { userId: user.id, by: "sign_in", actorId: user.id, facts } as const;
  const isDeletionStopped = isToBeDeleted && (await stopDeletion(core, transaction, stopped));
  const audience = redirect?.audience ?? null;
  return { user, session, audience, idleExpiresAt, rotation: 0, refreshToken, isDeletionStopped };
}

/** Ends the sessions beyond the most that one person may have. */
export async function endSurplus(core: Core, transaction: Queries, { user, facts }: Opening): Promise<void> {
  const surplus = await endSurplusSessions(transaction, { userId: user.id, most: core.options.sessions.perUser });
  if (surplus.length === 0) return;
  const happened = { event: "sessions_ended", because: "too_many_sessions", count: surplus.length } as const;
  await recordEvent(transaction, happened, { ...facts, actorId: user.id, subjectId: user.id });
}
