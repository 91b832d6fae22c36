import { type AuthClient, type AuthStorage, createAuthClient } from "@latchkey/client";
import { runInTab, type TabGlobals } from "./tab-globals.ts";

/** One open page of the browser. */
export interface Tab {
  readonly name: string;
  readonly client: AuthClient;
  /** The system has stopped it for a while: it gets no answers and no news until it is woken. */
  isParked: boolean;
  /** It crashed or was closed: nothing of it happens any more, not even what it has begun. */
  isGone: boolean;
  /** Calls that have not been answered. */
  callsUnderWay: number;
}

/** A request of a tab: first on its way to the service, then, as an answer, on its way back. */
export interface NetworkRequest {
  readonly number: number;
  readonly tab: Tab;
  /** The procedure, or several with commas between them. */
  readonly procedure: string;
  readonly target: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | null;
  /** Seconds since the epoch. */
  readonly sentAt: number;
  /** What the storage held when it was sent. */
  readonly storedAtSend: string | null;
  readonly settle: { readonly resolve: (answer: Response) => void; readonly reject: (error: Error) => void };
  answer: { readonly status: number; readonly text: string } | null;
}

/** What the browser calls itself. */
export const userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/** What a tab waits for that has its slow storage emptied. */
export const emptying = "its storage to be emptied";

/** Whether what is stored is a session; once that is over, the mark of the device is left. */
export function holdsSession(stored: string | null): stored is string {
  return stored !== null && "refreshToken" in (JSON.parse(stored) as object);
}

/** Something that a tab waits for and that happens when the simulation says so: news of the storage, a timer, slow storage. */
export interface Occurrence {
  readonly tab: Tab;
  readonly what: string;
  /** Seconds since the epoch before which it does not happen. */
  readonly notBefore: number;
  readonly happen: () => void;
}

export interface BrowserOptions {
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly random: () => number;
  /** Whether the storage answers later, as a phone's secure storage does. */
  readonly isStorageSlow: boolean;
  /** Told what is stored before it changes, and after. */
  readonly onStored: (tab: Tab, before: string | null, after: string | null) => void;
  readonly onSignedOut: (tab: Tab) => void;
}

/** A browser whose tabs run the real SDK on one storage. Whatever its tabs wait for lies here until the simulation lets it happen. */
export class Browser {
  readonly tabs: Tab[] = [];
  readonly requests: NetworkRequest[] = [];
  readonly occurrences: Occurrence[] = [];
  stored: string | null = null;
  /** Seconds by which the device's clock is wrong. */
  clockError = 0;
  /** Counts all that tabs do, so that one can tell when they are done. */
  #activity = 0;
  #opened = 0;
  #sent = 0;
  readonly #options: BrowserOptions;
  readonly #listeners = new Map<Tab, () => void>();

  constructor(options: BrowserOptions) {
    this.#options = options;
  }

  get living(): Tab[] {
    return this.tabs.filter((tab) => !tab.isGone);
  }

  get awake(): Tab[] {
    return this.living.filter((tab) => !tab.isParked);
  }

  /** Runs a page's code in its own surroundings. */
  run<T>(tab: Pick<Tab, "isGone">, run: () => T): T {
    return runInTab(this.#globalsOf(tab as Tab), run);
  }

  openTab(): Tab {
    this.#opened += 1;
    const state = { name: `tab ${this.#opened}`, isParked: false, isGone: false, callsUnderWay: 0 };
    // The client is made inside its own tab, which therefore has to be there first.
    const tab: Tab = Object.assign(state, { client: this.run(state, () => this.#createClient(() => tab)) });
    this.tabs.push(tab);
    tab.client.subscribe(() => {
      if (tab.client.getSnapshot().status === "signedOut") this.#options.onSignedOut(tab);
    });
    return tab;
  }

  crash(tab: Tab): void {
    tab.isGone = true;
    this.#listeners.delete(tab);
    this.#keep(this.requests, (request) => request.tab !== tab);
    this.#keep(this.occurrences, (occurrence) => occurrence.tab !== tab);
  }

  /** Waits until no tab has anything to do but wait. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.#activity; ) {
      before = this.#activity;
      for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    }
  }

  take<T>(from: T[], one: T): T {
    from.splice(from.indexOf(one), 1);
    return one;
  }

  #keep<T>(list: T[], which: (one: T) => boolean): void {
    list.splice(0, list.length, ...list.filter(which));
  }

  #createClient(findTab: () => Tab): AuthClient {
    const storage = this.#options.isStorageSlow ? this.#slowStorage(findTab) : this.#sharedStorage(findTab);
    const fetch: typeof globalThis.fetch = (url, init) => this.#send(findTab(), String(url), init);
    return createAuthClient({ url: "http://service.test", storage, fetch });
  }

  #globalsOf(tab: Tab): TabGlobals {
    return {
      now: () => (this.#options.now() + this.clockError) * 1000,
      random: this.#options.random,
      after: (milliseconds, callback) => {
        const notBefore = this.#options.now() + milliseconds / 1000;
        return this.#await({ tab, what: "a timer", notBefore, happen: callback });
      },
    };
  }

  #await(occurrence: Occurrence): () => void {
    this.#activity += 1;
    this.occurrences.push(occurrence);
    return () => this.#keep(this.occurrences, (one) => one !== occurrence);
  }

  /** Like `localStorage`: read and written at once, and the other tabs hear of it some time later. */
  #sharedStorage(findTab: () => Tab): AuthStorage {
    return {
      get: () => this.stored,
      set: (value) => this.#store(findTab(), value),
      remove: () => this.#store(findTab(), null),
      subscribe: (listener) => {
        const stop = () => void this.#listeners.delete(findTab());
        // The tab itself is there by the end of this turn.
        queueMicrotask(() => this.#listeners.set(findTab(), listener));
        return stop;
      },
    };
  }

  #slowStorage(findTab: () => Tab): AuthStorage {
    const later = <T>(what: string, work: () => T): Promise<T> => {
      const { promise, resolve } = Promise.withResolvers<T>();
      this.#await({ tab: findTab(), what, notBefore: 0, happen: () => resolve(work()) });
      return promise;
    };
    // The first read is at the very beginning of a tab.
    return {
      get: () => Promise.resolve().then(() => later("its storage to be read", () => this.stored)),
      set: (value) =>
        later(holdsSession(value) ? "its storage to be written" : emptying, () => this.#store(findTab(), value)),
      remove: () => later(emptying, () => this.#store(findTab(), null)),
    };
  }

  #store(tab: Tab, value: string | null): void {
    if (tab.isGone) return;
    this.#activity += 1;
    this.#options.onStored(tab, this.stored, value);
    this.stored = value;
    for (const [other, listener] of this.#listeners) {
      if (other === tab) continue;
      const happen = () => this.run(other, listener);
      this.#await({ tab: other, what: "news of the storage", notBefore: 0, happen });
    }
  }

  #send(tab: Tab, url: string, init: RequestInit = {}): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const { pathname, search } = new URL(url);
    this.#activity += 1;
    this.#sent += 1;
    this.requests.push({
      number: this.#sent,
      tab,
      procedure: pathname.replace("/trpc/", ""),
      target: pathname + search,
      method: init.method ?? "GET",
      headers: new Headers([...new Headers(init.headers), ["user-agent", userAgent]]),
      body: typeof init.body === "string" ? init.body : null,
      sentAt: this.#options.now(),
      storedAtSend: this.stored,
      settle: { resolve, reject },
      answer: null,
    });
    return promise;
  }
}
