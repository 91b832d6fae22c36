import { joinHeader, type RequestHeaders } from "../trpc/context.ts";
import type { PublicUrl } from "./public-url.ts";
import { rememberLatest } from "./remember-latest.ts";
import { optionNames, type SettingNames } from "./setting-names.ts";

/** Something that whoever runs the service should know, told once. */
export type TellOperator = (message: string, details: Readonly<Record<string, string>>) => void;

export interface OriginRules {
  /** Whether a page of the request's origin is on another origin and may read answers all the same. */
  allows(request: Request): boolean;
  /** Whether it comes from a page of the service's own origin. */
  isOwn(request: Request): boolean;
  /** Tells, once for each origin, that its pages get no answer, and what to set if they should. */
  noteRefused(request: Request): void;
}

export interface OriginRulesOptions {
  /** Origins whose pages may call, such as `https://app.example.com` or `capacitor://localhost`. */
  readonly named: readonly string[];
  readonly publicUrl?: PublicUrl | undefined;
  /** Whether pages on this machine may call a service on this machine without being named. */
  readonly allowsLoopback: boolean;
  readonly tell: TellOperator;
  /** What notices call the settings; the options by default. */
  readonly names?: SettingNames | undefined;
}

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** Which pages may call. A caller that is no browser names no origin and is not asked for one. */
export function createOriginRules(options: OriginRulesOptions): OriginRules {
  const { named, publicUrl, allowsLoopback, tell, names = optionNames } = options;
  const isNew = rememberLatest(100);
  const isOwn = (request: Request) => {
    const origin = readOrigin(request);
    return publicUrl ? origin === publicUrl.origin : URL.canParse(origin) && new URL(origin).host === hostOf(request);
  };
  return {
    isOwn,
    allows(request) {
      const origin = readOrigin(request);
      if (named.includes(origin)) return true;
      if (!allowsLoopback || !isLoopback(origin) || !isLoopback(`http://${hostOf(request)}`)) return false;
      if (!isOwn(request) && isNew(origin))
        tell(`allowed in development; elsewhere set ${names.corsOriginsOf([show(origin)])}`, {});
      return true;
    },
    noteRefused(request) {
      const origin = show(readOrigin(request));
      const isSame = request.headers.get("sec-fetch-site") === "same-origin" || isOwn(request);
      if (origin === "" || isSame || !isNew(origin)) return;
      const setting = names.corsOriginsOf([...named, origin]);
      tell(`pages of this origin get no answer; if they are yours, set ${setting}`, { origin });
    },
  };
}

/** The origin that a browser says the page is of; empty when there is none. */
export function readOrigin({ headers }: { readonly headers: RequestHeaders }): string {
  return joinHeader(headers, "origin") ?? "";
}

/** The host and port that the request names; empty when there is none. */
export function hostOf(request: Request): string {
  return request.headers.get("host") ?? "";
}

/** An origin as it may stand in a message. */
export const show = (origin: string): string => origin.replace(/[^\x21-\x7e]/g, "").slice(0, 200);

export function isLoopback(origin: string): boolean {
  return /^https?:/.test(origin) && URL.canParse(origin) && loopbackHost.test(new URL(origin).hostname);
}

/** Schemes of pages that have an origin of their own: the web's, and those that app shells and browser extensions make up. */
const originPattern = /^(?!(?:file|data|blob|about|javascript|ws|wss|ftp):)[a-z][a-z0-9+.-]*:\/\/[^/?#@\s*\\]+$/;

/** What is wrong with a text as the name of an origin, in words; null when nothing is. */
export function findOriginFault(text: string): string | null {
  if (text.includes("*")) return `${text} is a pattern: name each origin`;
  if (/^https?:/.test(text) && URL.canParse(text)) {
    const { origin } = new URL(text);
    return origin === text ? null : `${text} is not an origin; did you mean ${origin}?`;
  }
  if (originPattern.test(text) && !/^https?:/.test(text))
    return text === text.toLowerCase() ? null : `write ${text.toLowerCase()}`;
  return "must be origins such as https://app.example.com or capacitor://localhost, with commas between them and no path";
}
