import type { RedirectClient } from "@latchkey/server";
import { allowsRedirect } from "@latchkey/server/internal";
import { pathOfPage } from "./layout.ts";
import type { Redirect } from "./page.ts";
import { readReturnTo } from "./return-to.ts";
import type { Visit } from "./visit.ts";

export const authorizePath = "/authorize";

/** Where an app wants people back: the app is known and the address its own. */
export interface Callback {
  readonly client: RedirectClient;
  readonly redirectUri: string;
  /** What it is answered as it came; null where it sent none. */
  readonly state: string | null;
}

/** What an app asks for (RFC 6749 §4.1.1, RFC 7636 §4.3). */
export interface Authorization extends Callback {
  readonly codeChallenge: string;
  /** `login`: to show anew who is there; `none`: to show nothing; `create`: to register. */
  readonly prompt: "login" | "none" | "create" | null;
  /** Seconds ago at most that it must have been shown who is there. */
  readonly maxAge: number | null;
}

/** Why an app gets nothing, in the words of RFC 6749 §4.1.2.1 and, for `prompt=none`, of OpenID Connect. */
export interface AuthorizationFault {
  readonly error:
    | "access_denied"
    | "invalid_request"
    | "unsupported_response_type"
    | "server_error"
    | "temporarily_unavailable"
    | "login_required"
    | "interaction_required";
  /** For whoever builds the app, in English. */
  readonly error_description?: string;
}

/** A request as it is read: of nobody whom anybody may be sent back to, not to be understood, or good. */
export type ReadAuthorization =
  | { readonly kind: "unknown" }
  | { readonly kind: "wrong"; readonly callback: Callback; readonly fault: AuthorizationFault }
  | { readonly kind: "good"; readonly request: Authorization };

/** Longer ones would not come back as `return_to` of a page. */
const longestQuery = 1_700;
/** Of any printable text (RFC 6749 appendix A.5). */
const statePattern = /^[\x20-\x7e]{1,500}$/;

/** Whom a request is of; null where nobody may be sent back, whatever else is in it. */
export function readCallback(clients: readonly RedirectClient[], query: URLSearchParams): Callback | null {
  if (String(query).length > longestQuery) return null;
  const [id, redirectUri] = ["client_id", "redirect_uri"].map((name) => readOne(query, name));
  const client = clients.find((one) => one.id === id);
  if (!client || typeof redirectUri !== "string" || !allowsRedirect(client, redirectUri)) return null;
  const state = readOne(query, "state");
  if (state === undefined || (state !== null && !statePattern.test(state))) return null;
  return { client, redirectUri, state };
}

/** Null for a parameter that is not there, which an empty one counts as (RFC 6749 §3.1); undefined for one that comes twice. */
function readOne(query: URLSearchParams, name: string): string | null | undefined {
  const values = query.getAll(name);
  return values.length > 1 ? undefined : values[0] || null;
}

/** Reads what an app asks for. */
export function readAuthorization({ serving, url }: Visit): ReadAuthorization {
  const query = url.searchParams;
  const callback = readCallback(serving.clients, query);
  if (!callback) return { kind: "unknown" };
  const read = readRequest(query);
  return "error" in read
    ? { kind: "wrong", callback, fault: read }
    : { kind: "good", request: { ...callback, ...read } };
}

const invalid = (description: string): AuthorizationFault => ({
  error: "invalid_request",
  error_description: description,
});

function readRequest(query: URLSearchParams): Omit<Authorization, keyof Callback> | AuthorizationFault {
  const names = [
    ...["response_type", "response_mode", "code_challenge", "code_challenge_method", "prompt", "max_age"],
    ...["request", "request_uri"],
  ] as const;
  const read = Object.fromEntries(names.map((name) => [name, readOne(query, name)]));
  const twice = names.find((name) => read[name] === undefined);
  if (twice !== undefined) return invalid(`${twice} is there twice`);
  if (read.request || read.request_uri) return invalid("Requests as tokens are not taken");
  if (!read.response_type) return invalid("response_type is missing");
  if (read.response_type !== "code")
    return { error: "unsupported_response_type", error_description: "response_type must be code" };
  if (read.response_mode && read.response_mode !== "query") return invalid("response_mode must be query");
  if (!/^[\w-]{43}$/.test(read.code_challenge ?? ""))
    return invalid("code_challenge must be 43 characters of base64url");
  if (read.code_challenge_method !== "S256") return invalid("code_challenge_method must be S256");
  if (read.max_age && !/^\d{1,9}$/.test(read.max_age)) return invalid("max_age must be a number of seconds");
  return {
    codeChallenge: read.code_challenge ?? "",
    prompt: prompts.find((prompt) => prompt === read.prompt) ?? null,
    maxAge: read.max_age ? Number(read.max_age) : null,
  };
}

const prompts = ["login", "none", "create"] as const;

/** The path at which the same is asked for, but for what is said otherwise. */
export function pathOfRequest({ base }: Visit, request: Authorization, changes: Partial<Authorization> = {}): string {
  const { client, redirectUri, state, codeChallenge, prompt, maxAge } = { ...request, ...changes };
  const query = new URLSearchParams({
    ...{ response_type: "code", client_id: client.id, redirect_uri: redirectUri },
    ...{ code_challenge: codeChallenge, code_challenge_method: "S256" },
    ...(state !== null && { state }),
    ...(prompt !== null && { prompt }),
    ...(maxAge !== null && { max_age: String(maxAge) }),
  });
  return `${base}${authorizePath}?${query}`;
}

/**
 * Sends somebody back to an app, with the code or with why there is none, the state as it came, and who answers (RFC 9207), so that an app
 * that asks at several services is not taken in by one of them.
 */
export function leaveTo(
  { ownUrl }: Visit,
  { redirectUri, state }: Callback,
  answer: { readonly code: string } | AuthorizationFault,
): Redirect {
  const iss = ownUrl.href.replace(/\/$/, "");
  const query = new URLSearchParams({ ...answer, ...(state !== null && { state }), iss });
  return { to: `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${query}`, isAway: true };
}

/** Whom the page at hand sends people back to in the end: of its own request, or of the one to which it leads afterwards. */
export function findCallback(visit: Visit): Callback | null {
  const { url, ownUrl, base, serving } = visit;
  if (serving.clients.length === 0) return null;
  if (pathOfPage(url.pathname) === authorizePath) return readCallback(serving.clients, url.searchParams);
  const wanted = readReturnTo(url.searchParams.get("return_to"), ownUrl);
  return wanted !== null && isAuthorization(wanted, base)
    ? readCallback(serving.clients, new URL(wanted, ownUrl).searchParams)
    : null;
}

/** Whether a path of the pages' own origin is that of a request of an app. */
export const isAuthorization = (path: string, base: string): boolean => path.startsWith(`${base}${authorizePath}?`);

/**
 * Where forms may lead to beside the pages, for `form-action` of their `Content-Security-Policy`: browsers hold every redirect that follows a
 * form to it. Empty for an address of IPv6, which it has no word for.
 */
export function toFormSource({ redirectUri }: Callback): string {
  const { protocol, origin } = new URL(redirectUri);
  if (!/^https?:$/.test(protocol)) return protocol;
  return origin.includes("[") ? "" : origin;
}
