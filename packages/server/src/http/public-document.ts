import { createHash } from "node:crypto";
import { allowPage, answerPreflight, forEveryPage } from "./cors.ts";
import { safeHeaders } from "./headers.ts";
import { refuseMethod } from "./refusals.ts";

/** JSON that is for everybody. */
export interface PublicDocument {
  readonly json: string;
  /** Seconds for which caches may keep it. */
  readonly maxAge: number;
  /** By which a cache knows it again. */
  readonly etag: string;
}

/** JSON with its tag, for a document that stays the same once for all requests. */
export function toPublicDocument(json: string, maxAge: number): PublicDocument {
  return { json, maxAge, etag: `"${createHash("sha256").update(json).digest("hex")}"` };
}

/** Answers JSON that pages of every origin may read, and that a cache renews by its tag. */
export async function answerPublicDocument(
  request: Request,
  read: () => PublicDocument | Promise<PublicDocument>,
): Promise<Response> {
  const { method } = request;
  if (method === "OPTIONS") return answerPreflight(forEveryPage, "*");
  const isRead = ["GET", "HEAD"].includes(method);
  const response = isRead ? answerOnce(request, await read()) : refuseMethod("GET, HEAD");
  allowPage(response.headers, forEveryPage, "*");
  return response;
}

function answerOnce({ method, headers }: Request, { json, maxAge, etag }: PublicDocument): Response {
  const common = { ...safeHeaders, ETag: etag, "Cache-Control": `public, max-age=${maxAge}` };
  if (isKnown(etag, headers.get("if-none-match"))) {
    return new Response(null, { status: 304, statusText: "Not Modified", headers: common });
  }
  return new Response(method === "HEAD" ? null : json, {
    headers: { ...common, "Content-Type": "application/json" },
  });
}

/** Whether the caller has this representation already, by the weak comparison (RFC 9110 §13.1.2). */
function isKnown(etag: string, ifNoneMatch: string | null): boolean {
  const known: readonly string[] = ifNoneMatch?.match(/"[^"]*"/g) ?? [];
  return ifNoneMatch === "*" || known.includes(etag);
}
