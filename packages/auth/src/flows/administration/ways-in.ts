import { type Consent, listConsents } from "../../consents/consent-store.ts";
import { type RecoveryCodeStatus, readRecoveryCodes } from "../../one-time-codes/recovery-code-store.ts";
import { listPasskeys } from "../../passkeys/passkey-store.ts";
import { isUnusablePassword } from "../../passwords/unusable-password.ts";
import { describeTotp } from "../../second-factors/totp-store.ts";
import type { ClosedLimit } from "../../throttling/throttle.ts";
import { findProofs, type StoredProofs } from "../../users/user-store.ts";
import { type Administrator, getUserOrThrow, noSuchUser, requireAuthorityOver } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { maskAddress, seesContact } from "../steps/masked-contact.ts";
import { recordRead } from "../steps/record-read.ts";
import { signInScopesOf } from "../steps/reset-sign-in-limits.ts";

/** Who says that a number or an address is the account's. */
export interface NameProof {
  /** `code`: its owner proved it. `administrator`: one vouched for it. `claim`: another system says so, and nobody has proved it here. */
  readonly by: "code" | "administrator" | "claim";
  /** Since when; null for a claim. */
  readonly since: Date | null;
}

/** By what an account is entered, and what holds that up. No secret is in it. */
export interface WaysIn {
  /** Null where there is no number. */
  readonly phoneNumber: NameProof | null;
  readonly email: NameProof | null;
  readonly password: {
    readonly isSet: boolean;
    /** Null where it is not known, as for one that was imported. */
    readonly setAt: Date | null;
    /** Since when it has to be replaced at the next sign-in; null where it has not. */
    readonly changeDueAt: Date | null;
  };
  /** Null where there is no authenticator app. */
  readonly totp: { readonly since: Date; readonly lastUsedAt: Date | null } | null;
  readonly passkeys: { readonly count: number; readonly lastUsedAt: Date | null };
  /** Null for somebody who has none. */
  readonly recoveryCodes: RecoveryCodeStatus | null;
  /** What its owner agreed to, the newest first. */
  readonly consents: readonly Consent[];
  /** Limits that wrong passwords and codes have run into and that keep it shut at this moment; `unlock` opens them. */
  readonly limits: readonly ClosedLimit[];
}

/**
 * By what somebody signs in, since when and by whose word, and what keeps them out. For those who could change it.
 *
 * @throws AuthError `not_found`, `permission_denied` when the account stands above
 */
export async function getWaysIn(core: Core, admin: Administrator, id: string): Promise<WaysIn> {
  const target = await getUserOrThrow(core, id);
  await requireAuthorityOver(core.db, admin.user, target);
  const [proofs, totp, passkeys, recoveryCodes, consents, limits] = await Promise.all([
    findProofs(core.db, target.id),
    describeTotp(core.db, target.id),
    listPasskeys(core.db, target.id),
    readRecoveryCodes(core.db, target.id),
    listConsents(core.db, target.id),
    core.throttle.findClosed(signInScopesOf(core, target)),
  ]);
  if (!proofs) throw noSuchUser();
  await recordRead(core, admin, { what: "user", count: 1, subjectId: target.id });
  const isWhole = admin.user.id === target.id || (await seesContact(core, admin));
  return {
    ...describeProofs(proofs),
    totp: totp && { since: totp.createdAt, lastUsedAt: totp.lastUsedAt },
    passkeys: { count: passkeys.length, lastUsedAt: findLatest(passkeys.map(({ lastUsedAt }) => lastUsedAt)) },
    recoveryCodes,
    consents: isWhole ? consents : consents.map(withMaskedAddress),
    limits,
  };
}

function describeProofs(proofs: StoredProofs): Pick<WaysIn, "phoneNumber" | "email" | "password"> {
  const { phoneNumber, email, password, passwordSetAt, passwordChangeDueAt } = proofs;
  const isSet = !isUnusablePassword(password);
  return {
    phoneNumber: phoneNumber === null ? null : toProof(proofs.phoneProvedAt, proofs.phoneVouchedAt),
    email: email === null ? null : toProof(proofs.emailProvedAt, proofs.emailVouchedAt),
    password: { isSet, setAt: isSet ? passwordSetAt : null, changeDueAt: isSet ? passwordChangeDueAt : null },
  };
}

/** What its owner proved counts for more than what somebody vouched for. */
function toProof(provedAt: Date | null, vouchedAt: Date | null): NameProof {
  if (provedAt) return { by: "code", since: provedAt };
  return vouchedAt ? { by: "administrator", since: vouchedAt } : { by: "claim", since: null };
}

const findLatest = (times: readonly (Date | null)[]): Date | null =>
  times.reduce((latest, time) => (time && (!latest || time > latest) ? time : latest), null);

const withMaskedAddress = ({ address, ...consent }: Consent): Consent => ({
  ...consent,
  address: address === null ? null : maskAddress(address),
});
