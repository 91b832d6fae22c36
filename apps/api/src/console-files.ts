import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { reportingTo } from "@latchkey/pages";
import { type PublicUrl, refuse, refuseMethod } from "@latchkey/server";

/** Below this path is the administrators' app. */
export const consolePath = "/console";

/** The built app, as it is served. */
export interface ConsoleFiles {
  /** Answers a request for {@link consolePath} or what is below it. */
  fetch(request: Request): Promise<Response>;
}

export interface ConsoleFilesOptions {
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
 * Nothing is loaded but the app's own files, no code is made out of texts, and it calls no other host. No page frames it, and its forms go nowhere.
 */
const toPageHeaders = (base: string): Readonly<Record<string, string>> => ({
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": `default-src 'none'; script-src 'self'; style-src 'self' ${styleOfPresses}; img-src 'self' data:; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; ${reportingTo(base)}`,
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

/** Serves the app of one page: its files by their names, which change with what is in them, and for every other address its one page. */
export function openConsoleFiles({ publicUrl, folder = findFolder() }: ConsoleFilesOptions = {}): ConsoleFiles {
  const base = publicUrl?.path ?? "";
  return {
    async fetch(request) {
      if (!["GET", "HEAD"].includes(request.method)) return refuseMethod("GET, HEAD");
      const [, name] = /^\/console\/assets\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
      const answer = name === undefined ? await givePage(folder, base) : await giveFile(folder, name, request.headers);
      return request.method === "HEAD" ? new Response(null, answer) : answer;
    },
  };
}

function findFolder(): URL {
  const folders = places.map((place) => new URL(place, import.meta.url));
  return folders.find((folder) => existsSync(folder)) ?? new URL(places.at(-1) ?? "", import.meta.url);
}

async function givePage(folder: URL, base: string): Promise<Response> {
  const page = await read(folder, "index.html");
  const headers = toPageHeaders(base);
  if (!page) return new Response(notBuilt, { status: 503, headers: { ...headers, "Retry-After": "10" } });
  // The app is built to be anywhere: where its files are is known here.
  const text = page.toString().replaceAll('"./assets/', `"${base}${consolePath}/assets/`);
  return new Response(text, { headers });
}

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
