export type { AppRouter, Permission } from "@latchkey/server";
export { type AuthClient, type AuthClientOptions, createAuthClient } from "./auth-client.ts";
export { type AuthClientError, type AuthErrorReason, isAuthError } from "./errors.ts";
export type { LinkOptions } from "./link.ts";
export { createServerClient, type ServerClientOptions } from "./server-client.ts";
export type { AuthState, SessionAnswer, User } from "./session-keeper.ts";
export { type AuthStorage, localStorageStorage, memoryStorage } from "./storage.ts";
