import type { TokenResponse, User } from "./api-types.ts";
import { callSafely, pause, settle, within } from "./callbacks.ts";
import type { Codec } from "./endpoint.ts";
import { type AuthErrorReason, isAuthError } from "./errors.ts";
import {
  type DeviceMarks,
  formatSession,
  isPartial,
  type KeptSession,
  parseMarks,
  parseSession,
  readClaims,
  readMarks,
  toKeptSession,
  toSid,
} from "./kept-session.ts";
import { createSessionRevoker } from "./session-revoker.ts";
import type { AuthStorage } from "./storage.ts";
import { createStorageQueue } from "./storage-queue.ts";

/** What a page shows: nothing known yet, nobody, or somebody. The same object until something changes. */
export type AuthState<Person = User> =
  | { readonly status: "loading"; readonly user: null }
  | {
      readonly status: "signedOut";
      readonly user: null;
      /** Why, where the person might wonder: the cookie of this browser has become somebody else's. */
      readonly reason?: "another_person";
    }
  | { readonly status: "signedIn"; readonly user: Person };

/** A refresh that did not succeed, and for how many milliseconds from then on the service is left alone. */
interface Failure {
  readonly error: unknown;
  /** How many there were in a row. */
  readonly count: number;
  readonly at: number;
  readonly wait: number;
}

export interface SessionManagerOptions {
  readonly storage: AuthStorage;
  /** Keep no token in the storage: only who is signed in, for the other tabs and the next page. */
  readonly cookieMode: boolean;
  /** How the person is stored, with dates and the like. */
  readonly codec: Codec;
  /** Exchanges a refresh token for the next session answer. */
  readonly renew: (refreshToken: string) => Promise<TokenResponse>;
  /** Ends the session of a refresh token at the service. */
  readonly revoke: (refreshToken: string) => Promise<unknown>;
  /** Asks the service who is signed in, which is then shown. */
  readonly find: () => Promise<unknown>;
}

/** What a call about one's own account answers: the user, or something that may hold the user. */
export type OwnAnswer = Partial<User> & {
  readonly user?: User;
  readonly phoneProofDue?: boolean;
  readonly deviceMark?: string | undefined;
};

export type SessionManager = ReturnType<typeof createSessionManager>;

export const loading: AuthState = { status: "loading", user: null };
const signedOut: AuthState = { status: "signedOut", user: null };

/** Milliseconds for which a storage that has never answered holds up a call or a sign-in. */
const timeLimit = 2_000;

/** Refusals after which a session is over, whatever is tried. Everything else may pass. */
export const finalReasons: readonly AuthErrorReason[] = [
  "refresh_token_invalid",
  "refresh_token_reused",
  "session_ended",
  "account_disabled",
];

/** Whoever asked is here no more, and nothing is done in the name of whoever is. */
export const anotherPerson = () => new Error("Somebody else has signed in");

export const isFinal = (error: unknown): boolean => isAuthError(error) && finalReasons.includes(error.data.reason);

/**
 * The one place that knows the session: keeps it, renews it once however many calls need it, and tells who watches.
 *
 * What a person wants is numbered when they ask for it, and of two answers the one with the higher number stands, in whatever
 * order they come. A session that was opened and is not kept is ended at the service.
 */
