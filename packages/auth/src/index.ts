export type { AuditEvent } from "./audit/audit-event.ts";
export type { EventCount, RecentEventCount } from "./audit/event-counts.ts";
export type { AuditStreamOptions, StreamedEvent } from "./audit/stream.ts";
export { type WebhookType, webhookTypes } from "./audit/webhook-events.ts";
export type { Auth, BackUpInput, Load, RestoreInput, WebhookReport } from "./auth.ts";
export type { ChallengePurpose, Channel } from "./challenges/challenge-store.ts";
export type { Challenge } from "./challenges/challenges.ts";
export { type Clock, systemClock } from "./clock.ts";
export type { Config, ConfigOf, PlainConfig, ProfileChangesOf, UserOf } from "./config.ts";
export type { Consent, ConsentDecider, ConsentPurpose, ConsentSource } from "./consents/consent-store.ts";
export { createAuth } from "./create-auth.ts";
export type { Erasure } from "./deletions/erased-user-store.ts";
export {
  AuthError,
  type AuthErrorCode,
  type AuthErrorDetails,
  HookRefusal,
  type InputIssue,
  type InputIssueCode,
  inputIssueCodes,
  isAuthError,
  type PasswordChangeRequest,
  type SecondFactorMethod,
  type SecondFactorRequest,
  StartError,
  withIssueCode,
} from "./errors.ts";
export type { ChangePasswordInput } from "./flows/account/change-password.ts";
export type { AccountDeletion, KeptRecord } from "./flows/account/delete-account.ts";
export type { ListNoticesInput, Notice, NoticePage } from "./flows/account/notices.ts";
export type { ConfirmOwnNameInput, OwnNameAnswer, StartOwnNameInput } from "./flows/account/own-name.ts";
export type { AddPasskeyInput, OwnPasskey, PasskeyAdded } from "./flows/account/passkeys.ts";
export type { StopChangesInput } from "./flows/account/pending-changes.ts";
export type {
  ReauthenticateByCodeInput,
  ReauthenticateInput,
  StartReauthenticationInput,
} from "./flows/account/reauthenticate.ts";
export type { OwnRememberedDevice } from "./flows/account/remembered-devices.ts";
export type { FactorsRemoved, FactorsToKeep } from "./flows/account/remove-other-factors.ts";
export type { OthersRevoked, OwnDevice } from "./flows/account/sessions.ts";
export type { ConfirmTotpInput, OwnTotp, StartedTotp } from "./flows/account/totp.ts";
export type { EventPageAnswer, ListEventsInput } from "./flows/administration/audit-events.ts";
export type { CreateUserInput } from "./flows/administration/create-user.ts";
export type { DeclarePermissionsInput } from "./flows/administration/declare-permissions.ts";
export type { EndAllSessionsInput } from "./flows/administration/end-all-sessions.ts";
export type { GroupInput, GroupPageAnswer, GroupUpdate, ListGroupsInput } from "./flows/administration/groups.ts";
export type {
  ImportedState,
  ImportedUserAnswer,
  ImportedUserPage,
  ListImportedUsersInput,
} from "./flows/administration/list-imported-users.ts";
export type { ListUsersInput, UserPage } from "./flows/administration/list-users.ts";
export type { GrantInput, PasswordToSet } from "./flows/administration/operator.ts";
export type { StartRoundInput } from "./flows/administration/record-imported-users.ts";
export type { OutboxSpan, ServiceOverview } from "./flows/administration/service-overview.ts";
export type { ListedSigningKey, SigningKeys } from "./flows/administration/signing-keys.ts";
export type { UserUpdate } from "./flows/administration/update-user.ts";
export type { WaitingChanges } from "./flows/administration/user-changes.ts";
export type { AdministeredUser, AdministeredUserInput, CreatedAccount } from "./flows/administration/users.ts";
export type { NameProof, WaysIn } from "./flows/administration/ways-in.ts";
export type { ExchangedToken } from "./flows/authentication/exchange-token.ts";
export type { TokenInspection, TokenQuestion } from "./flows/authentication/inspect-token.ts";
export type { DeniedCall } from "./flows/authentication/record-denial.ts";
export type { Health } from "./flows/maintenance/check-health.ts";
export type { ErasuresReplayed, ListErasuresInput } from "./flows/maintenance/erasures.ts";
export type { StartMode } from "./flows/maintenance/prepare-keys.ts";
export type { Purged } from "./flows/maintenance/purge.ts";
export type { CountryMessages, MessageHistory, MessageReport } from "./flows/maintenance/report-messages.ts";
export type { Resealed, ResealInput } from "./flows/maintenance/reseal.ts";
export type { RotateKeysInput } from "./flows/maintenance/rotate-keys.ts";
export type { SyncInput } from "./flows/maintenance/sync-permissions.ts";
export type { AuditFault, AuditVerification, BrokenRange, VerifyAuditInput } from "./flows/maintenance/verify-audit.ts";
export type { HeldReset, HoldResetInput } from "./flows/sign-in/hold-reset.ts";
export type {
  PasskeyRecoveryAnswer,
  RecoverByPasskeyInput,
  RecoverInput,
  RecoveryAnswer,
  StartedRecovery,
  StartRecoveryInput,
} from "./flows/sign-in/recover.ts";
export type { RegisterInput } from "./flows/sign-in/register.ts";
export type { ResendCodeInput } from "./flows/sign-in/resend-code.ts";
export type { PasswordReset, ResetByCodeInput, ResetPasswordInput } from "./flows/sign-in/reset-password.ts";
export type { SignInInput } from "./flows/sign-in/sign-in.ts";
export type { CodeAnswer, SignInByCodeInput, TicketAnswer } from "./flows/sign-in/sign-in-by-code.ts";
export type { SignInByNewPasswordInput } from "./flows/sign-in/sign-in-by-new-password.ts";
export type { SignInByPasskeyInput } from "./flows/sign-in/sign-in-by-passkey.ts";
export type { SignInByRedirectInput, StartRedirectInput } from "./flows/sign-in/sign-in-by-redirect.ts";
export type {
  SecondFactorAnswer,
  SignInBySecondFactorInput,
  TotpToEnroll,
} from "./flows/sign-in/sign-in-by-second-factor.ts";
export type { PublicPurpose, StartCodeInput, StartResetInput } from "./flows/sign-in/start-code.ts";
export type { Administrator } from "./flows/steps/authority.ts";
export type { Principal, RequestInfo } from "./flows/steps/core.ts";
export type { OwnData } from "./flows/steps/export-user.ts";
export type { SignInAnswer, TokenResponse } from "./flows/steps/issue-session-tokens.ts";
export type { ShownDevice } from "./flows/steps/known-device.ts";
export type { ActivityPage, ListActivityInput, OwnEvent } from "./flows/steps/list-activity.ts";
export type { Device } from "./flows/steps/list-devices.ts";
export type { FactorEnrolled } from "./flows/steps/make-recovery-codes.ts";
export type { Reader } from "./flows/steps/masked-contact.ts";
export type { PasswordCode } from "./flows/steps/password-code.ts";
export type { PendingChange } from "./flows/steps/pending-change.ts";
export type { QueueState } from "./flows/steps/read-queues.ts";
export type { HookEvent, HookName, Hooks, HookTransaction } from "./hooks/hooks.ts";
export type { CountryCode } from "./identifiers/phone.ts";
export type { ImportedKey, ImportedPerson } from "./imported-users/imported-user.ts";
export type { ImportRound, RoundChanges } from "./imported-users/round-store.ts";
export type { FirewallLimits, FirewallRule } from "./messages/firewall-rules.ts";
export type { MessageSpan } from "./messages/message-counts.ts";
export { type NoticeKind, type NoticeMessage, noticeKinds } from "./messages/notice.ts";
export { type NoticeTexts, noticeTexts } from "./messages/notice-texts.ts";
export type { SendOutcome } from "./messages/outbox.ts";
export {
  type DeliveryReceipt,
  type Message,
  SendError,
  type Sender,
  type Senders,
  type SendReceipt,
  type SendRefusal,
} from "./messages/sender.ts";
export type { TestNumber } from "./messages/test-numbers.ts";
export {
  countSegments,
  type MessageCatalogue,
  type MessageTexts,
  messageTexts,
  type RenderOptions,
} from "./messages/texts.ts";
export type { AuthorizationCode } from "./one-time-codes/authorization-code-store.ts";
export type { MadeRecoveryCodes, RecoveryCodeStatus, RecoveryTicket } from "./one-time-codes/recovery-code-store.ts";
export type { AuthOptions } from "./options.ts";
export type {
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyRegistration,
  PasskeyRequestOptions,
  StartedPasskey,
} from "./passkeys/passkey-json.ts";
export type { PasswordLoad } from "./passwords/passwords.ts";
export type { SyncedPermissions } from "./permissions/permission.ts";
export {
  type CorePermission,
  coreModels,
  type ModelAction,
  type ModelName,
  modelActions,
  type PermissionFor,
  type PermissionOf,
  permissionFor,
} from "./permissions/permission.ts";
export type { Grants, Group } from "./permissions/permission-store.ts";
export { createSecret } from "./secrets.ts";
export type { Session } from "./sessions/session.ts";
export type { SessionChange } from "./sessions/session-listener.ts";
export type { BackupHeader, BackupPart, BackupSequence, BackupTable } from "./storage/backup-format.ts";
export { type DatabaseConnection, type DatabaseOptions, isStorageUnavailable } from "./storage/database.ts";
export type { DatabaseClient, DatabasePool } from "./storage/given-pool.ts";
export type { MigrationMode } from "./storage/migrate.ts";
export type { CallBudget, CallBudgets } from "./throttling/call-budgets.ts";
export type { Limit } from "./throttling/limits.ts";
export type { TokenAlgorithm } from "./tokens/access-token.ts";
export { indexed } from "./users/own-field.ts";
export {
  defineProfile,
  type InputOf,
  type NoFields,
  type OutputOf,
  type ProfileDefinition,
  type ProfileFields,
} from "./users/profile.ts";
export type { Profile, ProfileChanges, User } from "./users/user.ts";
export type { Watch, Work, WorkFacts } from "./watch.ts";
export type { EndpointReport, UndeliveredEvent } from "./webhooks/webhook-store.ts";
export type { DeliverWebhook, WebhookEvent, WebhookOutcome } from "./webhooks/webhooks.ts";
