import type { AnyRouter } from "@trpc/server";
import type { AppRouter } from "./api-types.ts";
import type { ClientInternals, ClientOf } from "./auth-client.ts";
import { encodeBase64url } from "./base64url.ts";
import { limit } from "./callbacks.ts";
import type { PersonOf } from "./mounted-router.ts";
import { isFinal } from "./session-manager.ts";
import type { AuthStorage } from "./storage.ts";
import { findTabStorage } from "./tab-storage.ts";

/** How somebody signs in on the service's pages and comes back. */
export interface RedirectSignIn {
  /** The app's `id` among the `clients` of the service's configuration. */
  readonly clientId: string;
  /** One of the app's `redirectUris`, to the letter: where {@link handleRedirect} is called. */
  readonly redirectUri: string;
  /** The path at which the app goes on afterwards: kept here, and answered by {@link handleRedirect}. What may lead elsewhere is not. */
  readonly returnTo?: string;
  /** `login`: to show anew who is there; `create`: to register; `none`: to ask for nothing, and fail where that does not do. */
  readonly prompt?: "login" | "create" | "none";
  /** Seconds ago at most that the person must have shown who they are. */
  readonly maxAge?: number;
  /** The language of the pages (BCP 47), where it is not to be the browser's. */
  readonly language?: string;
  /** Where the pages are, where that is not the client's `url`. */
  readonly pages?: string;
  /** What is needed when the person is back; the tab's `sessionStorage` in a browser, and memory elsewhere, unless said. */
  readonly storage?: Omit<AuthStorage, "isShared" | "subscribe">;
  /** Leads to the pages: `location.assign` in a browser. On a phone, what opens the system's browser. */
  readonly navigate?: (url: string) => unknown;
  /** Unpredictable bytes, where the platform has no `crypto.getRandomValues`. */
  readonly randomBytes?: (length: number) => Uint8Array;
  /** SHA-256, where the platform has no `crypto.subtle`. */
  readonly sha256?: (bytes: Uint8Array) => ArrayBuffer | Uint8Array | Promise<ArrayBuffer | Uint8Array>;
}

/** Where somebody has come back from the pages. */
export interface RedirectReturn {
  /** The address that the person came back with; the page's own unless said, which is then cleaned. */
  readonly url?: string;
  /** The same as for {@link signInWithRedirect}. */
  readonly storage?: RedirectSignIn["storage"];
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string;
}

/** Who has come back signed in, and where the app goes on. */
export interface RedirectOutcome<Person> {
  readonly user: Person;
  /** What {@link signInWithRedirect} was told. */
  readonly returnTo: string | undefined;
}

/** Why somebody came back without being signed in. */
export type RedirectErrorCode =
  /** They did not want to. */
  | "access_denied"
  /** With `prompt: "none"`: nobody is signed in on the pages, or they would have to be asked. */
  | "login_required"
  | "interaction_required"
  /** The answer is of another service than the one that was asked: somebody mixes two up. */
  | "issuer_mismatch"
  | "invalid_request"
  | "unsupported_response_type"
  | "server_error"
  | "temporarily_unavailable";

class RedirectError extends Error {
  override readonly name = "RedirectError";
  readonly code: RedirectErrorCode;

  constructor(code: RedirectErrorCode) {
    super(`The sign-in ended with ${code}`);
    this.code = code;
  }
}

/** An error of {@link handleRedirect}: the pages sent the person back without a session. */
export type { RedirectError };

/** Whether the pages sent somebody back without a session, for any reason or for the one given. */
export function isRedirectError(error: unknown, code?: RedirectErrorCode): error is RedirectError {
  if (!(error instanceof Error) || error.name !== "RedirectError") return false;
  return code === undefined || (error as RedirectError).code === code;
}

/** What is kept of a person who is away. */
interface Away extends Pick<RedirectSignIn, "clientId" | "redirectUri" | "returnTo"> {
  readonly verifier: string;
  readonly issuer: string;
  /** Of the client that sent them: another one on this page does not take its answer. */
  readonly base: string;
}

/** Ways to the pages that one tab may have begun; the oldest is forgotten. */
const mostAway = 5;

/**
 * Sends the person to the service's pages, where they sign in in whatever way they like, and from where they come back to `redirectUri` (OAuth 2.0
 * with PKCE). For apps on another origin than the service, and on phones. Nothing after it runs in a page.
 *
 * @example
 * await signInWithRedirect(auth, { clientId: "shop", redirectUri: "https://shop.example.com/signed-in" });
 */
