import type { TellOperator } from "@latchkey/server";
import { limitBody, refuse, refuseMethod } from "@latchkey/server/internal";

/** Where browsers tell that a page tried what its `Content-Security-Policy` forbids. */
export const violationsPath = "/csp-reports";

/** The end of a policy that says so, for pages below a path. */
export const reportingTo = (base: string): string => `report-uri ${base}${violationsPath}`;

/** What a browser told, in words of closed lists: all else of a report is whatever a stranger writes. */
export interface Violation {
  /** The path of a page; `other` for whatever is none. */
  readonly page: string;
  /** What the policy calls what was tried, such as `script-src`. */
  readonly directive: string;
  /** Where it came from. */
  readonly blocked: "inline" | "eval" | "data" | "own" | "extension" | "elsewhere";
}

export interface ViolationsOptions {
  /** The paths that may be named. */
  readonly pages: ReadonlySet<string>;
  /** Where browsers reach them. */
  readonly publicUrl: { readonly origin: string; readonly path: string } | undefined;
  readonly tell: TellOperator;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** A browser's report has some hundred bytes. */
const largestReport = 8_192;
const hour = 3_600_000;
/** Of one process in an hour, each another one: a browser reports at every load, and strangers as often as they like. */
const mostTold = 20;

const directives = new Set([
  ...["default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem"],
  ...["style-src-attr", "img-src", "connect-src", "font-src", "frame-src", "media-src", "object-src", "worker-src"],
  ...["manifest-src", "form-action", "frame-ancestors", "base-uri"],
]);

/** Takes reports of browsers, and tells the operator of each kind once an hour. */
export function createViolations({ pages, publicUrl, tell, now = () => performance.now() }: ViolationsOptions) {
  let told = new Set<string>();
  let since = now();

  function note(violation: Violation): void {
    if (now() - since >= hour) [told, since] = [new Set(), now()];
    const kind = Object.values(violation).join(" ");
    if (told.has(kind) || told.size >= mostTold) return;
    told.add(kind);
    tell("A page tried what its Content-Security-Policy forbids, or somebody says so", { ...violation });
  }

  return async (request: Request): Promise<Response> => {
    if (request.method !== "POST") return refuseMethod("POST");
    if (!/^application\/csp-report\s*(;|$)/i.test(request.headers.get("content-type") ?? ""))
      return refuse("UNSUPPORTED_MEDIA_TYPE", "Send a report as application/csp-report");
    const limited = await limitBody(request, largestReport);
    if (limited === "too large") return refuse("PAYLOAD_TOO_LARGE", "The report is too large");
    const violation = limited === "cut off" ? null : readViolation(await limited.text(), { pages, publicUrl });
    if (!violation) return refuse("BAD_REQUEST", "The report is none");
    note(violation);
    return new Response(null, { status: 204, headers: { "Cache-Control": "no-store" } });
  };
}

type Place = Pick<ViolationsOptions, "pages" | "publicUrl">;

function readViolation(body: string, place: Place): Violation | null {
  const report = readReport(body);
  if (!report) return null;
  const text = (name: string) => String(report[name] ?? "");
  const [directive = ""] = (text("effective-directive") || text("violated-directive")).split(" ");
  return {
    page: pageOf(text("document-uri"), place),
    directive: directives.has(directive) ? directive : "other",
    blocked: originOf(text("blocked-uri"), text("document-uri")),
  };
}

/** As CSP level 2 has it, which every browser sends. */
function readReport(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const report: unknown = (JSON.parse(body) as { readonly "csp-report"?: unknown } | null)?.["csp-report"];
    return typeof report === "object" && report !== null ? (report as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function pageOf(address: string, { pages, publicUrl }: Place): string {
  if (!URL.canParse(address)) return "other";
  const base = publicUrl?.path ?? "";
  const { pathname } = new URL(address);
  const path = pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : "";
  if (path === "/console" || path.startsWith("/console/")) return "/console";
  return pages.has(path) ? path : "other";
}

const words: Readonly<Record<string, Violation["blocked"]>> = {
  inline: "inline",
  eval: "eval",
  "wasm-eval": "eval",
  data: "data",
  blob: "data",
  self: "own",
};

function originOf(blocked: string, document: string): Violation["blocked"] {
  const [scheme = ""] = blocked.split(":");
  const word = Object.hasOwn(words, scheme) ? words[scheme] : undefined;
  if (word) return word;
  if (scheme.endsWith("-extension")) return "extension";
  const isOwn = URL.canParse(blocked) && URL.canParse(document) && new URL(blocked).origin === new URL(document).origin;
  return isOwn ? "own" : "elsewhere";
}
