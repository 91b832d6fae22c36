import type { RequestListener, ServerResponse } from "node:http";
import { toNetwork } from "@latchkey/auth";
import type { ReadAddress } from "@latchkey/server";
import { limits } from "./limits.ts";

/** What one crowd, such as everybody at one address, wants done. */
interface Line {
  readonly waiting: Arrival[];
  /** Calls that have begun in this turn of the event loop, and when the first of them did. */
  begun: number;
  since: number;
  /** What has begun, has not ended, and keeps the processor busy for all that is known. */
  readonly busy: Set<Work>;
  restsUntil: number;
}

interface Work {
  readonly calls: number;
  /** By the clock of turns. */
  readonly since: number;
}

interface Arrival {
  /** How many calls it brings. */
  readonly calls: number;
  /** Begins it; `end` is told when it has been answered. */
  readonly begin: (end: () => void) => void;
  /** Told in place of `begin` when too many of its crowd wait. */
  readonly refuse: () => void;
}

export interface FairTurnsOptions {
  /** Calls of one crowd that begin in one turn of the event loop, and are worked on at once, while others call. */
  readonly shared: number;
  /** The same while there is no other, which is more: calls of one turn share their queries. */
  readonly alone: number;
  /** Arrivals of one crowd that may wait. */
  readonly mayWait: number;
  /** A stopwatch in milliseconds; for tests. */
  readonly now?: () => number;
}

export interface FairTurns {
  /** Begins work at once, or when it is its crowd's turn. */
  take(crowd: string, arrival: Arrival): void;
}

/** Milliseconds for which a crowd that has called is taken to be calling still. */
const presence = 500;

/** Milliseconds after which work that goes on waits for something, such as a password's turn to be checked, and keeps nobody busy. */
const longestWork = 50;

/** Milliseconds that a turn counts for at most: in a long one, work had no chance to end. */
const longestTurn = 5;

/** A crowd that wanted more than its share of a turn rests for this many times as long as the turn took. */
const rest = 2;

/**
 * Lets crowds share the processor. Of each, only so many calls are worked on at once, and a crowd that wants more than that leaves the next
 * turns to the others. A flood waits for itself: it has a third of the processor's time while others call, and all of it
 * otherwise.
 */
export function createFairTurns(options: FairTurnsOptions): FairTurns {
  const { shared, alone, mayWait, now = () => performance.now() } = options;
  const lines = new Map<string, Line>();
  let isScheduled = false;
  let lastCrowd = "";
  let othersSeenAt = Number.NEGATIVE_INFINITY;
  let clock = 0;
  let lookedAt = now();

  function tick(): void {
    clock += Math.min(now() - lookedAt, longestTurn);
    lookedAt = now();
  }

  const areOthersHere = () => now() - othersSeenAt < presence;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(endTurn);
  }

  function endTurn(): void {
    isScheduled = false;
    tick();
    for (const [crowd, line] of lines) {
      if (line.begun > 0 && line.waiting.length > 0 && areOthersHere()) beginRest(line);
      line.begun = 0;
      advance(line);
      if (line.waiting.length === 0 && line.busy.size === 0 && now() >= line.restsUntil) lines.delete(crowd);
    }
  }

  function beginRest(line: Line): void {
    const milliseconds = rest * (now() - line.since);
    line.restsUntil = now() + milliseconds;
    setTimeout(schedule, milliseconds);
  }

  function advance(line: Line): void {
    if (line.waiting.length === 0 || now() < line.restsUntil) return;
    const isShared = areOthersHere();
    while (line.waiting[0] && hasRoom(line, line.waiting[0].calls, isShared)) beginNext(line);
    // What waits for work to be old enough would otherwise wait for the next call.
    if (line.waiting.length > 0) setTimeout(schedule, longestTurn);
  }

  function hasRoom(line: Line, calls: number, isShared: boolean): boolean {
    const busy = isShared ? countBusy(line) : 0;
    const most = isShared ? shared : alone;
    return (line.begun === 0 || line.begun + calls <= most) && (busy === 0 || busy + calls <= most);
  }

  function countBusy({ busy }: Line): number {
    let count = 0;
    for (const work of busy) {
      if (clock - work.since < longestWork) count += work.calls;
      else busy.delete(work);
    }
    return count;
  }

  function beginNext(line: Line): void {
    const arrival = line.waiting.shift();
    if (!arrival) return;
    const { calls } = arrival;
    if (line.begun === 0) line.since = now();
    line.begun += calls;
    const work = { calls, since: clock };
    line.busy.add(work);
    schedule();
    arrival.begin(() => {
      line.busy.delete(work);
      schedule();
    });
  }

  function notice(crowd: string): void {
    if (crowd !== lastCrowd) othersSeenAt = now();
    lastCrowd = crowd;
  }

  function findLine(crowd: string): Line {
    const known = lines.get(crowd);
    if (known) return known;
    const line = { waiting: [], begun: 0, since: 0, busy: new Set<Work>(), restsUntil: 0 };
    lines.set(crowd, line);
    return line;
  }

  return {
    take(crowd, arrival) {
      tick();
      notice(crowd);
      const line = findLine(crowd);
      if (line.waiting.length >= mayWait) return arrival.refuse();
      line.waiting.push(arrival);
      advance(line);
    },
  };
}

/** A whole batch while others are about, and many of them alone. */
const turns = { shared: limits.batch, alone: 20 * limits.batch, mayWait: 1_000 };

/** Hands requests to a listener so that addresses share the processor, however many each sends. */
export function takeTurns(listener: RequestListener, readAddress: ReadAddress): RequestListener {
  const fairTurns = createFairTurns(turns);
  return (request, response) => {
    const { socket, headers, url } = request;
    const forwardedFor = headers["x-forwarded-for"];
    const network = toNetwork(
      readAddress(socket.remoteAddress, Array.isArray(forwardedFor) ? forwardedFor.join() : forwardedFor),
    );
    // A connection without an address has ended already; nobody could be counted for what it asks.
    if (network === null) return void socket.destroy();
    fairTurns.take(network, {
      calls: countCalls(url),
      begin: (end) => listener(request, response.once("close", end)),
      refuse: () => refuseCrowd(response),
    });
  };
}

/** Calls of a batch are separated by commas. */
function countCalls(url = ""): number {
  const [path = ""] = url.slice(0, limits.url).split("?");
  return Math.min(limits.batch, path.split(",").length);
}

function refuseCrowd(response: ServerResponse): void {
  const message = "Too many calls at once: try again in a second";
  const data = { code: "TOO_MANY_REQUESTS", httpStatus: 429, reason: "rate_limited", retryAfter: 1 };
  const headers = { "Content-Type": "application/json", "Retry-After": "1", Connection: "close" };
  response.writeHead(429, headers).end(JSON.stringify({ error: { message, code: -32029, data } }));
}
