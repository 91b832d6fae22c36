import type { JSONWebKeySet } from "jose";
import type { Challenge } from "./challenges/challenges.ts";
import type { Config, PlainConfig, ProfileChangesOf, UserOf } from "./config.ts";
import type { Consent } from "./consents/consent-store.ts";
import type { Erasure } from "./deletions/erased-user-store.ts";
import type { ChangePasswordInput } from "./flows/account/change-password.ts";
import type { AccountDeletion } from "./flows/account/delete-account.ts";
import type { ListNoticesInput, NoticePage } from "./flows/account/notices.ts";
import type { ConfirmOwnNameInput, OwnNameAnswer, StartOwnNameInput } from "./flows/account/own-name.ts";
import type { AddPasskeyInput, OwnPasskey, PasskeyAdded } from "./flows/account/passkeys.ts";
import type { StopChangesInput } from "./flows/account/pending-changes.ts";
import type {
  ReauthenticateByCodeInput,
  ReauthenticateInput,
  StartReauthenticationInput,
} from "./flows/account/reauthenticate.ts";
import type { OwnRememberedDevice } from "./flows/account/remembered-devices.ts";
import type { FactorsRemoved, FactorsToKeep } from "./flows/account/remove-other-factors.ts";
import type { OthersRevoked, OwnDevice } from "./flows/account/sessions.ts";
import type { ConfirmTotpInput, OwnTotp, StartedTotp } from "./flows/account/totp.ts";
import type { EventPageAnswer, ListEventsInput } from "./flows/administration/audit-events.ts";
import type { CreateUserInput } from "./flows/administration/create-user.ts";
import type { DeclarePermissionsInput } from "./flows/administration/declare-permissions.ts";
import type { EndAllSessionsInput } from "./flows/administration/end-all-sessions.ts";
import type { GroupInput, GroupPageAnswer, GroupUpdate, ListGroupsInput } from "./flows/administration/groups.ts";
import type { ImportedUserPage, ListImportedUsersInput } from "./flows/administration/list-imported-users.ts";
import type { ListUsersInput, UserPage } from "./flows/administration/list-users.ts";
import type { GrantInput, PasswordToSet } from "./flows/administration/operator.ts";
import type { StartRoundInput } from "./flows/administration/record-imported-users.ts";
import type { ServiceOverview } from "./flows/administration/service-overview.ts";
import type { SigningKeys } from "./flows/administration/signing-keys.ts";
import type { UserUpdate } from "./flows/administration/update-user.ts";
import type { WaitingChanges } from "./flows/administration/user-changes.ts";
import type { AdministeredUser, AdministeredUserInput, CreatedAccount } from "./flows/administration/users.ts";
import type { WaysIn } from "./flows/administration/ways-in.ts";
import type { ExchangedToken } from "./flows/authentication/exchange-token.ts";
import type { TokenInspection, TokenQuestion } from "./flows/authentication/inspect-token.ts";
import type { DeniedCall } from "./flows/authentication/record-denial.ts";
import type { Health } from "./flows/maintenance/check-health.ts";
import type { ErasuresReplayed, ListErasuresInput } from "./flows/maintenance/erasures.ts";
import type { StartMode } from "./flows/maintenance/prepare-keys.ts";
import type { Purged } from "./flows/maintenance/purge.ts";
import type { MessageHistory, MessageReport } from "./flows/maintenance/report-messages.ts";
import type { Resealed, ResealInput } from "./flows/maintenance/reseal.ts";
import type { RotateKeysInput } from "./flows/maintenance/rotate-keys.ts";
import type { SyncInput } from "./flows/maintenance/sync-permissions.ts";
import type { AuditVerification, VerifyAuditInput } from "./flows/maintenance/verify-audit.ts";
import type { HeldReset, HoldResetInput } from "./flows/sign-in/hold-reset.ts";
import type {
  PasskeyRecoveryAnswer,
  RecoverByPasskeyInput,
  RecoverInput,
  RecoveryAnswer,
  StartedRecovery,
  StartRecoveryInput,
} from "./flows/sign-in/recover.ts";
import type { RegisterInput } from "./flows/sign-in/register.ts";
import type { ResendCodeInput } from "./flows/sign-in/resend-code.ts";
import type { PasswordReset, ResetByCodeInput, ResetPasswordInput } from "./flows/sign-in/reset-password.ts";
import type { SignInInput } from "./flows/sign-in/sign-in.ts";
import type { CodeAnswer, SignInByCodeInput } from "./flows/sign-in/sign-in-by-code.ts";
import type { SignInByNewPasswordInput } from "./flows/sign-in/sign-in-by-new-password.ts";
import type { SignInByPasskeyInput } from "./flows/sign-in/sign-in-by-passkey.ts";
import type { SignInByRedirectInput, StartRedirectInput } from "./flows/sign-in/sign-in-by-redirect.ts";
import type {
  SecondFactorAnswer,
  SignInBySecondFactorInput,
  TotpToEnroll,
} from "./flows/sign-in/sign-in-by-second-factor.ts";
import type { StartCodeInput, StartResetInput } from "./flows/sign-in/start-code.ts";
import type { Administrator } from "./flows/steps/authority.ts";
import type { Principal, RequestInfo } from "./flows/steps/core.ts";
import type { OwnData } from "./flows/steps/export-user.ts";
import type { SignInAnswer, TokenResponse } from "./flows/steps/issue-session-tokens.ts";
import type { ShownDevice } from "./flows/steps/known-device.ts";
import type { ActivityPage, ListActivityInput } from "./flows/steps/list-activity.ts";
import type { Device } from "./flows/steps/list-devices.ts";
import type { FactorEnrolled } from "./flows/steps/make-recovery-codes.ts";
import type { Reader } from "./flows/steps/masked-contact.ts";
import type { PasswordCode } from "./flows/steps/password-code.ts";
import type { PendingChange } from "./flows/steps/pending-change.ts";
import type { QueueState } from "./flows/steps/read-queues.ts";
import type { ImportedKey, ImportedPerson } from "./imported-users/imported-user.ts";
import type { ImportRound, RoundChanges } from "./imported-users/round-store.ts";
import type { DeliveryReceipt } from "./messages/sender.ts";
import type { AuthorizationCode } from "./one-time-codes/authorization-code-store.ts";
import type { MadeRecoveryCodes, RecoveryCodeStatus } from "./one-time-codes/recovery-code-store.ts";
import type {
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
  StartedPasskey,
} from "./passkeys/passkey-json.ts";
import type { PasswordLoad } from "./passwords/passwords.ts";
import type { SyncedPermissions } from "./permissions/permission.ts";
import type { Grants, Group } from "./permissions/permission-store.ts";
import type { BackupHeader } from "./storage/backup-format.ts";
import type { DatabasePool } from "./storage/given-pool.ts";
import type { MigrationMode } from "./storage/migrate.ts";
import type { CallBudget } from "./throttling/call-budgets.ts";
import type { TokenAlgorithm } from "./tokens/access-token.ts";
import type { ProfileDefinition } from "./users/profile.ts";
import type { User } from "./users/user.ts";
import type { EndpointReport, UndeliveredEvent } from "./webhooks/webhook-store.ts";

