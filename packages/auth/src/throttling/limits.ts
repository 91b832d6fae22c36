/** How often something may be tried, and what happens beyond. Times are in seconds. */
export interface Limit {
  /** Attempts that nothing holds up. */
  readonly free: number;
  /** The wait after the last of them; every further attempt doubles it. */
  readonly wait: number;
  readonly longestWait: number;
  /** How long nothing may be tried for all of it to be forgotten; null: it never is. */
  readonly forgottenAfter: number | null;
  /** Attempts after which no wait helps any more. */
  readonly most?: number;
  /** What a success does: forgets the failures before it, gives back its own attempt, or counts as any other. */
  readonly onSuccess: "forget" | "give_back" | "count";
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const noWait = { free: Number.MAX_SAFE_INTEGER, wait: 0, longestWait: 0 } as const;
const byTheSecond = { wait: 1, longestWait: 1, forgottenAfter: 15 * minute } as const;

/**
 * Every limit there is. They count attempts before these are made, so that many at the same moment get no more than one after the
 * other; `docs/rate-limits.md` quotes them.
 */
export const limits = {
  /** One name from one address, such as one person at one desk. */
  sign_in_name_and_address: {
    free: 10,
    wait: 5,
    longestWait: 15 * minute,
    forgottenAfter: hour,
    onSuccess: "forget",
  },
  /** Everybody behind one address: an office or a mobile network, so that it is never shut off. */
  sign_in_address: { free: 100, wait: 6, longestWait: 6, forgottenAfter: 15 * minute, onSuccess: "give_back" },
  /** One name from everywhere. */
  sign_in_name: { free: 30, wait: 2, longestWait: hour, forgottenAfter: day, onSuccess: "forget" },
  /** A device that its owner has signed in with before; it passes by the three above. */
  sign_in_device: { free: 10, wait: 5, longestWait: 15 * minute, forgottenAfter: day, onSuccess: "forget" },
  /**
   * Wrong passwords in a row for one account, whatever it is called by and however long it takes (NIST SP 800-63B-4 §3.2.2). Beyond
   * it no stranger gets in, with any password, until its owner does or somebody sets a new one.
   */
  account_strangers: { ...noWait, most: 80, forgottenAfter: null, onSuccess: "forget" },
  /** The same count for devices that its owner has signed in with, so that strangers never use up what is left for these. */
  account_known_devices: { ...noWait, most: 100, forgottenAfter: null, onSuccess: "forget" },
  /** The same work for a name that nobody has; it need not be kept for ever. */
  nobody: { ...noWait, most: 80, forgottenAfter: day, onSuccess: "forget" },
  change_password: { free: 5, wait: 5, longestWait: 15 * minute, forgottenAfter: day, onSuccess: "forget" },
  reset_password_name_and_address: {
    free: 10,
    wait: 5,
    longestWait: 15 * minute,
    forgottenAfter: hour,
    onSuccess: "forget",
  },
  reset_password_address: { free: 100, wait: 6, longestWait: 6, forgottenAfter: 15 * minute, onSuccess: "give_back" },
  register_address: { free: 30, wait: minute, longestWait: minute, forgottenAfter: hour, onSuccess: "count" },
  /** Refresh tokens that were never issued; good ones are not counted. */
  refresh_address: { ...byTheSecond, free: 1_000, onSuccess: "count" },
  /** Access tokens to verify that were never issued; good ones are not counted. */
  verify_address: { ...byTheSecond, free: 1_000, onSuccess: "count" },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
