import { describeError } from "@latchkey/server/internal";
import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import type { Catalogue } from "./languages/en.ts";
import { fill, type Language } from "./languages/language.ts";
import { spellSeconds } from "./languages/spell-seconds.ts";

/** Why something was not done, in the reader's words. */
export interface Refusal {
  readonly status: number;
  /** Of the closed set of the API; null for a defect. */
  readonly reason: string | null;
  readonly message: string;
  /** Seconds after which trying again can help. */
  readonly retryAfter: number | undefined;
  /** What is asked for besides, where that is all that is missing. */
  readonly secondFactor?: {
    readonly ticket?: string | undefined;
    readonly methods?: readonly string[] | undefined;
    readonly enroll?: readonly string[] | undefined;
    readonly rememberSeconds?: number | undefined;
  };
  /** What a new password is set with, where that is all that is missing. */
  readonly newPasswordTicket?: string | undefined;
  /** By the name of the field. */
  readonly faults: Readonly<Record<string, string>>;
}

/** @throws whatever is no refusal of a procedure */
export function toRefusal(error: unknown, texts: Catalogue, { tag }: Language): Refusal {
  if (!(error instanceof TRPCError)) throw error;
  const { reason, retryAfter, issues = [], ticket, methods, enroll, rememberSeconds } = describeError(error).data;
  if (reason === null) throw error;
  const said = lookUp(texts.refusals, reason);
  const wait = retryAfter === undefined ? "" : ` ${fill(texts.tryIn, { time: spellSeconds(retryAfter, tag) })}`;
  const faults = issues.map(({ path, code }) => [
    String(path[0]),
    lookUp(texts.issues, code, texts.issues.invalid_value),
  ]);
  return {
    ...{ reason, retryAfter },
    ...(reason === "second_factor_required" && { secondFactor: { ticket, methods, enroll, rememberSeconds } }),
    ...(reason === "password_change_required" && { newPasswordTicket: ticket }),
    status: getHTTPStatusCodeFromError(error),
    message: reason === "refused_by_hook" ? error.message : said + wait,
    faults: Object.fromEntries(faults.reverse()),
  };
}

/** A text by a key that may be newer than the texts. */
export function lookUp(texts: Readonly<Record<string, string>>, key: string, other = texts.other ?? ""): string {
  return Object.hasOwn(texts, key) ? (texts[key] ?? other) : other;
}

/** A field was left empty that the page itself needs. */
export const missing = ({ refusals, issues }: Catalogue, name: string): Refusal => ({
  ...{ status: 400, reason: "invalid_input", retryAfter: undefined },
  message: refusals.invalid_input,
  faults: { [name]: issues.required },
});

/** What a refusal says of the answer that shows it. */
export const answerOf = (refusal: Refusal | undefined) =>
  refusal && { status: refusal.status, retryAfter: refusal.retryAfter };