export interface Load {
  readonly hashes: PasswordLoad;
  /** Connections to the database that are open, those of them that nobody uses, and calls that wait for one. */
  readonly connections: { readonly open: number; readonly idle: number; readonly waiting: number };
}

export interface WebhookReport {
  readonly endpoints: readonly EndpointReport[];
  readonly undelivered: readonly UndeliveredEvent[];
}

export interface BackUpInput {
  /** Schemas beside Latchkey's own, each with the name of the table that notes its migrations; null where there is none. */
  readonly schemas: Readonly<Record<string, string | null>>;
}

export interface RestoreInput {
  /** Makes the tables of every schema as its migrations of the header leave them. */
  readonly makeTables: (header: BackupHeader) => Promise<void>;
  /** Replaces a team's own tables although there are rows in them, or others depend on them. */
  readonly replacesOwnTables?: boolean;
  /** Restores what another secret sealed. Nobody can sign in before `reseal({ lost: true })` then. */
  readonly acceptAnotherSecret?: boolean;
}

/**
 * The core: people, passwords, tokens and sessions on a PostgreSQL database. Made by `createAuth`.
 *
 * A refusal is an `AuthError`, whose `code` is from a closed set: see `AuthErrorCode`. When the database does not answer within some
 * seconds, a method throws what the driver throws: `isStorageUnavailable` knows it. Dates are of the database's clock. Ids are UUIDs in
 * lower case.
 */
export interface Auth<C extends Config = PlainConfig> {
  /** What people tell about themselves here: the schemas of inputs are made from it. */
  readonly profile: ProfileDefinition;
  /** Every permission that is declared, the core's own among them, in order. */
  readonly permissions: readonly string[];
  /** How tokens are made, in force since the start. */
  readonly options: {
    readonly tokens: {
      readonly algorithm: TokenAlgorithm;
      readonly profile: "standard" | "django" | "simplejwt";
      readonly issuer: string;
      /** The service's own: the only one whose tokens open its procedures. */
      readonly audience: string;
      /** All of those that tokens are issued for, the service's own first. */
      readonly audiences: readonly string[];
      /** Seconds. */
      readonly lifetime: number;
    };
    /** Until when tokens of the old backend are accepted, which are signed with a secret of the options; null for never. */
    readonly oldTokensUntil: Date | null;
    /** What codes are good for, so that pages offer nothing that would be refused. */
    readonly codes: {
      /** Whose codes sign people in. */
      readonly signInByCode: "off" | "phone" | "email" | "both";
      /** Whether a phone number may be all that an account has. */
      readonly numberOnly: boolean;
      /** What there is a sender for. */
      readonly sentTo: readonly ("phone" | "email")[];
    };
    /** Whom passkeys are made for; null where there are none. */
    readonly passkeys: {
      readonly rpId: string;
      /** Origins on other hosts whose pages may use them, for `/.well-known/webauthn`. */
      readonly relatedOrigins: readonly string[];
    } | null;
  };
  /**
   * The connections to the database, for tables of your own beside the core's, which are named with their schema. A connection that is
   * taken must be released.
   */
  readonly pool: DatabasePool;

  /**
   * Signs a person in by username, phone number or e-mail address, and opens a session. Whatever is wrong, the refusal is the same and
   * took the same work.
   *
   * @throws AuthError `invalid_credentials`, `second_factor_required`, `password_change_required`, `rate_limited`, `overloaded`,
   * `refused_by_hook`, `hook_failed`
   */
  signIn(input: SignInInput, facts: RequestInfo): Promise<SignInAnswer<UserOf<C>>>;

