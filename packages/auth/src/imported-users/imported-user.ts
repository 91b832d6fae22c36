/** A person of another system, as a round read them: that system's own texts, byte for byte. */
export interface ImportedPerson {
  /** The primary key over there, as text. */
  readonly oldId: string;
  readonly username: string | null;
  readonly phoneNumber: string | null;
  /** When they joined over there. An id that comes back with another time is another person's. */
  readonly joinedAt?: Date | null | undefined;
}

/** Whom a row is about: the system, and the primary key over there. */
export interface ImportedKey {
  readonly source: string;
  readonly oldId: string;
}

/** One thing of somebody there that was not taken as it stands there. */
export interface ImportIssue {
  /** Why, as the command tells it, such as `username_shared`. */
  readonly code: string;
  readonly field: string;
  /** What was decided, without what something is called now: `drop`, `rename`, `set`, `alias`, `skip`; null for nothing yet. */
  readonly decision: string | null;
}

/** A person of the other system of whom there is something left to know, or to do. */
export interface UnsettledUser extends ImportedKey {
  /** Null for somebody who has no account here. */
  readonly userId: string | null;
  readonly oldUsername: string | null;
  readonly oldPhone: string | null;
  readonly goneAt: Date | null;
  readonly deletedAt: Date | null;
  readonly issues: readonly ImportIssue[] | null;
}

/** What a name of the other system finds there: the person, and who that is here. */
export interface ImportedUser {
  /** Null for somebody who has no account here, or whose account was deleted. */
  readonly userId: string | null;
  readonly oldUsername: string | null;
  readonly oldPhone: string | null;
  /** When the first round began that saw this name and this number together, by the other system's clock. */
  readonly namedSince: Date;
  /** When the last complete round began that saw them, by the other system's clock. */
  readonly seenAt: Date;
}

/** What an old token says, as the other system wrote it. */
export interface OldClaims {
  readonly username: string;
  readonly phoneNumber: string | null;
  readonly issuedAt: Date;
}

/** Why an old token is not adopted; for the log, never for the caller. */
export type AdoptionRefusal =
  | "unknown_name"
  | "no_account"
  | "other_claims"
  | "older_than_the_name"
  | "younger_than_the_last_round"
  | "old_tokens_ended"
  | "blacklist_not_read"
  | "blacklisted"
  | "staff"
  | "second_factor";

/** Milliseconds that the clocks of the other system's machines may differ by, and that its own writes may take. */
const margin = 60_000;

/** A person of the other system by their id there, and when they joined it. */
export interface NumberedUser extends Pick<ImportedUser, "userId" | "seenAt"> {
  readonly oldJoinedAt: Date | null;
}

/**
 * The account that a token stands for which names an old id, or why there is none. An id does not change hands as a name does, unless its
 * person is deleted over there: so the token must not be older than its person, nor younger than the last round.
 */
export function judgeNumberedToken(
  found: NumberedUser | null,
  { issuedAt }: Pick<OldClaims, "issuedAt">,
  { isFrozen }: { readonly isFrozen: boolean },
): { readonly userId: string } | { readonly refusal: AdoptionRefusal } {
  if (!found) return { refusal: "unknown_name" };
  if (found.userId === null) return { refusal: "no_account" };
  const time = issuedAt.getTime();
  if (found.oldJoinedAt && time < found.oldJoinedAt.getTime() - margin) return { refusal: "older_than_the_name" };
  if (!isFrozen && time > found.seenAt.getTime() - margin) return { refusal: "younger_than_the_last_round" };
  return { userId: found.userId };
}

/**
 * The account that an old token stands for, or why there is none. The name must have been this person's when the token was issued: since
 * the first round that saw it, and until the last one, if names still change over there.
 */
export function judgeOldToken(
  found: ImportedUser | null,
  claims: OldClaims,
  { isFrozen }: { readonly isFrozen: boolean },
): { readonly userId: string } | { readonly refusal: AdoptionRefusal } {
  if (!found) return { refusal: "unknown_name" };
  if (found.userId === null) return { refusal: "no_account" };
  if (found.oldUsername !== claims.username || found.oldPhone !== claims.phoneNumber)
    return { refusal: "other_claims" };
  const issuedAt = claims.issuedAt.getTime();
  if (issuedAt < found.namedSince.getTime() + margin) return { refusal: "older_than_the_name" };
  if (!isFrozen && issuedAt > found.seenAt.getTime() - margin) return { refusal: "younger_than_the_last_round" };
  return { userId: found.userId };
}

/** Milliseconds for which a round vouches that a name over there is still the same person's. */
const freshness = 5 * 60_000;

/** Whether a round that began at a time still vouches for what it saw. */
export function isFresh(seenAt: Date, now: Date): boolean {
  return now.getTime() - seenAt.getTime() < freshness;
}

/** Whether the other system's names had stopped changing when a round began; without a time they never do. */
export function isFrozenBy(seenAt: Date | null, frozenAt: Date | undefined): boolean {
  return frozenAt !== undefined && seenAt !== null && seenAt > frozenAt;
}

/** A row that keeps a username from everybody but its own person. */
export interface Reservation extends ImportedKey {
  readonly userId: string | null;
  readonly oldUsername: string | null;
}

/**
 * The row that keeps a name from somebody; null when they may have it. Of two people over there whose names differ in case only, each may have
 * the one that is exactly theirs.
 */
export function findOtherOwner(
  reservations: readonly Reservation[],
  { isOwn, isExactly }: { isOwn: (row: Reservation) => boolean; isExactly: (oldUsername: string) => boolean },
): Reservation | null {
  const isTheirs = ({ oldUsername }: Reservation) => oldUsername !== null && isExactly(oldUsername);
  if (reservations.some((row) => isOwn(row) && isTheirs(row))) return null;
  return reservations.find((row) => !isOwn(row)) ?? null;
}
