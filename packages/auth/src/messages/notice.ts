/** What somebody is told of their own account: a closed set, each of which has a text in every language. */
export const noticeKinds = [
  "password_changed",
  "password_reset",
  /** The password from before a reset holds it: names, recovery codes and second factors stay as they are for some days. */
  "password_reset_held",
  /** An administrator made a code that sets the password. */
  "password_code_issued",
  /** A username, phone number or e-mail address is another one. */
  "name_changed",
  /** A change of a number or an address waits, and can be stopped. */
  "change_requested",
  /** One that waited, recovery codes too, was stopped. */
  "change_stopped",
  /** Another person proved the number or address. */
  "name_lost",
  /** Ranks, groups or permissions. */
  "rights_changed",
  "recovery_codes_created",
  "recovery_code_used",
  /** An authenticator app was set up, replaced or taken away. */
  "second_factor_changed",
  "passkey_added",
  "passkey_removed",
  /** A passkey was shown whose own count has not gone on: somebody has a copy of it. */
  "passkey_copied",
  /** Somebody signed in with a device that was not known. */
  "new_device",
  /** The account is to be deleted, because its owner asked for it; a sign-in takes that back. */
  "deletion_requested",
  /** The same because nobody has used it for long. */
  "deletion_of_inactive",
  /** It was taken back. */
  "deletion_stopped",
  /** Five passwords in a day were refused, or more: at sign-ins, or in sessions. */
  "failed_sign_ins",
] as const;

export type NoticeKind = (typeof noticeKinds)[number];

/** What somebody who took over an account does to keep it, and its owner can undo in time. */
export const urgentKinds: readonly NoticeKind[] = [
  "password_changed",
  "password_reset",
  "password_code_issued",
  "change_requested",
  "name_changed",
  "rights_changed",
  "recovery_codes_created",
  "second_factor_changed",
  "passkey_added",
  "deletion_requested",
];

/** A notice as its sender is handed it. It holds no code. */
export interface NoticeMessage {
  /** The same for every try at one message: hand it to the provider as idempotency key. */
  readonly id: string;
  readonly channel: "sms" | "email";
  /** E.164, or an e-mail address. */
  readonly to: string;
  readonly kind: NoticeKind;
  readonly text: string;
  /** Of an e-mail. */
  readonly subject: string;
  /** BCP 47, such as `tr` or `pt-BR`. */
  readonly locale: string;
}
