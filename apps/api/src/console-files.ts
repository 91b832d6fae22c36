import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { reportingTo } from "@latchkey/pages";
import type { PublicUrl } from "@latchkey/server";
import { refuse, refuseMethod } from "@latchkey/server/internal";
import { html } from "hono/html";

/** Below this path is the administrators' app. */
export const consolePath = "/console";

/** The built app, as it is served. */
export interface ConsoleFiles {
  /** Where it is in place of below {@link consolePath}: its pages may call the service, and nothing else is there. */
  readonly origin?: string | undefined;
  /** Answers a request for {@link consolePath} or what is below it, and any request to its own origin. */
  fetch(request: Request): Promise<Response>;
}

export interface ConsoleFilesOptions {
  /** An origin of its own; it needs a `publicUrl`, which its pages call. */
  readonly origin?: string | undefined;
  /** Where browsers reach the service, where its path is not that of the requests that come here. */
  readonly publicUrl?: PublicUrl | undefined;
  /** The folder of the built app; by default beside the bundled service, or where the sources are built to. */
  readonly folder?: URL;
}

const places = ["console/", "../../console/dist/"];

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** React Aria keeps a browser from scrolling where a finger presses, by a style sheet of its own: this is its hash. */
const styleOfPresses = "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='";

/**
 * Nothing is loaded but the app's own files, no code is made out of texts, and it calls no other host than the service. No page frames it, and its
 * forms go nowhere.
 */
const pageHeaders = ({ service, reports }: Pick<Place, "service" | "reports">): Readonly<Record<string, string>> => ({
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": `default-src 'none'; script-src 'self'; style-src 'self' ${styleOfPresses}; img-src 'self' data:; connect-src ${service?.origin ?? "'self'"}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; ${reportingTo(reports)}`,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "same-origin",
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-cache",
});

const fileHeaders: Readonly<Record<string, string>> = {
  "Cache-Control": "public, max-age=31536000, immutable",
  "Content-Security-Policy": "default-src 'none'; sandbox",
  "X-Content-Type-Options": "nosniff",
  Vary: "Accept-Encoding",
};

/** Where the app is, in browsers and in the requests that come here. */
interface Place {
  readonly folder: URL;
  /** Before `/assets`, as browsers have it. */
  readonly base: string;
  /** The same in requests: a proxy may take some of it away. */
  readonly path: string;
  /** The service, where that is on another origin than the page. */
  readonly service: PublicUrl | undefined;
  /** Before the path at which the service is told what a page tried against its policy. */
  readonly reports: string;
}

/** Serves the app of one page: its files by their names, which change with what is in them, and for every other address its one page. */
export function openConsoleFiles(options: ConsoleFilesOptions = {}): ConsoleFiles {
  const { publicUrl, origin, folder = findFolder() } = options;
  const reports = publicUrl?.path ?? "";
  const below = { folder, reports, base: `${reports}${consolePath}`, path: consolePath, service: undefined };
  const own = { folder, reports: `${publicUrl?.origin}${reports}`, base: "", path: "", service: publicUrl };
  const answer = (request: Request) => {
    if (origin === undefined) return give(below, request);
    return isAtOrigin(request, origin) ? give(own, request) : leadTo(origin, request, below);
  };
  return {
    origin,
    async fetch(request) {
      if (!["GET", "HEAD"].includes(request.method)) return refuseMethod("GET, HEAD");
      const answered = await answer(request);
      return request.method === "HEAD" ? new Response(null, answered) : answered;
    },
  };
}

/** Whether a request came to an origin, by the host that it names. */
export function isAtOrigin({ headers }: Request, origin: string): boolean {
  const named = `${new URL(origin).protocol}//${headers.get("host")}`;
  return URL.canParse(named) && new URL(named).origin === origin;
}

function give(place: Place, { url, headers }: Request): Promise<Response> {
  const { pathname } = new URL(url);
  const folder = `${place.path}/assets/`;
  const name = pathname.startsWith(folder) ? pathname.slice(folder.length) : "";
  return name === "" || name.includes("/") ? givePage(place) : giveFile(place.folder, name, headers);
}

/**
 * A page that goes on to where the console is. No redirect: the sign-in page sends people to {@link consolePath}, and browsers hold where a form
 * leads in the end to the `form-action` of its page, which names no other origin.
 */
function leadTo(origin: string, { url }: Request, place: Place): Response {
  const { pathname, search } = new URL(url);
  const to = `${origin}${pathname.slice(consolePath.length) || "/"}${search}`;
  return new Response(String(toNextPage(to)), { headers: pageHeaders(place) });
}

const toNextPage = (to: string) => html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0;url=${to}">
<title>The console</title>
<main>
<h1>The console</h1>
<p>It is at <a href="${to}">${new URL(to).host}</a>.</p>
</main>
</html>
`;

function findFolder(): URL {
  const folders = places.map((place) => new URL(place, import.meta.url));
  return folders.find((folder) => existsSync(folder)) ?? new URL(places.at(-1) ?? "", import.meta.url);
}

async function givePage({ folder, base, service, reports }: Place): Promise<Response> {
  const page = await read(folder, "index.html");
  const headers = pageHeaders({ service, reports });
  if (!page) return new Response(notBuilt, { status: 503, headers: { ...headers, "Retry-After": "10" } });
  // The app is built to be anywhere: where its files are is known here, and where the service is.
  const text = page.toString().replaceAll('"./assets/', `"${base}/assets/`);
  return new Response(service ? text.replace("<head>", () => `<head>${nameService(service)}`) : text, { headers });
}

const nameService = ({ href }: PublicUrl) => html`
    <meta name="latchkey-service" content="${href}" />`;

/** Only names that a build gives; nothing else is looked for. */
async function giveFile(folder: URL, name: string, headers: Headers): Promise<Response> {
  const type = /^[\w-]+(\.[\w-]+)*$/.test(name) ? types[extname(name)] : undefined;
  if (type === undefined) return refuse("NOT_FOUND");
  const isCompressed = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(headers.get("accept-encoding") ?? "");
  const compressed = isCompressed ? await read(folder, `assets/${name}.gz`) : null;
  const body = compressed ?? (await read(folder, `assets/${name}`));
  if (!body) return refuse("NOT_FOUND");
  const encoding = compressed ? { "Content-Encoding": "gzip" } : {};
  return new Response(body, { headers: { ...fileHeaders, "Content-Type": type, ...encoding } });
}

async function read(folder: URL, name: string): Promise<Buffer<ArrayBuffer> | null> {
  try {
    return await readFile(new URL(name, folder));
  } catch {
    return null;
  }
}

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The console is not built</title>
<main>
<h1>The console is not built</h1>
<p>Build it, and reload this page: <code>npx -y pnpm@12 --filter @latchkey/console build</code></p>
<p>The service runs without it. <code>CONSOLE=off</code> turns it off for good.</p>
</main>
</html>
`;
