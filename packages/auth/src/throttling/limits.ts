/** How often something may be tried, and what happens beyond. Times are in seconds. */
export interface Limit {
  /** Attempts that nothing holds up. */
  readonly allowed: number;
  /** The wait after the last of them; every further attempt doubles it. */
  readonly firstDelay: number;
  readonly longestWait: number;
  /** How long nothing may be tried for all of it to be forgotten; null: it never is. */
  readonly resetAfter: number | null;
  /** Attempts after which no wait helps any more. */
  readonly lockAfter?: number;
  /** What a success does: forgets the failures before it, gives back its own attempt, or counts as any other. */
  readonly onSuccess: "forget" | "give_back" | "count";
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** What its owner shows once more in a session: beyond the lock none is right there, and a sign-in begins anew. */
const ofOneSession = {
  allowed: 5,
  firstDelay: 5,
  longestWait: 15 * minute,
  lockAfter: 10,
  resetAfter: 90 * day,
  onSuccess: "forget",
} as const;

const noWait = { allowed: Number.MAX_SAFE_INTEGER, firstDelay: 0, longestWait: 0 } as const;
const byTheSecond = { firstDelay: 1, longestWait: 1, resetAfter: 15 * minute } as const;

/**
 * Every limit there is. They count attempts before these are made, so that many at the same moment get no more than one after the
 * other; `docs/rate-limits.md` quotes them.
 */
export const limits = {
  /** One name from one address, such as one person at one desk. */
  sign_in_name_and_address: {
    allowed: 10,
    firstDelay: 5,
    longestWait: 15 * minute,
    resetAfter: hour,
    onSuccess: "forget",
  },
  /** Everybody behind one address: an office or a mobile network, so that it is never shut off. */
  sign_in_address: { allowed: 100, firstDelay: 6, longestWait: 6, resetAfter: 15 * minute, onSuccess: "give_back" },
  /** One name from everywhere. */
  sign_in_name: { allowed: 30, firstDelay: 2, longestWait: hour, resetAfter: day, onSuccess: "forget" },
  /**
   * A device that its owner has signed in with before; it passes by the three above. Beyond it the device is a stranger's: one that was stolen
   * uses up no more of what all devices have.
   */
  sign_in_device: { ...noWait, lockAfter: 10, resetAfter: 90 * day, onSuccess: "forget" },
  /**
   * Wrong passwords in a row for one account, whatever it is called by and however long it takes (NIST SP 800-63B-4 §3.2.2). Beyond
   * it no stranger gets in, with any password, until its owner does or somebody sets a new one.
   */
  account_strangers: { ...noWait, lockAfter: 80, resetAfter: null, onSuccess: "forget" },
  /** The same count for devices that its owner has signed in with, so that strangers never use up what is left for these. */
  account_known_devices: { ...noWait, lockAfter: 100, resetAfter: null, onSuccess: "forget" },
  /** The same count for sessions: of the rest they leave most to devices that sign in. */
  account_sessions: { ...noWait, lockAfter: 85, resetAfter: null, onSuccess: "forget" },
  /** The password from before a reset, on a device of before it: in counts of their own, since those devices must not use up what the present ones have. */
  hold_reset_device: { ...noWait, lockAfter: 10, resetAfter: 14 * day, onSuccess: "forget" },
  hold_reset_account: { ...noWait, lockAfter: 100, resetAfter: 14 * day, onSuccess: "forget" },
  /** The same work for a name that nobody has; it need not be kept for ever. */
  nobody: { ...noWait, lockAfter: 80, resetAfter: day, onSuccess: "forget" },
  /** One's own password in one session, whichever procedure asks for it. Beyond the lock none is right there; a sign-in begins anew. */
  change_password: ofOneSession,
  reset_password_name_and_address: {
    allowed: 10,
    firstDelay: 5,
    longestWait: 15 * minute,
    resetAfter: hour,
    onSuccess: "forget",
  },
  reset_password_address: {
    allowed: 100,
    firstDelay: 6,
    longestWait: 6,
    resetAfter: 15 * minute,
    onSuccess: "give_back",
  },
  /** Codes that are asked for by one name from one address, whether or not one is sent. */
  start_code_name_and_address: {
    allowed: 10,
    firstDelay: 30,
    longestWait: 15 * minute,
    resetAfter: hour,
    onSuccess: "count",
  },
  start_code_address: { allowed: 100, firstDelay: 6, longestWait: 6, resetAfter: 15 * minute, onSuccess: "count" },
  /** Codes that are tried from one address. Each challenge has its own five guesses besides. */
  check_code_address: { allowed: 100, firstDelay: 6, longestWait: 6, resetAfter: 15 * minute, onSuccess: "give_back" },
  /** One-time passwords of authenticator apps for one account, by whoever has shown its first factor already. */
  second_factor_account: {
    allowed: 10,
    firstDelay: 5,
    longestWait: 15 * minute,
    resetAfter: hour,
    onSuccess: "forget",
  },
  /** The same in a row, however long it takes. Beyond it no one-time password of theirs is right; passwords and other factors are. */
  second_factor_strangers: { ...noWait, lockAfter: 80, resetAfter: null, onSuccess: "forget" },
  /** The same count for devices that its owner has signed in with. */
  second_factor_known_devices: { ...noWait, lockAfter: 100, resetAfter: null, onSuccess: "forget" },
  /**
   * Wrong codes in a row of those that are sent for one account, however long it takes, where the settings want a last guess at them (NIST
   * SP 800-63B-4 §3.2.2). Beyond it no such code is right for strangers, until its owner shows one or somebody unlocks the account.
   */
  code_strangers: { ...noWait, lockAfter: 80, resetAfter: null, onSuccess: "forget" },
  /** The same count for devices that its owner has signed in with, and for whoever is signed in. */
  code_known_devices: { ...noWait, lockAfter: 100, resetAfter: null, onSuccess: "forget" },
  /** The same of an administrator's code, of which there is one for an account: beyond it that code is good no more, and the next one counts anew. */
  password_code: { ...noWait, lockAfter: 100, resetAfter: null, onSuccess: "forget" },
  /** The same count for sessions. */
  second_factor_sessions: { ...noWait, lockAfter: 85, resetAfter: null, onSuccess: "forget" },
  /** One-time passwords in one session, beside its owner's password or code. */
  second_factor_session: ofOneSession,
  /** Recovery codes and their tickets: nobody guesses one, so that this only keeps the work of trying small. */
  recovery_address: { allowed: 100, firstDelay: 6, longestWait: 6, resetAfter: 15 * minute, onSuccess: "give_back" },
  /** Passkeys that are shown from one address. Nobody guesses one either. */
  passkey_address: { allowed: 100, firstDelay: 6, longestWait: 6, resetAfter: 15 * minute, onSuccess: "give_back" },
  /** Codes of redirects that are exchanged from one address. Nobody guesses one; a server of a team's own exchanges none. */
  redirect_address: { allowed: 100, firstDelay: 6, longestWait: 6, resetAfter: 15 * minute, onSuccess: "give_back" },
  /** Whole numbers and addresses by which somebody is looked for, or which are set, by whoever is shown those of others masked. */
  find_by_contact: { allowed: 60, firstDelay: minute, longestWait: minute, resetAfter: hour, onSuccess: "count" },
  register_address: { allowed: 30, firstDelay: minute, longestWait: minute, resetAfter: hour, onSuccess: "count" },
  /** Refresh tokens that were never issued; good ones are not counted. */
  refresh_address: { ...byTheSecond, allowed: 1_000, onSuccess: "count" },
  /** Access tokens to verify that were never issued; good ones are not counted. */
  verify_address: { ...byTheSecond, allowed: 1_000, onSuccess: "count" },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
