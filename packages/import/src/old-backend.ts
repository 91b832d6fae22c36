import { fetchText } from "@latchkey/auth/import";
import { SourceError } from "./old-row.ts";

export interface OldBackendOptions {
  /** Where it is, such as `http://127.0.0.1:8000` or `https://shop.example/backend`: nothing is sent to another address. */
  readonly url: string;
  /** The path at which it gives tokens for a name and a password. */
  readonly signInPath: string;
  /** The path of a page that asks for a token. */
  readonly pagePath: string;
  /** What it calls the name that is sent with the password. */
  readonly nameField: string;
}

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** What it gives at a sign-in. */
export interface OldTokens {
  readonly access: string;
  /** Of simplejwt alone. */
  readonly refresh: string | null;
}

/** The old backend over HTTP. Whatever it answers that cannot be understood is one line. */
export interface OldBackend {
  /** @throws SourceError where it is away, refuses, or answers no token */
  signIn(credentials: Credentials): Promise<OldTokens>;
  /** The status with which it answers the page to a token, or to none. @throws SourceError where it is away, or leads elsewhere */
  openPage(token: string | null): Promise<number>;
}

const [timeout, longestAnswer] = [20, 1_000_000];

/** @throws SourceError for what is no address of one, or leads to another one */
export function openOldBackend({ url, signInPath, pagePath, nameField }: OldBackendOptions): OldBackend {
  const base = readAddress(url);
  const [signInUrl, pageUrl] = [at(base, signInPath), at(base, pagePath)];
  return {
    async signIn({ name, password }) {
      const body = JSON.stringify({ [nameField]: name, password });
      const headers = { "content-type": "application/json" };
      const { status, text } = await ask(signInUrl, { method: "POST", headers, body });
      if (status < 200 || status > 299) throw new SourceError(describeRefusal(signInUrl, status));
      return readTokens(signInUrl, text);
    },
    async openPage(token) {
      const headers = token === null ? {} : { authorization: `Bearer ${token}` };
      return (await ask(pageUrl, { headers })).status;
    },
  };
}

function readAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new SourceError("--old-url is no address of the old backend: write it as http://host:port.");
  if (url.username !== "" || url.password !== "")
    throw new SourceError("--old-url holds a name and a password: leave them out.");
  return url;
}

/** A path of the old backend, behind what its address has behind the host; never another address. */
function at(base: URL, path: string): URL {
  const isWhole = /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(path);
  const below = isWhole ? path : `${base.pathname.replace(/\/$/, "")}/${path.replace(/^\//, "")}`;
  const url = URL.canParse(below, base.href) ? new URL(below, base) : null;
  if (url?.origin === base.origin) return url;
  throw new SourceError(
    `${path} is not of ${base.origin}: nothing is sent to an address that --old-url does not name.`,
  );
}

async function ask(url: URL, request: Pick<RequestInit, "method" | "headers" | "body">) {
  const answer = await fetchText(url, { ...request, timeout, longestAnswer }).catch((error: unknown) => {
    throw new SourceError(`The old backend does not answer at ${url.href}: ${describe(error)}`, 3);
  });
  const { status, location } = answer;
  if (status >= 300 && status < 400)
    throw new SourceError(
      `${url.href} leads to ${location ?? "nowhere"}, and nothing was sent there: name the address that answers itself.`,
    );
  if (status >= 500) throw new SourceError(`${url.href} answers ${status}: the old backend has a fault of its own.`, 3);
  return answer;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : null;
  return (
    code ??
    (error.name === "TimeoutError" ? `nothing within ${timeout} s` : error.message.split("\n", 1)[0]) ??
    error.name
  );
}

function describeRefusal(url: URL, status: number): string {
  const why: Readonly<Record<number, string>> = {
    400: "it refuses the name and the password, or calls the name otherwise: --old-name-field",
    401: "it refuses the name and the password",
    403: "it refuses the name and the password",
    404: "there is no such page: say with --old-sign-in where it gives tokens",
    405: "it gives no tokens there: say where with --old-sign-in",
    429: "it has been asked too often",
  };
  return `${url.href} answers ${status}: ${why[status] ?? "it gives no token"}.`;
}

/** The old backend's own view answers `token`, simplejwt's `access` and `refresh`. */
function readTokens(url: URL, text: string): OldTokens {
  const body = parse(text);
  const { token, access = token, refresh } = body ?? {};
  if (typeof access !== "string" || access === "" || /\s/.test(access))
    throw new SourceError(
      `${url.href} answers ${body ? "JSON without a token" : "something that is no JSON"}: say with --old-sign-in where it gives tokens.`,
    );
  return { access, refresh: typeof refresh === "string" ? refresh : null };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
