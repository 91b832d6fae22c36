import type { Authentication } from "./authentication.ts";

/** A sign-in that goes on: one device of one person. */
export interface Session extends Authentication {
  /** UUIDv7; the `sid` of its access tokens. */
  readonly id: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** When it ends however much it is used. */
  readonly expiresAt: Date;
  /** The system whose token opened it; null for a sign-in. */
  readonly adoptedFrom: string | null;
  /** When its owner last showed who they are, by signing in or since; null where a token of another system opened it. */
  readonly authTime: Date | null;
}

/** Why a session ended before its time. */
export type SessionEnd =
  | "signed_out"
  | "revoked"
  | "password_changed"
  | "refresh_token_reused"
  | "too_many_sessions"
  | "ended_by_administrator"
  | "old_name_changed"
  | "second_factor_changed"
  | "secret_changed"
  | "deletion_requested"
  | "authorization_code_reused";

/** For how long a session lives, in seconds. */
export interface SessionLifetimes {
  /** From its start, whatever happens. */
  readonly absolute: number;
  /** From its last refresh. */
  readonly idle: number;
}

/** By what a session was opened. Null in the row means a password, or the release before, which knew nothing else. */
export type SessionOpening =
  | "password"
  | "passkey"
  | "code"
  | "registration"
  /** A session of the service's pages: nothing was shown for it, and what was shown there is noted beside it with its own time. */
  | "redirect";
