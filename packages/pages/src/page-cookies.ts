import type { PublicUrl } from "@latchkey/server";
import { isLoopback } from "@latchkey/server/internal";
import { hostOf } from "./request-host.ts";

const accessName = "latchkey_access";
const languageName = "latchkey_language";
const stepPrefix = "latchkey_step_";
const yearOfSeconds = 365 * 86_400;

/** The cookies of the pages themselves, beside those of cookie mode. */
export interface PageCookies {
  /** Undefined when there is none, and when there are several, of which none can be believed. */
  readonly accessToken: string | undefined;
  readonly language: string | undefined;
  /** @param until until when the session lasts: a token that ran out says that there is one to renew */
  keepAccess(token: string, until: Date): void;
  forgetAccess(): void;
  keepLanguage(tag: string): void;
  /** What is kept of the ways through several pages that are under way in this browser, by their id; the oldest first. */
  readonly steps: ReadonlyMap<string, string>;
  /** @param lifetime seconds */
  keepStep(id: string, value: string, lifetime: number): void;
  forgetStep(id: string): void;
  readonly lines: readonly string[];
}

/**
 * Reads and writes them. The access token is in a cookie that no script can read, and that no other host can set where the host is the
 * pages' own. It goes along when somebody follows a link from another site; a form from there is refused for its origin.
 */
export function openPageCookies(request: Request, publicUrl: PublicUrl | undefined): PageCookies {
  const isSecure = publicUrl?.isSecure ?? looksSecure(request);
  const path = publicUrl?.path || "/";
  const prefix = publicUrl?.isSecure ? (path === "/" ? "__Host-" : "__Secure-") : "";
  const attributes = `Path=${path}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  const lines: string[] = [];
  const only = (name: string) => {
    const values = readCookies(request, prefix + name);
    return values.length === 1 ? values[0] || undefined : undefined;
  };
  const put = (name: string, value: string, lifetime: string) =>
    void lines.push(`${prefix}${name}=${value}; ${lifetime}; ${attributes}`);
  return {
    accessToken: only(accessName),
    language: only(languageName),
    keepAccess: (token, until) => put(accessName, token, `Expires=${until.toUTCString()}`),
    forgetAccess: () => put(accessName, "", "Max-Age=0"),
    keepLanguage: (tag) => put(languageName, tag, `Max-Age=${yearOfSeconds}`),
    steps: readSteps(request, prefix + stepPrefix),
    keepStep: (id, value, lifetime) => put(stepPrefix + id, value, `Max-Age=${lifetime}`),
    forgetStep: (id) => put(stepPrefix + id, "", "Max-Age=0"),
    lines,
  };
}

/** Browsers send `Sec-Fetch-Site` where the connection is safe from others, and keep `Secure` cookies there. */
function looksSecure(request: Request): boolean {
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== "null") return !origin.startsWith("http:");
  return request.headers.has("sec-fetch-site") && !isLoopback(`http://${hostOf(request)}`);
}

function readCookies(request: Request, name: string): string[] {
  return readPairs(request, `${name}=`);
}

/** One that comes twice is none that can be believed. */
function readSteps(request: Request, prefix: string): Map<string, string> {
  const steps = new Map<string, string>();
  const doubled = new Set<string>();
  for (const pair of readPairs(request, prefix)) {
    const [, id = "", value = ""] = /^([\w-]{8})=([\w-]+)$/.exec(pair) ?? [];
    if (steps.has(id)) doubled.add(id);
    if (id !== "") steps.set(id, value);
  }
  for (const id of doubled) steps.delete(id);
  return steps;
}

/** What follows a beginning, in each cookie that has it. */
function readPairs(request: Request, beginning: string): string[] {
  const pairs = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(beginning)).map((pair) => pair.slice(beginning.length));
}
