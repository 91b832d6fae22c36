export type {
  AppRouter,
  ErrorData,
  Group,
  OthersRevoked,
  Permission,
  PermissionName,
  TokenResponse,
  User,
} from "./api-types.ts";
export { type AuthClient, type AuthClientOptions, createAuthClient } from "./auth-client.ts";
export type { Transformer } from "./endpoint.ts";
export {
  type AuthClientError,
  type AuthErrorReason,
  type InputIssue,
  type InputIssueCode,
  isAuthError,
} from "./errors.ts";
export type { ApiOptions, LinkOptions } from "./link.ts";
export type { PersonOf } from "./mounted-router.ts";
export type { Reauthenticate, ReauthenticationRequest } from "./reauthenticator.ts";
export { createServerClient, type ServerClientOptions } from "./server-client.ts";
export type { AuthState } from "./session-manager.ts";
export { type AuthStorage, localStorageStorage, memoryStorage } from "./storage.ts";
