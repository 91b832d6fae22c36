import type { AuthErrorCode, InputIssue, SecondFactorMethod } from "@latchkey/auth";
import type { TRPCError } from "@trpc/server";
import type { TRPCErrorShape } from "@trpc/server/rpc";

/** What an error answer carries beside its message. */
export interface ErrorData {
  /** tRPC's code, such as `UNAUTHORIZED`. */
  readonly code: TRPCError["code"];
  readonly httpStatus: number;
  /** The procedure, such as `token.obtain`. */
  readonly path?: string;
  /** Why, from a closed set; null when the service itself failed. */
  readonly reason: AuthErrorCode | null;
  /** Seconds after which trying again can help. */
  readonly retryAfter?: number;
  /** Of `reauthentication_required`: seconds ago at most that the caller must have shown that it is them. */
  readonly maxAge?: number;
  /** Of `reauthentication_required`: how many factors they must have shown, where one is not enough. */
  readonly acr?: "2";
  /**
   * Of `second_factor_required`: for `token.obtainBySecondFactor`, once; absent where a session goes on. Of `password_change_required`: for
   * `token.obtainByNewPassword`, once.
   */
  readonly ticket?: string;
  /** When the ticket runs out; ISO 8601. */
  readonly ticketExpiresAt?: string;
  /** The second factors that the account has. */
  readonly methods?: readonly SecondFactorMethod[];
  /** What can be enrolled with the ticket, where the account needs a second factor and has none. */
  readonly enroll?: readonly SecondFactorMethod[];
  /** Of `second_factor_required`: seconds for which this device is remembered with `remember`; absent where it cannot be. */
  readonly rememberSeconds?: number;
  /** What is wrong with the input, field by field. */
  readonly issues?: readonly InputIssue[];
}

/** An error as tRPC sends it. */
export type ErrorShape = TRPCErrorShape<ErrorData>;
