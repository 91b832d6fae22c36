import type { AuthErrorCode, InputIssue } from "@latchkey/auth";
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
  /** What is wrong with the input, field by field. */
  readonly issues?: readonly InputIssue[];
}

export type ErrorShape = TRPCErrorShape<ErrorData>;