export function createSessionManager({ storage, cookieMode, codec, renew, revoke, find }: SessionManagerOptions) {
  const queue = createStorageQueue(storage, { compose, noteStale: (text) => void endUnlessKept(parse(text)) });
  const revokeSoon = createSessionRevoker(revoke);
  let kept: KeptSession | null = null;
  let state: AuthState = loading;
  let renewing: Promise<void> | undefined;
  let failure: Failure | undefined;
  let marks: DeviceMarks = {};
  /** The number of the person's last wish, and of the newest that has come true. */
  let [asked, fulfilled] = [0, 0];
  /** The number of the newest call that answers something of the person, and of the newest whose answer is shown. */
  let [begun, shown] = [0, 0];
  /** Counts what becomes of `kept`, so that what was read before can be told to be old. */
  let changes = 0;
  let [hasLoaded, isDisposed] = [false, false];
  /** Whether nothing at all was stored when that was last read. A sign-out leaves the mark of the device, and ends the session by itself. */
  let isEmptied = false;
  /** The id of the person who is signed in, or whom the storage holds; undefined until it has been read. */
  let personId: string | null | undefined;
  const listeners = new Set<Listener<[]>>();
  const personListeners = new Set<Listener<[user: User | null]>>();

  function show(next: KeptSession | null, nobody: AuthState = signedOut): void {
    changes += 1;
    // What is stored may lack what this tab knows of the person.
    if (next && isPartial(next) && kept?.user.id === next.user.id) next = { ...next, user: kept.user };
    kept = next;
    const before = state;
    if (!next) state = state.status === "signedOut" && nobody === signedOut ? state : nobody;
    else if (!isPartial(next)) state = toState(next.user);
    else if (state.user?.id !== next.user.id) state = loading;
    const now = state;
    tellPerson(now);
    if (now !== before) tell(listeners, () => state === now);
  }

  const toState = (user: User): AuthState =>
    state.user && JSON.stringify(state.user) === JSON.stringify(user) ? state : { status: "signedIn", user };

  /** Who is found at the start is no change of person; somebody of whom only the id is known is told when the rest is. */
  function tellPerson({ status, user }: AuthState): void {
    if (status === "loading") {
      if (personId === undefined) personId = kept?.user.id;
      if (personId === kept?.user.id) return;
    }
    const id = user?.id ?? null;
    const isChange = id !== personId && (personId !== undefined || fulfilled > 0);
    personId = id;
    if (isChange) tell(personListeners, () => personId === id, user);
  }

  function learn(known: DeviceMarks): void {
    marks = { ...marks, ...known };
  }

  function toStored(text: string | null | undefined): KeptSession | null {
    isEmptied = text === null;
    if (text === undefined) return kept;
    learn(readMarks(text));
    return parse(text);
  }

  const readStored = async () => toStored(await queue.read());

  function parse(text: string | null): KeptSession | null {
    const session = parseSession(text, codec);
    return session && (cookieMode || session.refreshToken) ? session : null;
  }

  const format = (session: KeptSession) =>
    formatSession(session, { marks, cookieMode, isShared: storage.isShared === true, codec });

  /** What is to be stored: of a session that is kept no more by the time a slow storage is ready, only the marks of the device. */
  function compose(): string | null {
    if (kept) return format(kept);
    return marks.deviceMark ? JSON.stringify(marks) : null;
  }

  /** The end of a session that was stored at the start when the person had already wished for something else. */
  let ending: Promise<void> | undefined;

  /** Takes over what is stored at the start, unless the person has wished for something meanwhile: then it is to go. */
  async function loadFirst(): Promise<void> {
    let text = await queue.first;
    hasLoaded = true;
    // A phone that has not been unlocked yet tells nothing of what it holds.
    for (let tries = 1; text === undefined && !isDisposed && fulfilled === 0; tries += 1) {
      if (tries === 4) show(null);
      await pause(waitAfter(tries));
      text = await queue.read();
    }
    text ??= null;
    marks = { ...readMarks(text), ...marks };
    const stored = parse(text);
    if (fulfilled > 0) {
      ending = endUnlessKept(stored);
    } else {
      show(stored);
      void fetchRest();
    }
  }

  /** Asks for what is not stored of the person, until the service is reached. Without a token, a renewal answers it as well. */
  async function fetchRest(tries = 1): Promise<void> {
    try {
      if (!isDisposed && kept && isPartial(kept)) await (kept.token ? find() : renewOnce());
    } catch (error) {
      if (isFinal(error)) return;
      await pause(waitAfter(tries, error));
      return fetchRest(tries + 1);
    }
  }

  /** What is stored now and will be replaced. At the start, that is left to {@link loadFirst}. */
  const readReplaced = async () => (hasLoaded ? parse((await queue.read()) ?? null) : null);

  /** Takes over what another tab has stored. */
  async function loadNews(): Promise<void> {
    const before = changes;
    const stored = await readStored();
    if (isDisposed) return;
    if (before !== changes) return loadNews();
    if (!stored || stored.token || stored.sid !== kept?.sid) adopt(stored);
    // Each tab has an access token of its own where none is stored, and another tab's news is no reason to give it up.
    else show({ ...kept, refreshToken: stored.refreshToken, user: stored.user });
    void fetchRest();
  }

  /**
   * Keeps what is stored in the place of a session that is not. That one is nobody's by now: two tabs may have signed in at the same moment, or
   * somebody has emptied the storage.
   */
  function adopt(stored: KeptSession | null): void {
    const replaced = kept;
    show(stored);
    if (stored || isEmptied) void endUnlessKept(replaced);
  }

  /** Ends a session at the service, unless it is the one that is kept. With a cookie, the service does so by itself. */
  async function endUnlessKept(session: KeptSession | null): Promise<void> {
    if (!session?.refreshToken || session.sid === kept?.sid) return;
    await revokeSoon(session.refreshToken);
  }

  /** @throws when it is no session; one that was opened all the same is ended */
  async function parseAnswer(answer: TokenResponse): Promise<KeptSession> {
    try {
      return toKeptSession(answer);
    } catch (error) {
      if (answer?.refreshToken) await revokeSoon(answer.refreshToken);
      throw error;
    }
  }

  /**
   * Keeps the session that a person asked for with the wish of this number, unless a later wish has come true.
   *
   * @param isWanted false where whoever asked for it has turned away
   */
  async function keep(answer: TokenResponse, wish: number, isWanted = true): Promise<void> {
    const session = await parseAnswer(answer);
    // Nobody reads the cookie here any more, and whoever asked for it is told that it came to nothing.
    if (cookieMode && (isDisposed || (!isWanted && asked === wish)))
      return void (await settle(() => revoke("")).catch(() => {}));
    if (wish < fulfilled || isDisposed || !isWanted) return endUnlessKept(session);
    fulfilled = wish;
    const replaced = kept;
    const reading = readReplaced();
    await take(session, answer);
    await Promise.all([endUnlessKept(replaced), endOther(await reading, replaced)]);
  }

  const endOther = async (stored: KeptSession | null, session: KeptSession | null) =>
    stored?.sid === session?.sid ? undefined : endUnlessKept(stored);

  async function take(session: KeptSession, answer?: TokenResponse): Promise<void> {
    failure = undefined;
    learn(parseMarks(answer));
    show(session);
    await queue.write();
  }

  async function forget(): Promise<void> {
    failure = undefined;
    show(null);
    await queue.write();
  }

  /** Forgets the session at once, and ends at the service whatever was kept or stored. */
  async function signOut(): Promise<void> {
    const [session, isOpening] = [kept, asked > fulfilled];
    asked += 1;
    fulfilled = asked;
    const reading = readReplaced();
    const clearing = forget();
    if (cookieMode) return signOutByCookie(asked, session !== null || isOpening, clearing);
    const endings = [endUnlessKept(session), reading.then((stored) => endOther(stored, session))];
    await Promise.all([...endings, clearing, ready.then(() => ending)]);
  }

  /** The cookie is the session that the browser has, and after another sign-in it is another one. */
  async function signOutByCookie(wish: number, isKnown: boolean, clearing: Promise<void>): Promise<void> {
    const isSignedIn = isKnown || parse((await within(timeLimit, queue.first)) ?? null) !== null;
    await Promise.all([clearing, isSignedIn && revokeSoon("", () => asked === wish)]);
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
    if (!before || isNewer(before)) return adopt(before);
    const token = kept?.token;
    const turn = begin();
    try {
      const session = toKeptSession(await renew(before.refreshToken));
      const stored = await readStored();
      if (!kept || kept.token !== token) return;
      if (session.user.id !== before.user.id) return leaveTo(stored, before.user);
      // A tab that was asleep gets its answer late: whoever signed out meanwhile stays so, and a newer session stays.
      if (stored?.refreshToken === before.refreshToken)
        await take({ ...session, user: findNewest(session.user, turn) });
      else adopt(stored);
    } catch (error) {
      await handleFailure(error, token);
      if (!kept || kept.token === token) throw error;
    }
  }

  /** The cookie is somebody else's by now: nobody is signed in here, and what is stored of that person is theirs. */
  async function leaveTo(stored: KeptSession | null, before: User): Promise<never> {
    show(null, { status: "signedOut", user: null, reason: "another_person" });
    if (stored?.user.id === before.id) await queue.write();
    throw anotherPerson();
  }

  const isNewer = (stored: KeptSession) =>
    stored.sid !== kept?.sid || (stored.token !== "" && stored.token !== kept.token);

  async function handleFailure(error: unknown, token: string | undefined): Promise<void> {
    if (isFinal(error)) return endUnlessNewer(token);
    const count = (failure?.count ?? 0) + 1;
    failure = { error, count, at: Date.now(), wait: waitAfter(count, error) };
  }

  /** The session of this token is over: signs out, unless another tab has a newer one. */
  async function endUnlessNewer(token: string | undefined): Promise<void> {
    const stored = await readStored();
    if (!kept || kept.token !== token) return;
    if (stored && isNewer(stored)) return adopt(stored);
    await forget();
  }

  /** Adds a listener, which may be there already, and answers how to take it away. */
  function add<Args extends readonly unknown[]>(all: Set<Listener<Args>>, call: (...args: Args) => unknown) {
    const listener = { call };
    if (!isDisposed) all.add(listener);
    return () => void all.delete(listener);
  }

  function requireOpen(): void {
    if (isDisposed) throw new Error("This client is closed");
  }

  /**
   * The token for a call. One that is about to run out is renewed on the side; one that has run out is waited for.
   */
  async function findToken(): Promise<string | undefined> {
    await ready;
    requireOpen();
    if (!kept) return undefined;
    const { id } = kept.user;
    const left = kept.expiresAt - (Date.now() + kept.clockOffset);
    if (left <= 0) await renewOnce();
    else if (left < Math.min(60_000, kept.lifetime / 4)) renewOnce().catch(() => {});
    if (kept && kept.user.id !== id) throw anotherPerson();
    return kept?.token;
  }

  /** The token to repeat a call with that was refused with `refused`; undefined when there is no other, or it is somebody else's. */
  async function replaceToken(refused: string): Promise<string | undefined> {
    if (kept?.token === refused) await renewOnce();
    // One that does not tell whose it is can only be theirs who were signed in.
    const { sub = kept?.user.id } = readClaims(refused);
    if (kept?.token !== refused && kept?.user.id === sub) return kept?.token;
  }

  /** Numbers a call that answers something of the person, when it is made. */
  function begin(): number {
    begun += 1;
    return begun;
  }

  /** Of two answers of the person who is kept, the one to the call that was made later, in whatever order they come. */
  function findNewest(user: User, turn: number): User {
    if (kept && turn < shown) return kept.user;
    shown = turn;
    return user;
  }

  /** Shows what a call has just answered of the person, or marks this device anew, and stores it with the tokens that are stored by now. */
  async function showUser({ user, phoneProofDue, deviceMark, ...rest }: OwnAnswer, turn: number): Promise<void> {
    user ??= rest as User;
    if (!kept || kept.user.id !== user.id) return;
    show({ ...kept, user: findNewest(user, turn) });
    await queue.update((text) => {
      const stored = toStored(text);
      learn(parseMarks({ deviceMark }));
      if (!kept || stored?.sid !== kept.sid || stored.refreshToken !== kept.refreshToken) return undefined;
      // What is stored without a token, for want of room, may have room by now.
      const next = format(kept);
      return next === text ? undefined : next;
    });
  }

  const first = loadFirst();
  /** A storage that never answers is not waited for. */
  const ready = within(timeLimit, first);
  let stopListening: unknown;
  callSafely(() => {
    stopListening = storage.subscribe?.(() => void loadNews());
  });

  return {
    ready,
    signOut,
    findToken,
    replaceToken,
    endUnlessNewer,
    /** Numbers a person's wish to sign in, when they ask for it. */
    wish(): number {
      requireOpen();
      asked += 1;
      return asked;
    },
    keep,
    begin,
    showUser,
    /** A call with this token has ended its session: signs out, unless another session is kept by now. */
    async leave(token: unknown): Promise<void> {
      if (kept?.sid === toSid(token)) await signOut();
    },
    /**
     * Takes over the new tokens of the session that is kept; an answer to another session, or an old one, comes too late. One without tokens
     * has a new mark of this device.
     */
    async replace(answer: TokenResponse, turn: number): Promise<void> {
      if (!answer.token) return kept ? showUser({ user: kept.user, deviceMark: answer.deviceMark }, turn) : undefined;
      const session = await parseAnswer(answer);
      if (kept?.sid !== session.sid) return endUnlessKept(session);
      const user = findNewest(session.user, turn);
      // At once, so that nothing else is renewed with the tokens of before while a slow storage is asked.
      if (kept.expiresAt <= session.expiresAt) show({ ...session, user });
      await queue.update((text) => {
        const stored = toStored(text);
        if (kept?.token !== session.token) return undefined;
        if (stored && stored.expiresAt <= session.expiresAt) return format(kept);
        show(stored);
        return undefined;
      });
    },
    /** What shows that this device is known, and what takes the place of its second factor, once the storage has been read. */
    findMarks: () => ready.then(() => marks),
    /** Keeps the new mark of this device, whoever is signed in. */
    async keepDevice(answer: OwnAnswer | null): Promise<void> {
      const next = parseMarks(answer);
      if (!next.deviceMark) return;
      learn(next);
      await queue.update((text) => {
        const stored = toStored(text);
        learn(next);
        return stored ? format(stored) : JSON.stringify(marks);
      });
    },
    getSnapshot: () => state,
    subscribe: (listener: () => void) => add(listeners, listener),
    onPersonChange: (listener: (user: User | null) => void) => add(personListeners, listener),
    dispose(): void {
      isDisposed = true;
      listeners.clear();
      personListeners.clear();
      callSafely(() => (typeof stopListening === "function" ? stopListening() : undefined));
    },
  };
}

interface Listener<Args extends readonly unknown[]> {
  readonly call: (...args: Args) => unknown;
}

/**
 * Calls all who are still there when it is their turn.
 *
 * @param isTrue whether what they are told still holds: one of them may have changed it, and then all have been told of that
 */
function tell<Args extends readonly unknown[]>(all: Set<Listener<Args>>, isTrue: () => boolean, ...args: Args): void {
  for (const listener of [...all]) if (all.has(listener) && isTrue()) callSafely(listener.call, ...args);
}

/** Milliseconds to leave the service alone after a failure: what it asked for, or 1, 2, 4, 8 seconds, give or take half. */
function waitAfter(count: number, error?: unknown): number {
  const asked = isAuthError(error) ? (error.data as { retryAfter?: number }).retryAfter : undefined;
  // Longer than it ever asks for, and than a timer can wait, is a mistake.
  const wait = Math.min(Number(asked) || 0, 3_600);
  return 1000 * (wait || 2 ** Math.min(count - 1, 3) * (0.5 + Math.random()));
}
