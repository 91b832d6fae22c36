/** What happened, in the past tense. No member of the union can hold a password, token, code or number. */
export type AuditEvent =
  | { readonly event: "user_created"; readonly by: "command_line" }
  | { readonly event: "signed_in"; readonly identifier: IdentifierKind }
  | { readonly event: "sign_in_refused"; readonly identifier: IdentifierKind | "none"; readonly because: SignInRefusal }
  | { readonly event: "signed_out" }
  | { readonly event: "refresh_token_reused"; readonly sessionId: string }
  | {
      readonly event: "sessions_ended";
      readonly because: "revoked" | "too_many_sessions";
      readonly count: number;
    }
  | { readonly event: "password_changed"; readonly sessionsEnded: number }
  | { readonly event: "legacy_token_adopted" }
  | { readonly event: "profile_updated"; readonly fields: readonly string[] }
  | { readonly event: "keys_rotated"; readonly oldKeysRemoved: boolean };

type IdentifierKind = "username" | "phone" | "email";

/** Kept for the administrator; whoever tried to sign in is told the same in every case. */
export type SignInRefusal = "unknown_user" | "wrong_password" | "inactive_account" | "unusable_password";
