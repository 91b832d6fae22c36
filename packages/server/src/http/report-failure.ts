import { OldTokenRefused } from "@latchkey/auth/internal";
import { TRPCError } from "@trpc/server";
import { findAuthError } from "../trpc/error-map.ts";
import type { CallFailure } from "./fetch-handler.ts";
import { withoutValues } from "./without-values.ts";

/** A line for a log, about a call that failed. */
export interface FailureReport {
  readonly level: "error" | "warn" | "info";
  readonly message: string;
  /** What caused it, without values of rows; undefined where `because` says it all. */
  readonly error?: unknown;
  /** Why a token of an old backend was refused; undefined for everything else. */
  readonly because?: string | undefined;
}

/**
 * What is worth a line in the log of whoever runs the server. Refusals are ordinary and are not, but for those that an administrator can do
 * something about: a database that does not answer, a hook that fails, and genuine tokens of an old backend that no longer work.
 *
 * @returns null for an ordinary refusal
 * @example
 * onError: (failure) => {
 *   const report = findReport(failure);
 *   if (report) log[report.level]({ err: report.error, path: failure.path }, report.message);
 * }
 */
export function findReport({ error }: Pick<CallFailure, "error">): FailureReport | null {
  if (!(error instanceof TRPCError)) return { level: "error", message: "request failed", error: withoutValues(error) };
  const refusal = findAuthError(error);
  if (!refusal) return { level: "error", message: "procedure failed", error: withoutValues(error.cause ?? error) };
  const cause = withoutValues(refusal.cause ?? refusal);
  if (refusal.code === "hook_failed") return { level: "error", message: "hook failed", error: cause };
  if (refusal.code === "unavailable") return { level: "warn", message: "service unavailable", error: cause };
  // A genuine token of somebody who has to sign in anew: too young for the last round, or of somebody who has not come over.
  if (refusal.cause instanceof OldTokenRefused)
    return { level: "info", message: "old token refused", because: refusal.cause.because };
  return null;
}