  /**
   * Sends a code to somebody who is not signed in: to sign in, to set a password, or, with `enter`, to sign in whoever has the number and
   * to begin registering otherwise. Everybody is answered alike.
   *
   * @throws AuthError `invalid_input`, `rate_limited`, `unavailable` without a sender
   */
  startCode(input: StartCodeInput, facts: RequestInfo): Promise<Challenge>;
  /**
   * Sends the code of a challenge once more, where it is time for that, and answers the same otherwise.
   *
   * @throws AuthError `code_invalid`, `rate_limited`
   */
  resendCode(input: ResendCodeInput, facts: RequestInfo): Promise<Challenge>;
  /**
   * Signs a person in by the code of a challenge, or answers a ticket where that alone is not enough.
   *
   * @throws AuthError `code_invalid`, `code_expired`, `second_factor_required`, `password_change_required`, `rate_limited`,
   * `refused_by_hook`, `hook_failed`
   */
  signInByCode(input: SignInByCodeInput, facts: RequestInfo): Promise<CodeAnswer<UserOf<C>>>;
  /**
   * Signs in whoever was refused with `second_factor_required`, by its ticket and what their authenticator app shows. Where they came to set
   * a password it is set now; where they had no second factor, the one that `startEnrolling` showed is theirs from now on. With `remember` the
   * answer has the mark with which this device signs in by the first factor alone for a while.
   *
   * @throws AuthError `code_invalid`, `rate_limited`, `refused_by_hook`, `hook_failed`
   */
  signInBySecondFactor(input: SignInBySecondFactorInput, facts: RequestInfo): Promise<SecondFactorAnswer<UserOf<C>>>;
  /**
   * Replaces the password of somebody who was refused with `password_change_required`, by its ticket, and signs them in. Where they have a
   * second factor, both happen once it is shown.
   *
   * @throws AuthError `code_invalid` for a ticket that is good no more, `password_rejected`, `second_factor_required`, `rate_limited`,
   * `overloaded`, `refused_by_hook`, `hook_failed`
   */
  signInByNewPassword(input: SignInByNewPasswordInput, facts: RequestInfo): Promise<SignInAnswer<UserOf<C>>>;
  /**
   * Makes a secret for the authenticator app of somebody whose refusal `second_factor_required` says `enroll`; the same for the same ticket.
   *
   * @throws AuthError `code_invalid`, `rate_limited`
   */
  startEnrolling(ticket: string, facts: RequestInfo): Promise<TotpToEnroll>;
  /**
   * What the browser of somebody is to be asked who has a passkey for that refusal; and of somebody whose refusal says `enroll`, so that it
   * makes one.
   *
   * @throws AuthError `code_invalid`, `rate_limited`, `permission_denied` where there are no passkeys
   */
  startSecondFactorPasskey(ticket: string, facts: RequestInfo): Promise<StartedPasskey<PasskeyRequestOptions>>;
  startEnrollingPasskey(ticket: string, facts: RequestInfo): Promise<StartedPasskey<PasskeyCreationOptions>>;
  /**
   * What a browser is to be asked so that somebody can sign in by a passkey without a name. It is the same for everybody, and stores nothing.
   *
   * @throws AuthError `permission_denied` where there are no passkeys
   */
  startPasskeySignIn(): Promise<StartedPasskey<PasskeyRequestOptions>>;
  /**
   * Signs somebody in by the passkey that their browser has shown: a session of two factors.
   *
   * @throws AuthError `invalid_credentials`, `code_expired`, `rate_limited`, `permission_denied`, `refused_by_hook`, `hook_failed`
   */
  signInByPasskey(input: SignInByPasskeyInput, facts: RequestInfo): Promise<SignInAnswer<UserOf<C>>>;
  /**
   * Makes the code with which an app opens a session of its own for the caller, who is signed in on the service's pages (RFC 6749 §4.1, with
   * PKCE). It is good for 60 seconds and once. Whether the redirect is the app's is the pages' to check.
   *
   * @throws AuthError `invalid_input`, `reauthentication_required`
   */
  startRedirect(caller: Principal, input: StartRedirectInput): Promise<AuthorizationCode>;
  /**
   * Opens that session: with what the caller's session shows of its owner, and ending no later. A code that is used twice ends the session that
   * it has opened.
   *
   * @throws AuthError `code_invalid` whatever is wrong, `rate_limited`, `refused_by_hook`, `hook_failed`
   */
  signInByRedirect(input: SignInByRedirectInput, facts: RequestInfo): Promise<SignInAnswer<UserOf<C>>>;
  /**
   * Exchanges a refresh token for its successor and a new access token. The same token again, within `sessions.refreshGrace` seconds,
   * gets the same successor; later it ends the session.
   *
   * @throws AuthError `refresh_token_invalid`, `refresh_token_reused`, `session_ended`, `account_disabled`, `rate_limited`
   */
  refresh(refreshToken: string, facts: RequestInfo): Promise<TokenResponse<UserOf<C>>>;

  /** Ends the session of a refresh token. Says nothing of whether there was one (RFC 7009 §2.2). */
  signOut(refreshToken: string, facts: RequestInfo): Promise<void>;

  /**
   * Opens an account for a stranger and signs them in. Profile fields stand beside the names.
   *
   * @throws AuthError `registration_closed`, `invalid_input`, `password_rejected`, `identifier_taken`, `rate_limited`, `overloaded`,
   * `refused_by_hook`, `hook_failed`
   */
  register(input: RegisterInput & ProfileChangesOf<C>, facts: RequestInfo): Promise<SignInAnswer<UserOf<C>>>;

  /**
   * Sends a code with which a password is set, as `startCode` does.
   *
   * @throws AuthError `invalid_input`, `rate_limited`, `unavailable` without a sender
   */
  startReset(input: StartResetInput, facts: RequestInfo): Promise<Challenge>;
  /**
   * Sets a password with the code that `startReset` sent, ends every session of the account, and forgets every other device.
   *
   * @throws AuthError `code_invalid`, `code_expired`, `password_rejected`, `rate_limited`, `overloaded`
   */
  resetPasswordByCode(input: ResetByCodeInput, facts: RequestInfo): Promise<PasswordReset>;
  /**
   * Sets a password with a one-time code of an administrator, and ends every session of the account.
   *
   * @throws AuthError `code_invalid`, `code_expired`, `password_rejected`, `rate_limited`, `overloaded`
   */
  resetPassword(input: ResetPasswordInput, facts: RequestInfo): Promise<PasswordReset>;
  /**
   * Holds a reset that a code has made, with the password from before it on a device that was known then: until 14 days after the reset no
   * name, recovery code or second factor changes by it. Or lets it go on. What does not fit is refused alike.
   *
   * @throws AuthError `invalid_credentials`, `rate_limited`, `overloaded`, `invalid_input`
   */
  holdReset(input: HoldResetInput, facts: RequestInfo): Promise<HeldReset>;

  /**
   * Exchanges a recovery code, for which no name is needed, for a ticket. The code is used up when the ticket is.
   *
   * @throws AuthError `code_invalid`, `rate_limited`
   */
  startRecovery(input: StartRecoveryInput, facts: RequestInfo): Promise<StartedRecovery>;
  /**
   * Sets a password with the ticket of a recovery code, ends every session of the account, and signs the person in with that password. A second
   * factor stays and is asked for, unless the input says that it is lost too.
   *
   * @throws AuthError `code_invalid`, `password_rejected`, `second_factor_required` once the password is set, `rate_limited`, `overloaded`
   */
  recover(input: RecoverInput, facts: RequestInfo): Promise<RecoveryAnswer<UserOf<C>>>;
  /**
   * What the browser is to be asked so that it makes a passkey with the ticket of a recovery code, for `recoverByPasskey`.
   *
   * @throws AuthError `code_invalid`, `permission_denied`, `rate_limited`
   */
  startRecoveryPasskey(ticket: string, facts: RequestInfo): Promise<StartedPasskey<PasskeyCreationOptions>>;
  /**
   * Gives the account that passkey in the place of its password, ends every session of it, and signs the person in. Other factors stay, unless
   * the input says that they are lost too.
   *
   * @throws AuthError `code_invalid`, `invalid_credentials`, `code_expired`, `permission_denied`, `rate_limited`
   */
  recoverByPasskey(input: RecoverByPasskeyInput, facts: RequestInfo): Promise<PasskeyRecoveryAnswer<UserOf<C>>>;

