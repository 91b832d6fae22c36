/** What a person has to decide, or is told, about one field of somebody there. */
export const issueCodes = [
  "username_shared",
  "username_grammar",
  "username_is_phone",
  "username_taken_here",
  "username_reserved",
  "phone_shared",
  "phone_unreadable",
  "phone_not_personal",
  "phone_taken_here",
  "email_shared",
  "email_unreadable",
  "email_two",
  "email_taken_here",
  "password_unreadable",
  "password_legacy",
  "profile_too_long",
  "profile_invalid",
  "time_unreadable",
  "flag_unreadable",
  "no_name",
  "id_reused",
  "permission_undeclared",
  "permission_ambiguous",
  "group_unreadable",
  "unknown_column",
  "decision_invalid",
  "decision_conflict",
  "mass_change",
  "gone",
] as const;

export type IssueCode = (typeof issueCodes)[number];

/** Codes that tell what was done, and ask nothing. */
export const notices: ReadonlySet<IssueCode> = new Set<IssueCode>([
  "password_legacy",
  "permission_ambiguous",
  "group_unreadable",
  "gone",
]);

export interface Issue {
  readonly code: IssueCode;
  readonly field: string;
  /** What stands there; never a password. */
  readonly value: string | null;
  /** The other side: whose it is besides, or what is wrong with it. */
  readonly other: string | null;
  readonly proposal: string;
}
