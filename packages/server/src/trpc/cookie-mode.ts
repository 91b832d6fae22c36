import { AuthError, type AuthErrorCode } from "@latchkey/auth";
import type { TRPCError } from "@trpc/server";
import { findAuthError } from "./error-map.ts";

/** The tokens of an answer that scripts must not see. */
export interface HiddenTokens {
  readonly refreshToken: string;
  readonly refreshExpiresAt: Date;
  readonly deviceMark?: string;
  readonly rememberMark?: string;
  readonly rememberExpiresAt?: Date;
}

/** What one call brought in its cookies, and what the browser is told to keep. */
export interface CallCookies {
  /** Undefined when there is none, and when there are several, of which none can be believed. */
  readonly refreshToken: string | undefined;
  /** Shows at a sign-in that this device is known. */
  readonly deviceMark: string | undefined;
  /** Takes the place of the second factor at a sign-in. */
  readonly rememberMark: string | undefined;
  keep(tokens: HiddenTokens): void;
  /** What this device shows at its next sign-in. */
  keepDevice(deviceMark: string): void;
  /** The session is over: its cookie goes. */
  forget(): void;
  /** The lines of `Set-Cookie` for the answer. */
  readonly lines: readonly string[];
}

/** Who may call a procedure: what its builder lets in. */
export type ProcedureAccess =
  | "public"
  | "protected"
  | "staff"
  /** A token is looked at where there is one. */
  | "optional"
  | { readonly permission: string };

type Taken = "refreshToken" | "deviceMark" | "marks";

/** What a procedure says of itself beside its type. */
export interface ProcedureMeta {
  /** Set by the builder; it documents, and lets nobody in. */
  readonly access?: ProcedureAccess;
  /**
   * What a call costs of what its caller may spend within a minute. Unless said, a change of one's own account costs 1 and reading it nothing,
   * and whatever needs a permission costs 1.
   */
  readonly cost?: number;
  /** How it is called in cookie mode; without this it is not. A session answer's tokens go into the cookies. */
  readonly cookieMode?: {
    /** What of its input comes from a cookie; `marks`: both of this device's, that it is known and that it is remembered. */
    readonly takes?: Taken;
    /** Whether the cookie goes: whatever is answered, or where it is done. */
    readonly endsSession?: boolean | "when_done";
    /** Whether it signs in anew: the session whose cookie came along is then nobody's any more, and is ended. */
    readonly opensSession?: boolean;
  };
}

/** Refusals of a refresh after which the session is over; every other may pass. */
const finalReasons: readonly (AuthErrorCode | undefined)[] = [
  "refresh_token_invalid",
  "refresh_token_reused",
  "session_ended",
  "account_disabled",
];

type ReadInput = () => Promise<unknown>;
type Result = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly error: TRPCError };

interface CallInCookieMode<R extends Result> {
  readonly cookies: CallCookies;
  readonly meta: ProcedureMeta | undefined;
  readonly getRawInput: ReadInput;
  /** Ends the session of a refresh token. */
  readonly endSession: (refreshToken: string) => Promise<void>;
  readonly next: (getRawInput: ReadInput) => Promise<R>;
}

/**
 * Calls a procedure with the refresh token that is in the cookie, and puts the one that it answers there. Nothing else of the call is
 * any different.
 */
export async function callInCookieMode<R extends Result>(call: CallInCookieMode<R>): Promise<R> {
  const { cookies, meta, getRawInput, endSession, next } = call;
  const mode = meta?.cookieMode;
  if (!mode) throw new AuthError("not_found", "This procedure is under /trpc");
  const result = await next(() => readInput(cookies, mode.takes, getRawInput));
  const isOver =
    !result.ok && mode.takes === "refreshToken" && finalReasons.includes(findAuthError(result.error)?.code);
  const isEnded = mode.endsSession === true || (mode.endsSession === "when_done" && result.ok);
  if (isEnded || isOver) cookies.forget();
  if (!result.ok) return result;
  if (!isSessionAnswer(result.data)) {
    if (!isDeviceAnswer(result.data)) return result;
    cookies.keepDevice(result.data.deviceMark);
    return { ...result, data: { ...result.data, deviceMark: "" } };
  }
  cookies.keep(result.data);
  // Whoever is in by now stays in, also where that did not succeed.
  if (mode.opensSession && cookies.refreshToken) await endSession(cookies.refreshToken).catch(() => {});
  return { ...result, data: hideTokens(result.data) };
}

async function readInput(cookies: CallCookies, takes: Taken | undefined, getRawInput: ReadInput): Promise<unknown> {
  const { refreshToken = "none" } = cookies;
  // The body is not even read: whatever a script put there counts for nothing.
  if (takes === "refreshToken") return { refreshToken };
  const input = await getRawInput();
  const marks = listMarks(cookies, takes);
  if (Object.keys(marks).length === 0) return input;
  if (input === undefined) return marks;
  return typeof input === "object" && input !== null && !Array.isArray(input) ? { ...input, ...marks } : input;
}

/** What of the device's marks goes into the input of a procedure. */
function listMarks({ deviceMark, rememberMark }: CallCookies, takes: Taken | undefined): object {
  if (takes === undefined) return {};
  return { ...(deviceMark && { deviceMark }), ...(takes === "marks" && rememberMark && { rememberMark }) };
}

function isSessionAnswer(data: unknown): data is HiddenTokens {
  return typeof data === "object" && data !== null && "refreshToken" in data && "refreshExpiresAt" in data;
}

/** What marks this device anew and opens no session, such as a reset. */
function isDeviceAnswer(data: unknown): data is { readonly deviceMark: string } {
  return typeof data === "object" && data !== null && "deviceMark" in data && typeof data.deviceMark === "string";
}

function hideTokens(answer: HiddenTokens): HiddenTokens {
  return {
    ...answer,
    refreshToken: "",
    ...(answer.deviceMark !== undefined && { deviceMark: "" }),
    ...(answer.rememberMark !== undefined && { rememberMark: "" }),
  };
}