  /**
   * Finds out who makes a call from its `Authorization` headers, each as it came. The session and the user are read from the database
   * every time, so that whatever ends them is in force on the next call.
   *
   * @throws AuthError `token_missing`, `token_invalid`, `token_expired`, `session_ended`, `account_disabled`
   */
  authenticate(authorization: readonly string[], facts?: RequestInfo): Promise<Principal<UserOf<C>>>;

  /**
   * Tells what an access token is worth at this moment (RFC 7662 §2.2), to the service itself or to the API of the audience that is
   * asked for, and which of some permissions its owner holds. Throws AuthError `rate_limited` at the most.
   */
  inspectToken(token: string, facts: RequestInfo, asked?: TokenQuestion): Promise<TokenInspection>;

  /**
   * Exchanges the caller's session for a token of another audience of `tokens.audience`, which opens that API and nothing here.
   *
   * @throws AuthError `invalid_input` for an audience that is the service's own, or none of the list
   */
  exchangeToken(caller: Principal, input: { readonly audience: string }): Promise<ExchangedToken>;

  /**
   * What a user may do at this moment: nothing while inactive, everything as a superuser, else what was granted. Permissions that another
   * program declares may be among them.
   */
  findPermissions(user: User): Promise<readonly string[]>;

  /**
   * Answers what the user holds at this moment, with the permission among it; null for a superuser, who holds everything. Throws AuthError
   * `permission_denied`.
   */
  authorize(user: User, permission: C["permission"]): Promise<readonly string[] | null>;

  /**
   * Writes to the audit trail that a person was refused what they have no right to. The builders of procedures do so for every
   * `permission_denied`; beyond 30 of one person within five minutes they are counted, and written as one event.
   */
  recordDenial(user: Pick<User, "id">, denied: DeniedCall, facts: RequestInfo): Promise<void>;

  /**
   * Changes profile fields; those that are absent stay as they are. Answers the user as it then is.
   *
   * @throws AuthError `session_ended`, `invalid_input`, `refused_by_hook`, `hook_failed`
   */
  updateProfile(caller: Principal, changes: ProfileChangesOf<C>, facts: RequestInfo): Promise<UserOf<C>>;

  /**
   * Gives the caller a new password, ends their other sessions, and answers new tokens for the present one.
   *
   * @throws AuthError `invalid_credentials`, `password_rejected`, `rate_limited`, `overloaded`, `session_ended`, `reauthentication_required`
   * on a remembered device, `refused_by_hook`, `hook_failed`
   */
  changePassword(caller: Principal, input: ChangePasswordInput, facts: RequestInfo): Promise<TokenResponse<UserOf<C>>>;

  /**
   * Notes that the caller has just shown with their password, and the second factor that they have, in this session, that it is them. Answers
   * new tokens of the session: once one of them is used, no refresh token of before leads to it.
   *
   * @throws AuthError `invalid_credentials`, `second_factor_required`, `code_invalid`, `rate_limited`, `overloaded`, `session_ended`
   */
  reauthenticate(caller: Principal, input: ReauthenticateInput, facts: RequestInfo): Promise<TokenResponse<UserOf<C>>>;
  /**
   * Sends a code to the caller's own number or address, for `reauthenticateByCode`. Only where the account has no password.
   *
   * @throws AuthError `invalid_input`, `rate_limited`, `unavailable` without a sender
   */
  startReauthentication(caller: Principal, input: StartReauthenticationInput, facts: RequestInfo): Promise<Challenge>;
  /**
   * Notes that the caller has just shown by a code, in this session, that it is them.
   *
   * @throws AuthError `code_invalid`, `code_expired`, `rate_limited`, `session_ended`
   */
  reauthenticateByCode(
    caller: Principal,
    input: ReauthenticateByCodeInput,
    facts: RequestInfo,
  ): Promise<TokenResponse<UserOf<C>>>;
  /**
   * Lets a call go on if the caller signed in, or reauthenticated, `maxAge` seconds ago at most; with `acr` `2` only where they have shown two
   * factors. Refreshes do not count.
   *
   * @throws AuthError `reauthentication_required`, with `maxAge` and `acr`
   */
  requireRecentAuthentication(caller: Principal, maxAge: number, acr?: "1" | "2"): Promise<void>;
  /**
   * The same for what administration does to accounts, rights and keys, within ten minutes: a code that was sent, or a password that such a
   * code has set within 72 hours, is not enough for it in a session that is younger than that.
   *
   * @throws AuthError `reauthentication_required`, with `maxAge` and `acr`, `permission_denied`
   */
  requireToAdminister(caller: Principal): Promise<void>;

  /** Whether the caller has an authenticator app, and has to have one. */
  getTotp(caller: Principal): Promise<OwnTotp>;
  /**
   * Makes a secret for the caller's authenticator app, which `confirmTotp` makes their second factor.
   *
   * @throws AuthError `reauthentication_required`, `permission_denied`
   */
  startTotp(caller: Principal, facts: RequestInfo): Promise<StartedTotp>;
  /**
   * Makes the app the second factor of the caller, and ends their other sessions. Who has no recovery codes gets them with the answer.
   *
   * @throws AuthError `code_invalid`, `reauthentication_required`, `session_ended`
   */
  confirmTotp(caller: Principal, input: ConfirmTotpInput, facts: RequestInfo): Promise<FactorEnrolled>;
  /**
   * Takes the caller's authenticator app away, and ends their other sessions.
   *
   * @throws AuthError `reauthentication_required`, `not_found`, `permission_denied` where the account has to have one
   */
  removeTotp(caller: Principal, facts: RequestInfo): Promise<void>;

