import type { AppRouter } from "@latchkey/server";
import type { inferRouterOutputs } from "@trpc/server";
import { type AuthErrorReason, isAuthError } from "./errors.ts";
import type { AuthStorage } from "./storage.ts";

type Answers = inferRouterOutputs<AppRouter>;

/** What the service answers at every refresh, and at sign-in with the device's mark beside it. */
export type SessionAnswer = Answers["token"]["refresh"] & Partial<Answers["token"]["obtain"]>;
/** The person who is signed in. */
export type User = Answers["me"]["get"];

/** What a page shows: nothing known yet, nobody, or somebody. The same object until something changes. */
export type AuthState =
  | { readonly status: "loading"; readonly user: null }
  | { readonly status: "signedOut"; readonly user: null }
  | { readonly status: "signedIn"; readonly user: User };

/** What is kept of a session. */
interface KeptSession {
  /** Empty where a script must not find it: what is stored in cookie mode. */
  readonly token: string;
  /** Empty in cookie mode. */
  readonly refreshToken: string;
  readonly user: User;
  /** Milliseconds since the epoch by the service's clock. */
  readonly expiresAt: number;
  /** Milliseconds for which the token was made. */
  readonly lifetime: number;
  /** Milliseconds by which the service's clock was ahead of this device's. */
  readonly clockOffset: number;
  /** Shows at the next sign-in that this device is known. It stays when the session goes; empty in cookie mode. */
  readonly deviceMark: string;
}

/** A refresh that did not succeed, and for how many milliseconds from then on the service is left alone. */
interface Failure {
  readonly error: unknown;
  /** How many there were in a row. */
  readonly count: number;
  readonly at: number;
  readonly wait: number;
}

export interface SessionKeeperOptions {
  readonly storage: AuthStorage;
  /** Keep no token in the storage: only who is signed in, for the other tabs and the next page. */
  readonly hidesTokens: boolean;
  /** Exchanges a refresh token for the next session answer. */
  readonly renew: (refreshToken: string) => Promise<SessionAnswer>;
}

export type SessionKeeper = ReturnType<typeof createSessionKeeper>;

const loading: AuthState = { status: "loading", user: null };
const signedOut: AuthState = { status: "signedOut", user: null };

/** Refusals after which a session is over, whatever is tried. Everything else may pass. */
const final: readonly AuthErrorReason[] = [
  "refresh_token_invalid",
  "refresh_token_reused",
  "session_ended",
  "account_disabled",
];

export const isFinal = (error: unknown): boolean => isAuthError(error) && final.includes(error.data.reason);