export async function signInWithRedirect<Router extends AnyRouter = AppRouter>(
  { internals }: ClientOf<Router>,
  { clientId, redirectUri, returnTo, prompt, maxAge, language, pages, ...rest }: RedirectSignIn,
): Promise<void> {
  if (internals.base === false)
    throw new TypeError('With storage: "cookie", the pages share the session: takeOverSession');
  const { randomBytes = findRandomBytes } = rest;
  const [state, verifier] = [encodeBase64url(randomBytes(32)), encodeBase64url(randomBytes(32))];
  const challenge = encodeBase64url(await digest(verifier, rest.sha256));
  const place = toAbsolute(pages ?? internals.base);
  const { base } = internals;
  const kept = { clientId, redirectUri, verifier, issuer: place, base };
  const away: Away = { ...kept, ...(returnTo !== undefined && isOwnPath(returnTo) && { returnTo }) };
  await change(internals, rest.storage, (all) => [...all, [state, away] as const].slice(-mostAway));
  const query = toQuery({
    ...{ response_type: "code", client_id: clientId, redirect_uri: redirectUri, state },
    ...{ code_challenge: challenge, code_challenge_method: "S256" },
    ...(prompt && { prompt }),
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
    ...(language && { language }),
  });
  const { navigate = (url: string) => globalThis.location.assign(url) } = rest;
  await navigate(`${place}/authorize?${query}`);
}

/** Answers that are being exchanged: an effect that runs twice, or two parts of a page, get the same one. */
const running = new WeakMap<object, { readonly state: string; readonly outcome: Promise<unknown> }>();

/**
 * Signs in whoever comes back from the pages, and answers who it is; null where nobody does, such as at a reload. Call it at the start of the page
 * at `redirectUri`, or of every page. It cleans the address bar.
 *
 * Throws {@link isRedirectError} where the pages gave no session, and {@link isAuthError} `code_invalid` for a code that is too old, `rate_limited`, …
 *
 * @example
 * const back = await handleRedirect(auth);
 * if (back) router.replace(back.returnTo ?? "/");
 */
export async function handleRedirect<Router extends AnyRouter = AppRouter>(
  { internals }: ClientOf<Router>,
  options: RedirectReturn = {},
): Promise<RedirectOutcome<PersonOf<Router>> | null> {
  const known = running.get(internals);
  const brought = readAnswer(options.url ?? globalThis.location?.href ?? "");
  if (!brought || known?.state === brought.state) return ((await known?.outcome) as never) ?? null;
  const outcome = exchange<Router>(internals, brought, options);
  running.set(internals, { state: brought.state, outcome });
  try {
    return await outcome;
  } finally {
    running.delete(internals);
  }
}

/** What came back, as it is in an address. */
interface Brought extends Readonly<Partial<Record<"code" | "error" | "iss", string>>> {
  readonly state: string;
}

const names = ["code", "state", "iss", "error", "error_description", "error_uri"];

async function exchange<Router extends AnyRouter>(
  internals: ClientInternals,
  { state, code, error, iss }: Brought,
  { url, storage: given, deviceName }: RedirectReturn,
): Promise<RedirectOutcome<PersonOf<Router>> | null> {
  const find = (all: AwayByState) => all.find(([key, { base }]) => key === state && base === internals.base)?.[1];
  // Taken away first of all, so that no code is ever exchanged twice.
  const away = find(await change(internals, given, (all) => find(all) && all.filter(([key]) => key !== state)));
  // Nobody was sent away with it from here: it is another program's, or somebody's who wants us to sign in as them.
  if (!away) return null;
  if (url === undefined) cleanAddress();
  if (iss !== away.issuer) throw new RedirectError("issuer_mismatch");
  if (code === undefined) throw new RedirectError((error ?? "invalid_request") as RedirectErrorCode);
  const { clientId, redirectUri, verifier: codeVerifier, returnTo } = away;
  const shown = { code, codeVerifier, clientId, redirectUri, ...(deviceName !== undefined && { deviceName }) };
  const { user } = await internals.ask("token.obtainByRedirect", shown);
  return { user: user as PersonOf<Router>, returnTo };
}