  /** The caller's passkeys, the oldest first. */
  listPasskeys(caller: Principal): Promise<OwnPasskey[]>;
  /**
   * What the caller's browser is to be asked so that it makes a passkey, for `addPasskey`.
   *
   * @throws AuthError `reauthentication_required`, `permission_denied`
   */
  startPasskey(caller: Principal): Promise<StartedPasskey<PasskeyCreationOptions>>;
  /**
   * Gives the caller the passkey that their browser has made. Where it is their first factor beside a password or a code, their other sessions
   * end; who has no recovery codes gets them with the answer.
   *
   * @throws AuthError `invalid_credentials`, `code_expired`, `reauthentication_required`, `permission_denied`, `rate_limited`, `session_ended`
   */
  addPasskey(caller: Principal, input: AddPasskeyInput, facts: RequestInfo): Promise<PasskeyAdded>;
  /** Throws AuthError `not_found`. */
  renamePasskey(
    caller: Principal,
    input: { readonly id: string; readonly name: string },
    facts: RequestInfo,
  ): Promise<void>;
  /**
   * Takes a passkey of the caller's away, and ends their other sessions. The last way into the account stays.
   *
   * @throws AuthError `reauthentication_required`, `not_found`, `permission_denied`
   */
  removePasskey(caller: Principal, id: string, facts: RequestInfo): Promise<void>;
  /**
   * Takes away in one step what somebody else may have made in the caller's account: the passkeys and the authenticator app that are not kept,
   * the recovery codes of before, every other session and device. The last way into the account stays.
   *
   * @throws AuthError `reauthentication_required`, `not_found`, `permission_denied`
   */
  removeOtherFactors(caller: Principal, keep: FactorsToKeep, facts: RequestInfo): Promise<FactorsRemoved>;
  /**
   * What the caller's browser is to be asked so that they show by a passkey that it is them.
   *
   * @throws AuthError `not_found` for somebody who has none, `permission_denied`
   */
  startPasskeyReauthentication(caller: Principal): Promise<StartedPasskey<PasskeyRequestOptions>>;
  /**
   * Notes that the caller has just shown by a passkey, in this session, that it is them: it is one of two factors from then on.
   *
   * @throws AuthError `invalid_credentials`, `code_expired`, `rate_limited`, `session_ended`, `permission_denied`
   */
  reauthenticateByPasskey(
    caller: Principal,
    input: { readonly passkey: PasskeyAssertion },
    facts: RequestInfo,
  ): Promise<TokenResponse<UserOf<C>>>;

  /**
   * Sends a code with which the caller proves the number or the address of their account, or another one, which becomes the account's.
   *
   * @throws AuthError `invalid_input`, `reauthentication_required`, `permission_denied`, `rate_limited`, `unavailable` without a sender
   */
  startOwnName(caller: Principal, input: StartOwnNameInput, facts: RequestInfo): Promise<Challenge>;
  /**
   * Proves it with that code. What the account did not have becomes its own at once, or waits.
   *
   * @throws AuthError `code_invalid`, `code_expired`, `reauthentication_required`, `identifier_taken`, `rate_limited`, `session_ended`,
   * `permission_denied`, `refused_by_hook`, `hook_failed`
   */
  confirmOwnName(caller: Principal, input: ConfirmOwnNameInput, facts: RequestInfo): Promise<OwnNameAnswer<UserOf<C>>>;
  /**
   * Takes the number or the address from the caller's account at once, or after it has waited. The last way in stays.
   *
   * @throws AuthError `reauthentication_required`, `invalid_input`, `session_ended`, `permission_denied`, `refused_by_hook`, `hook_failed`
   */
  removeOwnName(
    caller: Principal,
    input: { readonly kind: "phone" | "email"; readonly deviceMark?: string | undefined },
    facts: RequestInfo,
  ): Promise<OwnNameAnswer<UserOf<C>>>;

  /** The changes of the caller's account that wait, the first due first. */
  listPendingChanges(caller: Principal): Promise<PendingChange[]>;
  /** Stops one of them, whichever session asked for it. Throws AuthError `not_found`. */
  stopPendingChange(caller: Principal, id: string, facts: RequestInfo): Promise<void>;
  /**
   * Stops all that waits for an account, its deletion too, from a device that has signed in to it. What does not fit is answered alike.
   *
   * @throws AuthError `invalid_input`, `rate_limited`
   */
  stopPendingChanges(input: StopChangesInput, facts: RequestInfo): Promise<void>;
  /**
   * Makes ten recovery codes for the caller, who showed lately that it is them; those before are good no more. They are answered here and
   * never again. Where only a code that was sent showed it, they are good after three days.
   *
   * @throws AuthError `reauthentication_required`, `permission_denied` for the account of a test number
   */
  createRecoveryCodes(caller: Principal, facts: RequestInfo): Promise<MadeRecoveryCodes>;
  /** How many recovery codes the caller has left, and since when; null when they have none. */
  readRecoveryCodes(caller: Principal): Promise<RecoveryCodeStatus | null>;
  /** Withdraws the caller's recovery codes that wait to be good. Throws AuthError `not_found`. */
  stopRecoveryCodes(caller: Principal, facts: RequestInfo): Promise<void>;

  /** Where the caller is signed in, the last used first. */
  listSessions(caller: Principal): Promise<OwnDevice[]>;
  /** Ends one of the caller's sessions, which may be the present one. Throws AuthError `not_found`. */
  revokeSession(caller: Principal, id: string, facts: RequestInfo): Promise<void>;
  /** Ends all of the caller's sessions but the present one, forgets every other device, and answers this one's new mark. */
  revokeOtherSessions(caller: Principal, facts: RequestInfo, shown?: ShownDevice): Promise<OthersRevoked>;
  /** Forgets every device that the caller has signed in with but this one, and answers its new mark. Sessions stay as they are. */
  forgetDevices(caller: Principal, facts: RequestInfo, shown?: ShownDevice): Promise<Pick<OthersRevoked, "deviceMark">>;
  /** The devices on which the caller is asked for no second factor, the newest first. */
  listRememberedDevices(caller: Principal): Promise<OwnRememberedDevice[]>;
  /** Has the second factor asked for again on one of them, and ends what was opened there without it. Throws AuthError `not_found`. */
  endRememberedDevice(caller: Principal, id: string, facts: RequestInfo): Promise<void>;

