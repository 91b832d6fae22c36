/** What happened, in the past tense. No member of the union can hold a password, token, code or number. */
export type AuditEvent =
  | {
      readonly event: "user_created";
      readonly by: "command_line" | "administrator" | "registration" | "import";
      /** Absent where they are not. */
      readonly isStaff?: true;
      readonly isSuperuser?: true;
    }
  | {
      readonly event: "user_updated";
      readonly fields: readonly string[];
      /** What they are from then on, of what is among the fields: who had which rank when can be told from events alone. */
      readonly isActive?: boolean;
      readonly isStaff?: boolean;
      readonly isSuperuser?: boolean;
    }
  | {
      readonly event: "user_deleted";
      /**
       * Absent for an administrator and the operator. `restored_backup`: deleted once more after a backup had brought them back. `parked`: it had
       * no name for as long as such accounts are kept.
       */
      readonly by?: "owner" | "inactivity" | "restored_backup" | "parked";
    }
  | {
      /** A person wants their account deleted, or has not used it for long. It waits, and a sign-in takes it back. */
      readonly event: "deletion_requested";
      readonly seconds: number;
      readonly sessionsEnded: number;
      /** Absent for its owner. */
      readonly by?: "inactivity";
    }
  | {
      /** `rights`: it is the last superuser's, or holds rights and was only not used for long. */
      readonly event: "deletion_stopped";
      readonly by: "sign_in" | "device" | "new_password" | "administrator" | "rights";
    }
  | { readonly event: "groups_set"; readonly groups: readonly string[] }
  | { readonly event: "permissions_set"; readonly permissions: readonly string[] }
  | { readonly event: "group_created"; readonly group: string; readonly permissions: readonly string[] }
  | {
      readonly event: "group_updated";
      readonly group: string;
      readonly fields: readonly string[];
      /** What the group gives from now on. */
      readonly permissions: readonly string[];
    }
  | {
      readonly event: "group_deleted";
      readonly group: string;
      /** What it gave. */
      readonly permissions: readonly string[];
    }
  | { readonly event: "permissions_pruned"; readonly permissions: readonly string[] }
  | {
      readonly event: "permissions_declared";
      readonly app: string;
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly event: "set_password_code_issued" }
  | {
      readonly event: "password_reset";
      readonly sessionsEnded: number;
      /** Whose code that was sent set it; absent for an administrator's code and the command line. */
      readonly by?: "phone" | "email" | "recovery_code";
    }
  | {
      /** The password from before a reset by a code, on a device that was known then, holds what the new one is worth. */
      readonly event: "password_reset_held";
      readonly until: string;
    }
  | { readonly event: "password_reset_released" }
  | { readonly event: "password_reset_hold_refused" }
  | {
      readonly event: "password_reset_refused";
      readonly because: "unknown_user" | "inactive_account" | "wrong_code" | "expired_code";
    }
  | {
      readonly event: "signed_in";
      /** `none` where no name was needed. */
      readonly identifier: IdentifierKind | "none";
      /** Absent for a password. */
      readonly by?: "code" | "recovery_code" | "passkey" | "redirect";
      /** For `redirect`: the app that was given the session. */
      readonly client?: string;
      /** The second factor that was shown besides; absent where none was. */
      readonly secondFactor?: "totp" | "passkey";
      /** A remembered device took the place of the second factor. */
      readonly isRemembered?: true;
      readonly sessionId: string;
      /** How they showed who they are, in the words of RFC 8176 §2. */
      readonly amr: readonly string[];
      /** What their program says it is, such as `Chrome on Android`; null where it said nothing. */
      readonly device: string | null;
    }
  | {
      /** Somebody has shown the first factor, and is asked for the second. */
      readonly event: "second_factor_asked";
      readonly purpose: string;
      /** Whether they have to enrol one first. */
      readonly isToEnroll: boolean;
    }
  | { readonly event: "second_factor_refused"; readonly because: "wrong_code" | "locked" }
  | { readonly event: "second_factor_enrolled"; readonly method: "totp" | "passkey"; readonly sessionsEnded: number }
  | { readonly event: "second_factor_removed"; readonly method: "totp"; readonly sessionsEnded: number }
  | {
      /** An administrator, the operator, or a recovery code took a person's second factors away. */
      readonly event: "second_factor_reset";
      readonly sessionsEnded: number;
    }
  | { readonly event: "passkey_added"; readonly sessionsEnded: number }
  | { readonly event: "passkey_renamed" }
  | { readonly event: "passkey_removed"; readonly sessionsEnded: number }
  | {
      readonly event: "passkey_refused";
      /** What it was shown for. */
      readonly purpose: string;
      readonly because: PasskeyRefusal;
    }
  | {
      /** Somebody asked for a code. */
      readonly event: "code_requested";
      readonly purpose: string;
      readonly identifier: IdentifierKind | "none";
      /** Whether a message was to be sent: not to numbers and addresses that nobody has, where that is not for registering. */
      readonly isSent: boolean;
      /** Whether it was a test number, which is sent nothing. */
      readonly isTest: boolean;
    }
  | {
      readonly event: "message_refused";
      /** The rule against fraud that refused it. */
      readonly rule: string;
      readonly country: string | null;
    }
  | {
      readonly event: "code_refused";
      readonly purpose: string;
      readonly because: "wrong_code" | "expired_code" | "no_way_in";
    }
  | { readonly event: "name_proved"; readonly kind: "phone" | "email" }
  | {
      /** A person gave their account a number or an address, or took it away, at once or after it had waited. */
      readonly event: "name_changed";
      readonly kind: "phone" | "email";
      readonly change: "set" | "removed";
    }
  | {
      /** A change of a person's own account waits. */
      readonly event: "change_requested";
      readonly change: string;
      readonly seconds: number;
    }
  | {
      /** A session or a device of the account stopped a change that waited, or a new password or the end of its session did. */
      readonly event: "change_stopped";
      readonly change: string;
      readonly by: "session" | "device" | "new_password" | "sessions_ended" | "another_change" | "administrator";
    }
  | {
      /** A change that was due was not done. */
      readonly event: "change_dropped";
      readonly change: string;
      readonly because: "session_ended" | "account_changed" | "name_taken" | "last_way_in" | "hook";
    }
  | { readonly event: "ticket_issued"; readonly kind: "phone" | "email"; readonly opens: string }
  | {
      /** Another person proved the number or the address, beyond the time for which it was trusted here. */
      readonly event: "name_lost";
      readonly kind: "phone" | "email";
      /** Whether the account has no name any more. */
      readonly isParked: boolean;
    }
  | { readonly event: "sign_in_refused"; readonly identifier: IdentifierKind | "none"; readonly because: SignInRefusal }
  | { readonly event: "limit_reached"; readonly limit: string }
  | {
      /** An app showed a code that a session of the pages had asked for, and was given nothing. */
      readonly event: "authorization_code_refused";
      readonly client: string;
      readonly because: AuthorizationCodeRefusal;
      /** The session that the code had opened before, and that has been ended for it; absent where there was none. */
      readonly sessionId?: string;
    }
  | { readonly event: "signed_out" }
  | { readonly event: "refresh_token_reused"; readonly sessionId: string }
  | {
      /** A refresh token that was used before, and whose answer nobody had used, was answered after the grace time. */
      readonly event: "refresh_answered_again";
      readonly sessionId: string;
      /** Where the answer before went; the event's own address is where this one goes. */
      readonly previousAddress: string | null;
    }
  | {
      readonly event: "sessions_ended";
      readonly because: "revoked" | "too_many_sessions" | "ended_by_administrator";
      readonly count: number;
      /** The app whose sessions alone they were. */
      readonly client?: string;
    }
  | { readonly event: "devices_forgotten" }
  | {
      /** Somebody who showed their second factor is asked for none on that device for a while. */
      readonly event: "device_remembered";
      readonly sessionId: string;
    }
  | { readonly event: "remembered_device_ended" }
  | { readonly event: "password_changed"; readonly sessionsEnded: number }
  | { readonly event: "password_change_refused" }
  | {
      /** An administrator or the operator has the password replaced at the next sign-in. */
      readonly event: "password_change_required";
      readonly sessionsEnded: number;
    }
  | {
      /** Somebody has shown enough to sign in, and is asked for a new password first. */
      readonly event: "password_change_asked";
      readonly purpose: string;
    }
  | {
      readonly event: "reauthenticated";
      readonly sessionId: string;
      /** Absent for a password. */
      readonly by?: "code" | "passkey";
    }
  | { readonly event: "reauthentication_refused" }
  | {
      readonly event: "recovery_codes_created";
      /** Whether they are good after some days only, because nothing but a code that was sent showed who it is. */
      readonly isWaiting: boolean;
    }
  | { readonly event: "recovery_codes_stopped"; readonly by: "session" | "device" }
  | { readonly event: "recovery_started" }
  | {
      readonly event: "recovery_refused";
      readonly because: "unknown_code" | "used_code" | "inactive_account" | "wrong_ticket";
    }
  | { readonly event: "account_unlocked" }
  | { readonly event: "legacy_token_adopted" }
  | {
      readonly event: "imported_users_recorded";
      readonly source: string;
      readonly added: number;
      readonly changed: number;
      readonly gone: number;
    }
  | { readonly event: "imported_user_linked"; readonly source: string }
  | { readonly event: "profile_updated"; readonly fields: readonly string[] }
  | {
      readonly event: "keys_rotated";
      readonly oldKeysRemoved: boolean;
      /** Absent where somebody did it. */
      readonly because?: "age" | "algorithm";
    }
  | {
      /** The service's secret took another one's place. */
      readonly event: "secret_resealed";
      readonly because: "replaced" | "compromised" | "lost";
    }
  | {
      /** Passwords that were still digests of MD5 or SHA-1 of another system were taken away when their time was over. */
      readonly event: "weak_passwords_cleared";
      readonly count: number;
    }
  | {
      /** Somebody who is signed in was refused what they have no right to. */
      readonly event: "permission_denied";
      readonly procedure: string;
      /** The id that they called it with, where that was one. */
      readonly target: string | null;
    }
  | {
      /** What one person was refused beyond the refusals that have an event each. */
      readonly event: "denials_counted";
      readonly calls: number;
      readonly procedures: readonly string[];
    }
  | {
      /** An administrator or the operator read other people's data. Left only where the setting asks for it. */
      readonly event: "data_read";
      readonly what: "users" | "user" | "sessions" | "changes" | "audit_events" | "imported_users" | "export";
      /** How many people, sessions or events were answered. */
      readonly count: number;
    };

