export { type Auth, createAuth } from "./auth.ts";
export { type Clock, systemClock } from "./clock.ts";
export {
  AuthError,
  type AuthErrorCode,
  type AuthErrorDetails,
  type InputIssue,
  StartError,
} from "./errors.ts";
export type { AdministeredUser, CreatedAccount } from "./flows/administer-users.ts";
export type { SessionAnswer, SignInAnswer } from "./flows/answer-session.ts";
export type { Caller } from "./flows/authenticate.ts";
export type { ChangePasswordInput } from "./flows/change-password.ts";
export type { RequestFacts } from "./flows/core.ts";
export type { CreateUserInput } from "./flows/create-user.ts";
export type { TokenInspection } from "./flows/inspect-token.ts";
export type { PasswordCode } from "./flows/issue-password-code.ts";
export type { EventPageAnswer } from "./flows/list-audit-events.ts";
export type { UserPageAnswer } from "./flows/list-users.ts";
export type { LoginInput } from "./flows/login.ts";
export type { GroupPageAnswer } from "./flows/manage-groups.ts";
export type { Device, OwnDevice } from "./flows/manage-sessions.ts";
export type { Purged } from "./flows/purge.ts";
export { isPlainLine, isPlainProse } from "./free-text.ts";
export { type CountryCode, isCountryCode, type PhoneResult, parsePhone } from "./identifiers/phone.ts";
export type { AuthOptions } from "./options.ts";
export {
  type CorePermission,
  coreModels,
  type ModelAction,
  type ModelName,
  modelActions,
  type PermissionFor,
  permissionFor,
} from "./permissions/permission.ts";
export type { Group } from "./permissions/permission-store.ts";
export { createSecret, findSecretWeakness } from "./secrets.ts";
export type { Session } from "./sessions/session.ts";
export { isStorageUnavailable } from "./storage/database.ts";
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, openEmbeddedPostgres } from "./storage/embedded.ts";
export { type Limit, limits as attemptLimits } from "./throttling/limits.ts";
export { type TokenAlgorithm, tokenAlgorithms } from "./tokens/access-token.ts";
export { jwksMaxAge } from "./tokens/key-ring.ts";
export { type Profile, type ProfileChanges, profileChangesSchema, profileFields, type User } from "./users/user.ts";