  /** One page of what happened to the caller's account, the newest first. */
  listActivity(caller: Principal, input: ListActivityInput): Promise<ActivityPage>;
  /** One page of what the caller is told of their own account, the newest first. Throws AuthError `invalid_input`. */
  listNotices(caller: Principal, input: ListNoticesInput): Promise<NoticePage>;
  /** Notes that the caller has read notices: those of the ids, or all. */
  markNoticesRead(caller: Principal, input: { readonly ids?: readonly string[] | undefined }): Promise<void>;
  /** What the caller agreed to and withdrew, when, and to which text; the newest first. */
  listConsents(caller: Principal): Promise<Consent[]>;
  /**
   * A copy of what is kept about the caller, who showed within ten minutes that it is them; no password, token or code is in it.
   *
   * @throws AuthError `reauthentication_required`
   */
  exportOwnData(caller: Principal): Promise<OwnData<UserOf<C>>>;
  /**
   * Has the caller's account deleted 14 days later, or 30 where no message reaches its owner, and ends every session at once. A sign-in before
   * takes it back, and so do `stopPendingChanges`, a new password and an administrator who disables the account.
   *
   * @throws AuthError `reauthentication_required`, `session_ended`, `permission_denied` for the last superuser
   */
  deleteOwnAccount(caller: Principal, facts: RequestInfo): Promise<AccountDeletion>;

  /** What administrators do. Who may do it at all is for the caller to check, by `authorize`; who stands above is checked here. */
  readonly users: {
    /**
     * One page, the newest first, or in the order of the name that is searched for. With a reader, numbers and addresses are masked unless
     * they hold `auth.view_contact`, and it is written to the audit trail where `auditReads` is on. Throws AuthError `invalid_input`.
     */
    list(input: ListUsersInput, reader?: Reader): Promise<UserPage<UserOf<C>>>;
    /** The same of one user. Throws AuthError `not_found`. */
    get(id: string, reader?: Reader): Promise<AdministeredUser<UserOf<C>>>;
    /**
     * Creates an account whose names the administrator vouches for, and answers, once, the code with which its owner sets a password.
     *
     * @throws AuthError `invalid_input`, `identifier_taken`, `permission_denied`, `refused_by_hook`, `hook_failed`
     */
    create(
      admin: Administrator,
      input: AdministeredUserInput & ProfileChangesOf<C>,
    ): Promise<CreatedAccount<UserOf<C>>>;
    /**
     * Changes a user. With `expected`, nothing is changed where one of these fields holds something else by now. Throws AuthError `not_found`,
     * `invalid_input`, `identifier_taken`, `changed_meanwhile`, `permission_denied`, `refused_by_hook`, `hook_failed`.
     */
    update(
      admin: Administrator,
      id: string,
      changes: UserUpdate & ProfileChangesOf<C>,
      expected?: Partial<UserOf<C>>,
    ): Promise<UserOf<C>>;
    /** Deletes a user with their sessions and grants. Throws AuthError `not_found`, `permission_denied`. */
    delete(admin: Administrator, id: string): Promise<void>;
    /**
     * Makes a user's groups exactly those given; with `expected`, only while they are those. Throws AuthError `not_found`, `invalid_input`,
     * `changed_meanwhile`, `permission_denied`.
     */
    setGroups(
      admin: Administrator,
      id: string,
      groupIds: readonly string[],
      expected?: readonly string[],
    ): Promise<AdministeredUser<UserOf<C>>>;
    /**
     * Makes a user's own permissions exactly those given; with `expected`, only while they are those. Throws AuthError `not_found`,
     * `invalid_input`, `changed_meanwhile`, `permission_denied`.
     */
    setPermissions(
      admin: Administrator,
      id: string,
      permissions: readonly string[],
      expected?: readonly string[],
    ): Promise<AdministeredUser<UserOf<C>>>;
    /** Lets a user sign in again whose account is locked by wrong passwords. Throws AuthError `not_found`, `permission_denied`. */
    unlock(admin: Administrator, id: string): Promise<void>;
    /** Makes a code that sets a password, good for three days. Throws AuthError `not_found`, `invalid_input`, `permission_denied`. */
    createPasswordCode(admin: Administrator, id: string): Promise<PasswordCode>;
    /** Where a user is signed in, the last used first. Throws AuthError `not_found`, `permission_denied`. */
    listSessions(admin: Administrator, id: string): Promise<Device[]>;
    /** Ends all sessions of a user, or one, and answers how many. Throws AuthError `not_found`, `permission_denied`. */
    endSessions(admin: Administrator, id: string, sessionId?: string): Promise<number>;
    /**
     * Takes the second factors of somebody away who has lost them, ends their sessions, and answers how many.
     *
     * @throws AuthError `not_found`, `permission_denied`, `reauthentication_required`
     */
    resetSecondFactor(admin: Administrator, id: string): Promise<number>;
    /**
     * Has a user replace their password at the next sign-in, before anything else, and ends their sessions; answers how many.
     *
     * @throws AuthError `not_found`, `permission_denied`, `invalid_input` for an account without a password
     */
    requirePasswordChange(admin: Administrator, id: string): Promise<number>;
    /** What of a user's number or address waits. Throws AuthError `not_found`, `permission_denied`. */
    listPendingChanges(admin: Administrator, id: string): Promise<WaitingChanges>;
    /** Stops one of these. Throws AuthError `not_found`, `permission_denied`. */
    stopPendingChange(admin: Administrator, id: string, changeId: string): Promise<void>;
    /** By what a user signs in, since when and by whose word, and what keeps them out. Throws AuthError `not_found`, `permission_denied`. */
    getWaysIn(admin: Administrator, id: string): Promise<WaysIn>;
    /** Whom an import left out or altered, and why. Throws AuthError `invalid_input`. */
    listImported(input: ListImportedUsersInput, reader?: Reader): Promise<ImportedUserPage>;
  };

