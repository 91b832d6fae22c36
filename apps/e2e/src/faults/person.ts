import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "../sessions/seeded-random.ts";
import { readRefreshToken } from "../sessions/stored-token.ts";
import { openPoster, type Posted } from "../sessions/two-services.ts";
import { startStopwatch } from "./processor-time.ts";

export const password = "canary battery staple";

/** What one call came to, as its caller saw it. */
export interface Seen {
  readonly username: string;
  readonly procedure: string;
  /** 0 when the connection broke before there was an answer. */
  readonly status: number;
  readonly reason: string | null;
  /** Seconds, of the body and of the header. */
  readonly retryAfter: readonly [body: number | undefined, header: number];
  readonly milliseconds: number;
  /** The same without those for which the service waited for a core. */
  readonly unhindered: number;
  /** When it was over, by `performance.now()`. */
  readonly at: number;
}

/** Where people find the service; it may move while they work. */
export interface Door {
  url: string;
  /** Of its process, where that is one of this machine. */
  pid?: number;
}

interface Session {
  readonly token: string;
  readonly refreshToken: string;
}

/** How often something was tried, and how often it was acknowledged. */
interface Count {
  tried: number;
  told: number;
}

/** Milliseconds between two actions of a person, so that a machine is not busy with refusals alone. */
const breath = 25;

/**
 * Somebody who signs in, refreshes and changes their profile, one thing after the other, and keeps account of what the service
 * acknowledged.
 */
export class Person {
  readonly username: string;
  readonly signIns: Count = { tried: 0, told: 0 };
  readonly refreshes: Count = { tried: 0, told: 0 };
  readonly updates: Count = { tried: 0, told: 0 };
  /** The sessions that were opened for them. */
  readonly sessions: string[] = [];
  /** Every token that they were given. */
  readonly secrets: string[] = [];
  /** The city that was acknowledged last, and those that were sent since and may or may not be stored. */
  cities: (string | null)[] = [null];
  session: Session | null = null;
  readonly #door: Door;
  readonly #seen: Seen[];
  readonly #line = openPoster(1);
  readonly #from: string | undefined;

  /** @param seen where each call is noted */
  constructor(index: number, door: Door, seen: Seen[]) {
    this.username = usernameOf(index);
    this.#door = door;
    this.#seen = seen;
    // Somewhere else than the others, so that nothing that counts by address takes all of them for one. Elsewhere than on Linux,
    // the loopback has one address.
    this.#from = process.platform === "linux" ? `127.0.${Math.floor(index / 200)}.${10 + (index % 200)}` : undefined;
  }

  async signIn(): Promise<Seen> {
    this.signIns.tried += 1;
    const { seen, body } = await this.#call("token.obtain", { username: this.username, password });
    if (seen.status === 200) {
      this.signIns.told += 1;
      this.#take(body);
      this.sessions.push(readRefreshToken(body.refreshToken).sessionId);
    }
    return seen;
  }

  async refresh(): Promise<Seen> {
    this.refreshes.tried += 1;
    const { seen, body } = await this.#call("token.refresh", { refreshToken: this.session?.refreshToken });
    if (seen.status === 200) {
      this.refreshes.told += 1;
      this.#take(body);
    }
    return seen;
  }

  async update(): Promise<Seen> {
    this.updates.tried += 1;
    const city = `${this.username} ${this.updates.tried}`;
    this.cities.push(city);
    const { seen, body } = await this.#call("me.update", { city });
    if (seen.status === 200) {
      this.updates.told += 1;
      this.#remember(body.city);
    }
    return seen;
  }

  /** Looks at their own account. What is shown is what will be there. */
  async read(): Promise<Seen> {
    const { seen, body } = await this.#call("me.get");
    if (seen.status === 200) this.#remember(body.city);
    return seen;
  }

  /** Goes on until told to stop, however things are answered. */
  async work(dice: Dice, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#act(dice);
      await pause(breath);
    }
  }

  /** Hangs up. */
  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]();
  }

  #act(dice: Dice): Promise<Seen> {
    if (!this.session) return this.signIn();
    return dice.pick<() => Promise<Seen>>([
      [1, () => this.signIn()],
      [4, () => this.refresh()],
      [4, () => this.update()],
      [2, () => this.read()],
    ])();
  }

  #take(session: Session): void {
    this.session = { token: session.token, refreshToken: session.refreshToken };
    this.secrets.push(session.refreshToken, ...session.token.split(".").slice(1));
  }

  #remember(city: string | null): void {
    const known = this.cities.indexOf(city);
    if (known < 0) throw new Error(`${this.username} is shown "${city}" and expects one of ${this.cities.join()}`);
    this.cities = this.cities.slice(known);
  }

  async #call(procedure: string, input?: object) {
    const startedAt = performance.now();
    const stopwatch = startStopwatch(this.#door.pid);
    const url = `${this.#door.url}/trpc/${procedure}`;
    const options = { token: this.session?.token, from: this.#from };
    const sending = input === undefined ? this.#line.get(url, options) : this.#line.post(url, input, options);
    const { status, headers, body } = await sending.catch(toBrokenConnection);
    const at = performance.now();
    const seen: Seen = {
      username: this.username,
      procedure,
      status,
      reason: body.error?.data.reason ?? null,
      retryAfter: [body.error?.data.retryAfter, Number(headers["retry-after"])],
      milliseconds: at - startedAt,
      unhindered: stopwatch(),
      at,
    };
    this.#seen.push(seen);
    return { seen, body: body.result?.data };
  }
}

/** The name of the person with this number. */
export function usernameOf(index: number): string {
  return `person${index}`;
}

/** The phone number of the person with this number. */
export function phoneNumberOf(index: number): string {
  return `+9053212${String(10_000 + index)}`;
}

function toBrokenConnection(error: unknown): Posted {
  if (!(error instanceof Error && "code" in error)) throw error;
  return { status: 0, headers: {}, body: { error: { data: { reason: String(error.code) } } } };
}
