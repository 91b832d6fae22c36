import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import { AuthError, type SecondFactorMethod, type SecondFactorRequest } from "../../errors.ts";
import {
  insertSecondFactorTicket,
  type SecondFactorPurpose,
  type SecondFactorTicket,
  type StoredSecondFactorTicket,
} from "../../second-factors/second-factor-ticket-store.ts";
import type { SessionOpening } from "../../sessions/session.ts";
import type { Queries } from "../../storage/database.ts";
import type { Evidence } from "../../ways-in/may-open.ts";
import type { Core, RequestInfo } from "./core.ts";
import type { GateAccount } from "./gate.ts";
import { findKnownDevice } from "./known-device.ts";
import { rememberableFor } from "./remembered-device.ts";

/** A way in of which all is shown but the second factor, or a new password. */
export interface HalfSignIn {
  readonly account: Pick<GateAccount, "id" | "factors" | "state">;
  readonly evidence: readonly Evidence[];
  readonly purpose: SecondFactorPurpose;
  readonly by: SessionOpening;
  /** The kind of name by which they came. */
  readonly identifier: "username" | "phone" | "email" | "alias" | "none";
  readonly deviceId: string | null;
  readonly deviceName?: string | undefined;
  /** The encoded hash of a password that is set once the factor is shown. */
  readonly nextPassword?: string;
  readonly facts: RequestInfo;
}

/**
 * Keeps what was shown behind a ticket, in the caller's transaction, which has to be committed. There is no session and no token until the
 * second factor is shown: throw {@link secondFactorRequired} of the answer afterwards.
 */
export async function askForSecondFactor(
  core: Pick<Core, "options">,
  transaction: Queries,
  half: HalfSignIn,
): Promise<SecondFactorRequest> {
  const { account, purpose, facts } = half;
  const { ticket, expiresAt } = await keepHalfSignIn(transaction, half);
  const methods = listMethods(account);
  const isToEnroll = methods.length === 0;
  const rememberSeconds = rememberableFor(core, account);
  const about: AuditFacts = { ...facts, actorId: null, subjectId: account.id };
  await recordEvent(transaction, { event: "second_factor_asked", purpose, isToEnroll }, about);
  return {
    ...{ ticket, ticketExpiresAt: expiresAt, methods },
    ...(isToEnroll && { enroll: listEnrollable(core) }),
    ...(rememberSeconds !== null && { rememberSeconds }),
  };
}

/** Keeps what was shown behind a ticket. */
export function keepHalfSignIn(transaction: Queries, half: HalfSignIn): Promise<SecondFactorTicket> {
  const { account, evidence, purpose, by, identifier, deviceId, deviceName = null, nextPassword = null } = half;
  return insertSecondFactorTicket(transaction, {
    userId: account.id,
    purpose,
    evidence: evidence.filter((shown) => shown !== "known_device"),
    openedBy: by,
    identifier,
    deviceId,
    deviceName,
    nextPassword,
  });
}

/** What was shown for a ticket. A device that the account knew is the one that it is good on. */
export function evidenceOf({ evidence, deviceId }: StoredSecondFactorTicket): Evidence[] {
  return [...evidence, ...(deviceId === null ? [] : ["known_device"])] as Evidence[];
}

/** The way in that goes on with a ticket, as {@link keepHalfSignIn} has kept it. */
export function readHalfSignIn(
  ticket: StoredSecondFactorTicket,
): Pick<HalfSignIn, "evidence" | "purpose" | "by" | "identifier" | "deviceId" | "deviceName"> {
  const { purpose, openedBy, identifier, deviceId, deviceName } = ticket;
  return {
    evidence: evidenceOf(ticket),
    purpose,
    by: (openedBy ?? "password") as SessionOpening,
    identifier: (identifier ?? "username") as HalfSignIn["identifier"],
    deviceId,
    deviceName: deviceName ?? undefined,
  };
}

/** What the event of a sign-in says of a way in that went on with a ticket. */
export function describeSignIn({ identifier, by }: Pick<HalfSignIn, "identifier" | "by">) {
  return { identifier, ...(by === "code" && { by }) };
}

/** A ticket that was made for a known device is good there alone. */
export function isSameDevice(
  core: Core,
  owner: GateAccount,
  { deviceId }: StoredSecondFactorTicket,
  mark: string | undefined,
): boolean {
  return deviceId === null || findKnownDevice(core, owner, mark) === deviceId;
}

/** What somebody can set up who needs a second factor. */
function listEnrollable({ options }: Pick<Core, "options">): SecondFactorMethod[] {
  return options.passkeys ? ["totp", "passkey"] : ["totp"];
}

/** The second factors that an account has. */
export function listMethods({ factors }: Pick<GateAccount, "factors">): SecondFactorMethod[] {
  return [...(factors.hasTotp ? (["totp"] as const) : []), ...(factors.hasPasskey ? (["passkey"] as const) : [])];
}

export function secondFactorRequired(asked: SecondFactorRequest): AuthError {
  const message = asked.enroll ? "This account needs a second factor: set one up" : "Show the second factor too";
  return new AuthError("second_factor_required", message, { secondFactor: asked });
}