  readonly groups: {
    /** One page, by name. */
    list(input: ListGroupsInput): Promise<GroupPageAnswer>;
    /** Throws AuthError `not_found`. */
    get(id: string): Promise<Group>;
    /** Throws AuthError `identifier_taken`, `invalid_input`, `permission_denied`. */
    create(admin: Administrator, input: GroupInput): Promise<Group>;
    /**
     * Changes a group; with `expected`, only while it is that. Throws AuthError `not_found`, `identifier_taken`, `invalid_input`,
     * `changed_meanwhile`, `permission_denied`.
     */
    update(admin: Administrator, id: string, changes: GroupUpdate, expected?: GroupUpdate): Promise<Group>;
    /** Throws AuthError `not_found`, `permission_denied`. */
    delete(admin: Administrator, id: string): Promise<void>;
  };

  /**
   * What the operator of the installation does. It skips permission checks and is audited with `actorId: null`. Users are named as at
   * sign-in; each throws AuthError `not_found` for a name that is nobody's.
   */
  readonly operator: {
    /** Gives a user another password and ends their sessions; answers how many. Throws AuthError `password_rejected`. */
    changePassword(name: string, password: string, how?: PasswordToSet): Promise<number>;
    /** Throws AuthError `invalid_input` for a permission that does not exist. */
    grant(name: string, what: GrantInput): Promise<Grants>;
    revoke(name: string, what: GrantInput): Promise<Grants>;
    /** Lets a user sign in again whose account is locked, or slowed down, by wrong passwords. */
    unlock(name: string): Promise<void>;
    /** Throws AuthError `invalid_input`, `identifier_taken`, `refused_by_hook`, `hook_failed`. */
    update(name: string, changes: UserUpdate & ProfileChangesOf<C>): Promise<UserOf<C>>;
    delete(name: string): Promise<void>;
    /** Throws AuthError `identifier_taken`, `invalid_input`. */
    createGroup(group: GroupInput): Promise<Group>;
    /** Throws AuthError `identifier_taken`, `invalid_input`. */
    updateGroup(name: string, changes: GroupUpdate): Promise<Group>;
    deleteGroup(name: string): Promise<void>;
    /** Makes a code that sets a password, good for three days. Throws AuthError `invalid_input` for a disabled account. */
    createPasswordCode(name: string): Promise<PasswordCode>;
    listSessions(name: string): Promise<Device[]>;
    /** A copy of what is kept about a user; no password, token or code is in it. */
    exportUser(name: string): Promise<OwnData<UserOf<C>>>;
    /** Ends all sessions of a user, or one, and answers how many. */
    endSessions(name: string, sessionId?: string): Promise<number>;
    /**
     * Ends every session of everybody, or those of one app, that was opened before, step by step, and answers how many. Killed half-way it may
     * be called again.
     */
    endAllSessions(input?: EndAllSessionsInput): Promise<number>;
    /** Takes the second factors and the recovery codes of a user away, ends their sessions, and answers how many. */
    resetSecondFactor(name: string): Promise<number>;
    /** Has a user replace their password at the next sign-in, ends their sessions, and answers how many. Throws AuthError `invalid_input`. */
    requirePasswordChange(name: string): Promise<number>;
    /** Who was deleted, by digests of ids, for `replayErasures`. Keep it beside the backups. */
    exportErasures(input?: ListErasuresInput): AsyncGenerator<Erasure>;
    /** Deletes everybody once more who was deleted after a backup was made that has been restored; hooks are told. */
    replayErasures(erasures: AsyncIterable<Erasure>): Promise<ErasuresReplayed>;
    /** What of a user's number or address waits. */
    listPendingChanges(name: string): Promise<WaitingChanges>;
    /** Stops one of these. */
    stopPendingChange(name: string, changeId: string): Promise<void>;
  };

  /**
   * Who came from where. A round reads everybody of another system: begin it, tell of all people in parts, complete it. Then bring them
   * over by `createUser` with `importedFrom`.
   */
  readonly importedUsers: {
    /** Throws AuthError `invalid_input`. */
    startRound(input: StartRoundInput): Promise<ImportRound>;
    /** Tells of some of the people, in any order. Throws AuthError `invalid_input`, `not_found` for a round that was given up. */
    record(round: ImportRound, people: readonly ImportedPerson[]): Promise<void>;
    /**
     * Makes what the round has read the present state of its source; `people` is the source's own count, and `isKnownUpdated` says that
     * `updateKnown` was called.
     *
     * @throws AuthError `invalid_input`, `not_found` for a round that was given up
     */
    completeRound(
      round: ImportRound,
      input: { readonly people: number; readonly isKnownUpdated?: boolean | undefined },
    ): Promise<RoundChanges>;
    /**
     * The first half of that, for who records new people together with their accounts: what the round has read of people known before. Who is
     * new is not `added`, and may be left out of the round: `people` are then the others. Until the round is complete it counts for no old token.
     *
     * @throws AuthError `invalid_input`, `not_found` for a round that was given up
     */
    updateKnown(round: ImportRound, input: { readonly people: number }): Promise<RoundChanges>;
    /** Says that an account which came over before is a person of the other system. Throws AuthError `not_found`, `identifier_taken`. */
    link(key: ImportedKey, userId: string): Promise<void>;
    /** The old ids of the people of a source who can still be brought over. */
    listWithoutAccount(source: string): Promise<readonly string[]>;
  };

