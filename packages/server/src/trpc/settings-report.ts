/** One setting of the process, for whoever administers. */
export interface SettingReport {
  readonly name: string;
  /** As it is used; null where there is none, and for a secret. */
  readonly value: string | null;
  /** Whether somebody has set it; otherwise the value is the default. */
  readonly isSet: boolean;
  readonly isSecret: boolean;
}

/** What a process runs with, and what is wrong with that. Nothing in it is a secret. */
export interface SettingsReport {
  readonly settings: readonly SettingReport[];
  /** What works, but cannot be meant, a line each. */
  readonly warnings: readonly string[];
  /** What may be meant, and costs something. */
  readonly notes: readonly string[];
}

/** Of a host that tells nothing. */
export const noSettings: SettingsReport = { settings: [], warnings: [], notes: [] };
