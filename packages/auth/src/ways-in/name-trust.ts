/** What a number or an address of an account is worth as the place that a code was sent to. */
export type NameTrust =
  /** The account does not have one. */
  | "none"
  /** Typed by somebody, or told by an import: it proves nothing. */
  | "claimed"
  /** An administrator vouched for it within the last days, and no code was used since. */
  | "vouched"
  /** Proved and just added: its adding can still be stopped, and until then no code of it opens anything. */
  | "waiting"
  /** Proved by a code on this account, within the time for which that is trusted. */
  | "trusted"
  /** Proved, and longer ago than that: another person may have the number by now. */
  | "stale";

/** What is known of a number or an address. */
export interface NameProof {
  readonly isPresent: boolean;
  readonly provedAt: Date | null;
  readonly vouchedAt: Date | null;
  /** From when on its codes open anything; null for at once. */
  readonly opensAt?: Date | null | undefined;
  /** For a number that is the only key of its account: when a session of the account was last used. */
  readonly lastUsedAt?: Date | null | undefined;
}

/** For how long, in seconds, a name opens its account by code. Null: for as long as it is the account's. */
export interface TrustTimes {
  readonly proof: number | null;
  readonly vouching: number;
}

/** Judges a number or an address at this moment. A proof or a vouching that lies in the future counts as of now. */
export function judgeName(
  { isPresent, provedAt, vouchedAt, opensAt, lastUsedAt }: NameProof,
  times: TrustTimes,
  now: Date,
): NameTrust {
  if (!isPresent) return "none";
  const lasts = (since: Date, seconds: number | null) =>
    seconds === null || now.getTime() - since.getTime() < seconds * 1000;
  if (provedAt !== null && opensAt && opensAt > now) return "waiting";
  if (provedAt !== null) {
    const since = lastUsedAt && lastUsedAt > provedAt ? lastUsedAt : provedAt;
    return lasts(since, times.proof) ? "trusted" : "stale";
  }
  return vouchedAt !== null && lasts(vouchedAt, times.vouching) ? "vouched" : "claimed";
}