  /**
   * Creates an account as the operator, who vouches for its phone number and e-mail address.
   *
   * @throws AuthError `invalid_input`, `password_rejected`, `identifier_taken`, `refused_by_hook`, `hook_failed`
   */
  createUser(input: CreateUserInput & { readonly profile?: ProfileChangesOf<C> }): Promise<UserOf<C>>;
  /** One page of the audit trail, the newest first; with a reader as `users.list`. */
  listAuditEvents(input: ListEventsInput, reader?: Reader): Promise<EventPageAnswer>;
  /**
   * Creates the permissions of an app that another program has, for the account that it runs as; with `prune`, withdraws the app's others
   * with their grants. `permissions: []` with `prune` releases the app.
   *
   * @throws AuthError `invalid_input`, `identifier_taken` when the app is somebody else's
   */
  declarePermissions(admin: Administrator, input: DeclarePermissionsInput): Promise<SyncedPermissions>;
  /**
   * Creates the permissions that are declared here; with `prune`, deletes with their grants all others that no account declares. Throws
   * StartError when another program declares an app of these, unless it prunes.
   */
  syncPermissions(input: SyncInput): Promise<SyncedPermissions>;
  /** Makes a new signing key and answers its id: as the operator, or as an administrator. */
  rotateKeys(input: RotateKeysInput, admin?: Administrator): Promise<string>;
  /** The signing keys that are accepted, how old they are, and when the next one is made by itself. */
  listSigningKeys(): Promise<SigningKeys>;
  /**
   * Makes a new signing key where the newest is older than `tokens.keyLifetime`, and answers its id; null otherwise. For something that runs
   * regularly, in as many processes as there are.
   */
  rotateDueKeys(): Promise<string | null>;
  /**
   * Moves everything that another secret sealed to the first one, or gives it up. It may be broken off at any point, and called again. Throws
   * StartError.
   */
  reseal(input: ResealInput): Promise<Resealed>;
  /** The keys that verify tokens, for everybody to read (RFC 7517 §5). */
  publicKeys(): Promise<JSONWebKeySet>;
  /** The keys that verify tokens with the shared secrets of HS256 among them, for one trusted service. */
  verificationKeys(): Promise<JSONWebKeySet>;
  /** Looks over the stored hashes, so that refusals tell nothing of them. Call it at the start and by the hour. */
  measureHashCosts(): Promise<void>;
  /** Deletes what is of no use any more, and accounts that are to be, and answers how much; makes indexes that are missing. Call it at the start and by the hour. */
  purge(): Promise<Purged>;
  /** Does what people's changes have waited for, and answers how many were due. Call it by the hour, in one process or several. */
  applyDueChanges(): Promise<number>;
  /** Brings the schema up to date, or runs only some migrations, and answers those that ran. Throws StartError. */
  migrate(input?: { readonly only?: readonly string[] }): Promise<readonly string[]>;
  /**
   * Reads everything as it is at one moment, while the service goes on, as a backup that any later version of PostgreSQL and of
   * Latchkey can restore. The secret is not in it.
   */
  backUp(input: BackUpInput): AsyncIterable<Buffer>;
  /**
   * Brings a backup back into a database without accounts, whole or not at all, and answers what stood at its head. Then migrate. Throws
   * StartError.
   */
  restore(source: AsyncIterable<Buffer>, input: RestoreInput): Promise<BackupHeader>;
  /**
   * Builds indexes that are missing, beside whatever runs, and answers which still are: because something long was under way, another process
   * builds them, this role does not own the tables, or a pooler is in between.
   */
  buildIndexes(): Promise<readonly string[]>;
  /** Looks whether the schema is that of this version, and changes nothing. Throws StartError. */
  requireMigrated(): Promise<void>;
  /**
   * Brings the schema up to date (with `check` only looks whether it is, with `off` not even that), refuses a database whose restore has not ended, looks whether the database can be
   * trusted, and makes the first signing key and the permissions. Where the option `messages.senders` names senders, this process sends
   * messages from now on. Answers what works and should be mended about the way to the database, a line each. Throws StartError.
   *
   * @param input.mode whether it brings what the settings ask for into the database (as the service does, and unless said), makes only what is
   * missing there, or changes nothing and starts nothing
   */
  initialize(input?: { readonly migrations?: MigrationMode; readonly mode?: StartMode }): Promise<readonly string[]>;
  /** Notes what a provider tells of a message, as often as it likes; one that failed may go on by the next channel. */
  receiveDelivery(receipt: DeliveryReceipt): Promise<void>;
  /** What became of messages in the last 24 hours and which rules refused some, by country, and what is left of the budgets. */
  reportMessages(): Promise<MessageReport>;
  /** What became of messages in each hour of the last 14 days, in a country as a report calls it, or in all together. */
  readMessageHistory(input?: { readonly country?: string | undefined }): Promise<MessageHistory>;
  /** What waits to be sent at this moment, of all processes together: codes, notices, and events of webhooks. */
  readQueues(): Promise<readonly QueueState[]>;
  /** Sends what is due at this moment, and answers how many tries that were; the process does so by itself once it is initialized. */
  sendDueMessages(): Promise<number>;
  /** Tells endpoints what is due at this moment, and answers how many tries that were; the process does so by itself once it is initialized. */
  deliverDueWebhooks(): Promise<number>;
  /** How the endpoints of webhooks stand, and the oldest events that have not arrived. */
  reportWebhooks(input: { readonly limit: number }): Promise<WebhookReport>;
  /** Has one event told again, or all that have not arrived, and answers how many those are. */
  resendWebhooks(input: { readonly id?: string }): Promise<number>;
  /** Seals what the audit trail has that can be sealed, and answers how many events that were; an initialized process does so by itself. */
  sealAudit(): Promise<number>;
  /** Compares the whole audit trail with its seals, and tells the first range that is not as it was written. */
  verifyAudit(input?: VerifyAuditInput): Promise<AuditVerification>;
  /** Looks the installation over, for an administrator; without `reader`, for a program of the installation's own. */
  checkHealth(reader?: Reader): Promise<Health>;
  /** What happened in the last 24 hours by the hour, and in the last hour by five minutes: events, messages, and what waits to be sent. */
  readServiceOverview(): Promise<ServiceOverview>;
  /**
   * Resolves when the database answers; rejects with what is wrong otherwise. It takes no writes when its address leads to a standby, or
   * somebody made it read-only.
   */
  ping(): Promise<{ readonly takesWrites: boolean }>;
  /**
   * Takes what a call costs from what its caller may spend within a minute, in the memory of this process. The procedures of Latchkey do so
   * before anything of theirs runs. Throws AuthError `rate_limited`.
   */
  spendCall(caller: Pick<User, "id">, budget: CallBudget, cost: number): void;
  /** What this process has in its hands at this moment; it asks nobody. */
  load(): Load;
  /**
   * Resolves after the option `refusalDelay`, or when `signal` is aborted: what a server waits for before it answers that a limit is reached.
   * Nothing is held meanwhile but the request.
   */
  delayRefusal(signal?: AbortSignal): Promise<void>;
  /**
   * Refuses, with AuthError `unavailable`, the calls that wait for a password to be checked, and those that would. Refusals that are
   * delayed are answered at once.
   */
  rejectQueuedHashes(): void;
  /** Waits for messages that are on their way, and closes the connections, unless the pool was handed in. */
  close(): Promise<void>;
}