/** `alias` is a name of another system that is nobody's here by our grammar. */
type IdentifierKind = "username" | "phone" | "email" | "alias";

/** Kept for the administrator; whoever tried to sign in is told the same in every case. */
export type SignInRefusal =
  | "unknown_user"
  | "wrong_password"
  | "inactive_account"
  | "unusable_password"
  | "locked_account"
  | "hook";

/** Why a code opened nothing. Whoever showed it is told the same in every case. */
export type AuthorizationCodeRefusal =
  | "used_before"
  | "expired"
  | "wrong_client"
  | "wrong_redirect"
  | "wrong_verifier"
  /** The session of the pages has ended, or shows less than the account asks for by now. */
  | "session_ended"
  | "inactive_account";

/** Why a passkey opened nothing. Its owner is told the same in nearly every case. */
export type PasskeyRefusal =
  /** It was removed, or never was. */
  | "unknown_passkey"
  /** It is another person's than the one that it was asked of. */
  | "other_account"
  | "wrong_origin"
  | "wrong_rp"
  /** The device has not made sure that it is its owner. */
  | "not_verified"
  | "wrong_signature"
  | "old_challenge"
  | "used_challenge"
  /** Its count has not gone on: two devices have it. */
  | "counter"
  | "inactive_account"
  | "no_way_in";
