import { hostOf } from "./request-host.ts";

/**
 * Whether a form was sent by a page of ours: by what the browser says of where it comes from, which no page can change. A request that
 * says nothing is none of a form's: every browser that is kept up sends `Origin` with a POST.
 */
export function isOwnForm(request: Request, ownOrigin: string | undefined): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin") return false;
  const origin = request.headers.get("origin");
  if (origin === null) return site === "same-origin";
  if (ownOrigin !== undefined) return origin === ownOrigin;
  return /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).host === hostOf(request);
}