/** By hand, because not every phone has the platform's `URL` whole. Null for an address that brings no answer. */
function readAnswer(url: string): Brought | null {
  const pairs = (/\?([^#]*)/.exec(url)?.[1] ?? "").split("&").map((pair) => pair.split("="));
  const read = (name: string) =>
    pairs
      .find(([key]) => key === name)
      ?.slice(1)
      .join("=");
  const [code, state, iss, error] = names.map((name) => decode(read(name)));
  if (!state || !(code || error)) return null;
  return { state, ...(code && { code }), ...(iss && { iss }), ...(error && { error }) };
}

const toQuery = (values: Readonly<Record<string, string>>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");

function decode(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** Whether an address leads nowhere but to the app's own pages, however a browser reads it. */
const isOwnPath = (address: string) => /^\/(?![/\\])\P{Cc}*$/u.test(address);

/** What came back stays in no history, and is in no address that somebody copies. */
function cleanAddress(): void {
  const { history, location } = globalThis;
  if (!history?.replaceState) return;
  const url = new URL(location.href);
  for (const name of names) url.searchParams.delete(name);
  history.replaceState(history.state, "", url);
}

/**
 * Takes over the session that this browser has by the service's pages, for an app in cookie mode on the same site as the service, and answers who it
 * is; null where nobody is signed in there. Without it the client knows only sessions that it has opened by itself.
 *
 * @example
 * const auth = createAuthClient({ url: location.origin, storage: "cookie" });
 * const user = await takeOverSession(auth);
 * if (!user) location.assign(`/sign-in?${new URLSearchParams({ return_to: location.pathname })}`);
 */
export async function takeOverSession<Router extends AnyRouter = AppRouter>({
  internals,
}: ClientOf<Router>): Promise<PersonOf<Router> | null> {
  if (internals.base !== false) throw new TypeError('Only with storage: "cookie"; elsewhere signInWithRedirect');
  await internals.ready;
  const { user } = internals.getSnapshot();
  if (user) return user as PersonOf<Router>;
  const wish = internals.wish();
  try {
    const answer = await limit((given) => internals.ask("token.refresh", { refreshToken: "" }, given));
    await internals.keep(answer, wish);
    return answer.user as PersonOf<Router>;
  } catch (error) {
    if (isFinal(error)) return null;
    throw error;
  }
}

type Storage = NonNullable<RedirectSignIn["storage"]>;

const findStorage = (internals: object, given: Storage | undefined): Storage =>
  given ?? findTabStorage(internals, "latchkey.redirect");

type AwayByState = readonly (readonly [state: string, away: Away])[];

/** Changes that a storage is being asked for, of which each begins when the one before has ended. */
const changing = new WeakMap<object, Promise<unknown>>();

/**
 * Stores what is made of that which is stored, and answers what was; nothing changes for undefined. Of two changes at once neither loses what the
 * other keeps.
 */
function change(
  internals: object,
  given: Storage | undefined,
  make: (all: AwayByState) => AwayByState | undefined,
): Promise<AwayByState> {
  const [storage, whose] = [findStorage(internals, given), given ?? internals];
  const done = (changing.get(whose) ?? Promise.resolve()).then(async () => {
    const all = await read(storage);
    const next = make(all);
    if (next) await write(storage, next);
    return all;
  });
  changing.set(
    whose,
    done.catch(() => {}),
  );
  return done;
}

async function read(storage: Storage): Promise<AwayByState> {
  try {
    const all: unknown = JSON.parse((await storage.get()) ?? "[]");
    return Array.isArray(all) ? all : [];
  } catch {
    return [];
  }
}

const write = async (storage: Storage, all: AwayByState) =>
  all.length > 0 ? storage.set(JSON.stringify(all)) : storage.remove();

/** An address without a slash at its end, as the service names itself. */
function toAbsolute(url: string): string {
  const base = globalThis.location?.href;
  // A phone has no page that it could be relative to, and half of the platform's `URL` at most.
  return (base ? new URL(url, base).href : url).replace(/\/$/, "");
}

function findRandomBytes(length: number): Uint8Array {
  if (!globalThis.crypto?.getRandomValues)
    throw new TypeError("There is no crypto.getRandomValues: give randomBytes, such as expo-crypto's getRandomBytes");
  return crypto.getRandomValues(new Uint8Array(length));
}

async function digest(text: string, sha256: RedirectSignIn["sha256"]): Promise<ArrayBuffer | Uint8Array> {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  if (sha256) return sha256(bytes);
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw new TypeError("There is no crypto.subtle: use https or localhost, or give sha256");
  return subtle.digest("SHA-256", bytes);
}
