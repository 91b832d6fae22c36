import { StartError } from "@latchkey/auth";
import { isLoopback } from "./http/origins.ts";

/** An app on another origin, or on a phone, that signs its people in by the service's pages: see docs/redirect.md. */
export interface RedirectClient {
  /** What the app calls itself when it asks, such as `shop`. */
  readonly id: string;
  /** What people are told it is called. */
  readonly name: string;
  /**
   * Where people are sent back to, each in full: `https://…`, `http://` on this machine (at `127.0.0.1` and `[::1]` with whatever port the
   * app has taken), or a scheme of the app's own with a dot, such as `com.example.shop:/signed-in`.
   */
  readonly redirectUris: readonly string[];
  /**
   * What its access tokens are for, one of `TOKEN_AUDIENCE`: they open that API, and nothing of the account. Without it they are those of any
   * other sign-in.
   */
  readonly audience?: string;
}

const longestUri = 500;
const mostClients = 200;
const mostUris = 50;

/**
 * Checks clients as a configuration has them.
 *
 * @throws StartError in one line: which client, and what is wrong with it
 */
export function readRedirectClients(given: unknown, audiences?: readonly string[]): readonly RedirectClient[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length > mostClients) throw new StartError("clients must be a list");
  const clients = given.map((client: unknown, at) => {
    const fault = findClientFault(client, audiences);
    if (fault === null) return client as RedirectClient;
    throw new StartError(`clients[${at}]${idOf(client)} ${fault}`);
  });
  const ids = clients.map(({ id }) => id);
  const double = ids.find((id, at) => ids.indexOf(id) !== at);
  if (double !== undefined) throw new StartError(`clients: two are called ${double}`);
  return clients;
}

const idOf = (client: unknown) => {
  const id = (client as { readonly id?: unknown } | null)?.id;
  return typeof id === "string" && idPattern.test(id) ? ` (${id})` : "";
};

const idPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/i;
const members = ["id", "name", "redirectUris", "audience"];

function findClientFault(client: unknown, audiences: readonly string[] | undefined): string | null {
  if (typeof client !== "object" || client === null) return "is not an object";
  const unknown = Object.keys(client).find((member) => !members.includes(member));
  if (unknown !== undefined) return `has no member ${unknown}`;
  const { id, name, redirectUris, audience } = client as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || !idPattern.test(id)) return "must have an id of letters, digits and . _ -, 64 at most";
  if (typeof name !== "string" || name.trim() === "" || name.length > 60 || /\p{C}/u.test(name))
    return "must have a name of 60 characters at most";
  if (!Array.isArray(redirectUris) || redirectUris.length === 0 || redirectUris.length > mostUris)
    return `must have redirectUris, ${mostUris} at most`;
  for (const uri of redirectUris) {
    const fault = findRedirectFault(uri);
    if (fault !== null) return `has redirectUris: ${fault}`;
  }
  if (audience === undefined) return null;
  if (typeof audience !== "string" || audience === "") return "must have an audience that is a text";
  return audiences && !audiences.includes(audience) ? `has an audience that is none of TOKEN_AUDIENCE` : null;
}

/** What a redirect brings is added to its query, and must not be there before. */
const taken = ["code", "state", "iss", "error", "error_description", "error_uri"];

/** A scheme that the makers of an app can have for themselves: a domain of theirs, the other way round (RFC 8252 §7.1). */
const ownScheme = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/;

/**
 * What is wrong with a text as a place to send people back to, in words; null when nothing is. It must be written in its one plain form, since
 * it is compared as it is: nothing in it may be dropped, decoded or folded by whoever reads it.
 */
export function findRedirectFault(uri: unknown): string | null {
  if (typeof uri !== "string" || uri === "" || uri.length > longestUri) return `must be texts of ${longestUri} at most`;
  const shown = uri.replace(/[^\x21-\x7e]/g, "").slice(0, 100);
  if (/[^\x21-\x7e]/.test(uri)) return `${shown} holds characters that an address has not: write xn--… and %…`;
  if (/["'<>\\^`{|}]/.test(uri)) return `${shown} holds a character that is read in two ways`;
  if (uri.includes("*")) return `${shown} is a pattern: name each address`;
  if (uri.includes("#")) return `${shown} has a fragment`;
  if (!URL.canParse(uri)) return `${shown} is not an address`;
  const url = new URL(uri);
  if (/^https?:$/.test(url.protocol) && !/^([a-z0-9.-]+|\[[0-9a-f:.]+\])$/.test(url.hostname))
    return `${shown} has a host that is none`;
  if (url.username !== "" || url.password !== "") return `${shown} holds a name or a password`;
  if (url.href !== uri && url.href !== `${uri}/`) return `${shown} must be written ${url.href}`;
  const double = taken.find((name) => url.searchParams.has(name));
  if (double !== undefined) return `${shown} has ${double} in its query, which is added to it`;
  if (url.protocol === "https:") return null;
  if (url.protocol === "http:")
    return isLoopback(url.origin) ? null : `${shown} must begin with https, but on this machine`;
  return ownScheme.test(uri) ? null : `${shown} must have https, or a scheme of your own with a dot in it`;
}

/** A place on this machine by an address of digits: the app takes a port when it starts (RFC 8252 §7.3). */
const loopbackPattern = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?(\/[^#]*)?$/;

/**
 * Whether people may be sent to an address for a client: it is one of its own, to the letter, but for the port of an app on this machine
 * (RFC 9700 §2.1).
 */
export function allowsRedirect({ redirectUris }: RedirectClient, uri: string): boolean {
  if (redirectUris.includes(uri)) return true;
  const [, host, port, rest] = loopbackPattern.exec(uri) ?? [];
  if (host === undefined || Number(port ?? 80) > 65_535 || findRedirectFault(uri) !== null) return false;
  return redirectUris.some((own) => {
    const [, ownHost, , ownRest] = loopbackPattern.exec(own) ?? [];
    return ownHost === host && ownRest === rest;
  });
}
