import { createHash } from "node:crypto";
import { type Auth, type Config, jwksMaxAge } from "@latchkey/auth";
import { allowPage, answerPreflight, forEveryPage } from "./cors.ts";
import { refuseMethod } from "./refusals.ts";

/** Where the public keys are (RFC 8615). */
export const jwksPath = "/.well-known/jwks.json";

/** Answers the public keys as a JSON Web Key Set (RFC 7517 §5), which caches may keep for a while. */
export async function answerPublicKeys(auth: Pick<Auth<Config>, "publicKeys">, request: Request): Promise<Response> {
  const { method } = request;
  if (method === "OPTIONS") return answerPreflight(forEveryPage, "*");
  const response = ["GET", "HEAD"].includes(method) ? await readKeys(auth, request) : refuseMethod("GET, HEAD");
  allowPage(response.headers, forEveryPage, "*");
  return response;
}

async function readKeys(auth: Pick<Auth<Config>, "publicKeys">, { method, headers }: Request): Promise<Response> {
  const body = JSON.stringify(await auth.publicKeys());
  const etag = `"${createHash("sha1").update(body).digest("hex")}"`;
  const common = { ETag: etag, "Cache-Control": `public, max-age=${jwksMaxAge}` };
  if (isKnown(etag, headers.get("if-none-match"))) {
    return new Response(null, { status: 304, statusText: "Not Modified", headers: common });
  }
  return new Response(method === "HEAD" ? null : body, {
    headers: { ...common, "Content-Type": "application/json" },
  });
}

/** Whether the caller has this representation already, by the weak comparison (RFC 9110 §13.1.2). */
function isKnown(etag: string, ifNoneMatch: string | null): boolean {
  const known: readonly string[] = ifNoneMatch?.match(/"[^"]*"/g) ?? [];
  return ifNoneMatch === "*" || known.includes(etag);
}