/** The one place that knows the session: keeps it, renews it once however many calls need it, and tells who watches. */
export function createSessionKeeper({ storage, hidesTokens, renew }: SessionKeeperOptions) {
  let kept: KeptSession | null = null;
  let state: AuthState = loading;
  let renewing: Promise<void> | undefined;
  let failure: Failure | undefined;
  let deviceMark = "";
  /** Whether what is kept is stored as well; if not, nothing stored says anything of it. */
  let isStored = true;
  const listeners = new Set<() => void>();

  function show(next: KeptSession | null): void {
    kept = next;
    const isSame = next ? state.user && JSON.stringify(state.user) === JSON.stringify(next.user) : state === signedOut;
    if (isSame) return;
    state = next ? { status: "signedIn", user: next.user } : signedOut;
    for (const listener of listeners) listener();
  }

  async function readStored(): Promise<KeptSession | null> {
    if (!isStored) return kept;
    try {
      const stored: unknown = JSON.parse((await storage.get()) ?? "null");
      deviceMark = (stored as Partial<KeptSession> | null)?.deviceMark ?? deviceMark;
      return isSession(stored) ? stored : null;
    } catch {
      return kept;
    }
  }

  async function writeStored(session: KeptSession): Promise<void> {
    const stored = hidesTokens ? { ...session, token: "", refreshToken: "", expiresAt: 0 } : session;
    isStored = await succeeds(() => storage.set(JSON.stringify(stored)));
  }

  /** Takes over what is stored: at the start, and when another tab has changed it. */
  async function load(): Promise<void> {
    const stored = await readStored();
    // In cookie mode each tab has an access token of its own, and another tab's news is no reason to give it up.
    if (stored && kept && !stored.token && stored.user.id === kept.user.id) show({ ...kept, user: stored.user });
    else show(stored);
  }

  async function keep(answer: SessionAnswer): Promise<void> {
    failure = undefined;
    deviceMark = answer.deviceMark ?? deviceMark;
    const session = { ...toKeptSession(answer), deviceMark };
    show(session);
    await writeStored(session);
  }

  async function forget(): Promise<void> {
    failure = undefined;
    show(null);
    await succeeds(() => (deviceMark ? storage.set(JSON.stringify({ deviceMark })) : storage.remove()));
  }

  /** Renews the session, once for everybody who asks meanwhile. Throws when that did not succeed. */
  function renewOnce(): Promise<void> {
    renewing ??= renewNow().finally(() => {
      renewing = undefined;
    });
    return renewing;
  }

  async function renewNow(): Promise<void> {
    const elapsed = Date.now() - (failure?.at ?? 0);
    // A clock that was set back tells nothing of the time that has passed.
    if (failure && elapsed >= 0 && elapsed < failure.wait) throw failure.error;
    const before = await readStored();
    // Another tab has signed out, or has renewed it.
    if (!before || isNewer(before)) return show(before);
    const token = kept?.token;
    try {
      const answer = await renew(before.refreshToken);
      const stored = await readStored();
      if (!kept || kept.token !== token) return;
      // A tab that was asleep gets its answer late: whoever signed out meanwhile stays so, and a newer session stays.
      if (stored?.refreshToken === before.refreshToken) await keep(answer);
      else show(stored);
    } catch (error) {
      await handleFailure(error, token);
      if (!kept || kept.token === token) throw error;
    }
  }

  const isNewer = (stored: KeptSession) => stored.token !== "" && stored.token !== kept?.token;

  async function handleFailure(error: unknown, token: string | undefined): Promise<void> {
    if (isFinal(error)) return endUnlessNewer(token);
    const count = (failure?.count ?? 0) + 1;
    failure = { error, count, at: Date.now(), wait: waitAfter(count, error) };
  }

  /** The session of this token is over: signs out, unless another tab has a newer one. */
  async function endUnlessNewer(token: string | undefined): Promise<void> {
    const stored = await readStored();
    if (!kept || kept.token !== token) return;
    if (stored && isNewer(stored)) return show(stored);
    await forget();
  }

  /**
   * The token for a call. One that is about to run out is renewed on the side; one that has run out is waited for.
   */
  async function findToken(): Promise<string | undefined> {
    await ready;
    if (!kept) return undefined;
    const left = kept.expiresAt - (Date.now() + kept.clockOffset);
    if (left <= 0) await renewOnce();
    else if (left < Math.min(60_000, kept.lifetime / 4)) renewOnce().catch(() => {});
    return kept?.token;
  }

  /** The token to repeat a call with that was refused with `refused`; undefined when there is no other. */
  async function replaceToken(refused: string): Promise<string | undefined> {
    if (kept?.token === refused) await renewOnce();
    return kept?.token === refused ? undefined : kept?.token;
  }

  const ready = load();
  storage.subscribe?.(() => void load());

  return {
    ready,
    keep,
    forget,
    findToken,
    replaceToken,
    endUnlessNewer,
    /** Shows what a call has just answered of the person, and stores it with the tokens that are stored by now. */
    async showUser(user: User): Promise<void> {
      if (kept?.user.id !== user.id) return;
      show({ ...kept, user });
      const stored = await readStored();
      if (stored?.user.id === user.id && (hidesTokens || stored.token === kept?.token)) {
        await writeStored({ ...stored, user });
      }
    },
    /** Takes over the new session of whoever is signed in; an answer to somebody else, or an old one, comes too late. */
    async replace(answer: SessionAnswer): Promise<void> {
      const stored = await readStored();
      if (kept?.user.id !== answer.user.id) return;
      if (stored && stored.expiresAt <= Date.parse(answer.expiresAt)) await keep(answer);
      else show(stored);
    },
    findRefreshToken: () => kept?.refreshToken,
    findDeviceMark: () => deviceMark || undefined,
    getSnapshot: () => state,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function isSession(value: unknown): value is KeptSession {
  const { token, refreshToken, user } = (value ?? {}) as Partial<KeptSession>;
  return typeof token === "string" && typeof refreshToken === "string" && typeof user?.id === "string";
}

/** Whether a storage did as it was told. One that is full, locked or forbidden spoils nothing but the next start. */
async function succeeds(step: () => void | Promise<void>): Promise<boolean> {
  try {
    await step();
    return true;
  } catch {
    return false;
  }
}

function toKeptSession({ token, refreshToken, user, expiresAt }: SessionAnswer): Omit<KeptSession, "deviceMark"> {
  const expires = Date.parse(expiresAt);
  const issued = readIssuedAt(token);
  return {
    token,
    refreshToken,
    user,
    expiresAt: expires,
    lifetime: expires - issued,
    clockOffset: issued - Date.now(),
  };
}

/** When the service made a token, in milliseconds by its clock: the only clock that counts. */
function readIssuedAt(token: string): number {
  const payload = token.split(".")[1] ?? "";
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).iat * 1000;
}

/** Milliseconds to leave the service alone after a failure: what it asked for, or 1, 2, 4, 8 seconds, give or take half. */
function waitAfter(count: number, error: unknown): number {
  const asked = isAuthError(error) ? (error.data as { retryAfter?: number }).retryAfter : undefined;
  return (asked ?? 2 ** Math.min(count - 1, 3)) * 1000 * (asked ? 1 : 0.5 + Math.random());
}
