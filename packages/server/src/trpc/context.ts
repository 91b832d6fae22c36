import type { Administrator, Auth, Config, PlainConfig, RequestInfo } from "@latchkey/auth";
import type { CallCookies } from "./cookie-mode.ts";
import type { SettingsReport } from "./settings-report.ts";
import type { TellCall } from "./tell-call.ts";

/** What a call brings: facts, of which nothing has been verified. */
export interface LatchkeyCall<C extends Config = PlainConfig> {
  readonly auth: Auth<C>;
  readonly facts: RequestInfo;
  /** The `Authorization` headers as they came. */
  readonly authorization: readonly string[];
  /** Told who makes the call, once that is known; for a line of a log. */
  readonly onCaller?: ((userId: string) => void) | undefined;
  /** Told of each call of a procedure that has ended; for whoever counts. */
  readonly onCall?: TellCall | undefined;
  /** In cookie mode: where the refresh token comes from, and where it goes. */
  readonly cookies?: CallCookies | undefined;
  /** What the process runs with, for `service.settings`. */
  readonly settings?: SettingsReport | undefined;
}

/** What the context of a router must hold in which procedures of Latchkey are. It has the one key, so that it stands beside yours. */
export interface LatchkeyContext<C extends Config = PlainConfig> {
  readonly latchkey: LatchkeyCall<C>;
}

/** Where the headers of a request are: of the platform's `Request`, or of Node's. */
export type RequestHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is known of the request of a call, before anything of it is believed. */
export interface RequestInput {
  readonly headers: RequestHeaders;
  /** The address that the call comes from: the socket's, or what a proxy that you trust says. For limits and the audit trail. */
  readonly remoteAddress: string | null | undefined;
  /** The id under which your logs know the request, for the audit trail. */
  readonly requestId?: string | null | undefined;
  /** In cookie mode: the cookies of the call. */
  readonly cookies?: CallCookies | undefined;
  /** Told the id of the user who makes the call, once it is known. */
  readonly onCaller?: ((userId: string) => void) | undefined;
  /** Told of each call of a procedure that has ended; for whoever counts. */
  readonly onCall?: TellCall | undefined;
  /** What the process runs with, for `service.settings`; nothing by default. No secret may be in it. */
  readonly settings?: SettingsReport | undefined;
}

/** Longer than any browser's. */
const longestUserAgent = 512;

/** Makes the context of a call. It reads headers, and verifies nothing. */
export function createContext<C extends Config>(
  auth: Auth<C>,
  { headers, remoteAddress, requestId = null, cookies, onCaller, onCall, settings }: RequestInput,
): LatchkeyContext<C> {
  const [userAgent = null] = readHeader(headers, "user-agent");
  const [languages = ""] = readHeader(headers, "accept-language");
  const facts = {
    requestId,
    address: remoteAddress ?? null,
    userAgent: userAgent?.slice(0, longestUserAgent) ?? null,
    // The first is the one that is wanted most, as every browser writes it.
    locale: /^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}(?![\w-])/i.exec(languages.slice(0, 100))?.[0] ?? null,
  };
  const call = {
    auth,
    facts,
    authorization: readHeader(headers, "authorization"),
    cookies,
    onCaller,
    onCall,
    settings,
  };
  return { latchkey: call };
}

/** Of the platform's `Headers` those of one name come as one text, which no single token is. */
export function readHeader(headers: RequestHeaders, name: string): readonly string[] {
  const value = isPlatforms(headers) ? headers.get(name) : headers[name];
  return value === null || value === undefined ? [] : typeof value === "string" ? [value] : value;
}

/** Those of one name as the platform's `Headers` have them, wherever they are: as one text, or null. */
export function joinHeader(headers: RequestHeaders, name: string): string | null {
  if (isPlatforms(headers)) return headers.get(name);
  const value = headers[name];
  return value === undefined ? null : typeof value === "string" ? value : value.join(", ");
}

const isPlatforms = (headers: RequestHeaders): headers is { get(name: string): string | null } =>
  typeof headers.get === "function";

/** Who administers, and from where, as the core takes it. */
export function toAdministrator({
  user,
  session,
  held,
  latchkey: { facts },
}: LatchkeyContext<Config> & Pick<Administrator, "user" | "session" | "held">): Administrator {
  return { user, session, held, facts };
}
