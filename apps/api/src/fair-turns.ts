import type { RequestListener, ServerResponse } from "node:http";
import { toNetwork } from "@latchkey/auth/internal";
import type { ReadAddress } from "@latchkey/server/internal";
import { limits } from "./limits.ts";

/** What one crowd, such as everybody at one address, wants done. */
interface Line {
  readonly waiting: Arrival[];
  /** The oldest first. */
  readonly running: Set<Running>;
  /** Set while somebody waits: until the oldest work keeps nobody busy any more. */
  timer?: NodeJS.Timeout | undefined;
}

interface Arrival {
  /** How many calls it brings. */
  readonly calls: number;
  /** Begins it; `end` is told when it has been answered. */
  readonly begin: (end: () => void) => void;
  /** Told in place of `begin` when too many of its crowd wait. */
  readonly refuse: () => void;
}

interface Running {
  readonly calls: number;
  readonly since: number;
}

export interface FairTurnsOptions {
  /** Calls of one crowd that are worked on at once while others are about. */
  readonly shared: number;
  /** The same while there is no other, which is more: calls of one turn of the event loop share their queries. */
  readonly alone: number;
  /** Arrivals of one crowd that may wait. */
  readonly mayWait: number;
  /** A stopwatch in milliseconds; for tests. */
  readonly now?: () => number;
}

export interface FairTurns {
  /** Begins work at once, or when its crowd has room for it. */
  take(crowd: string, arrival: Arrival): void;
}

/** Milliseconds for which a crowd that was here is taken to be about still. */
const presence = 1_000;

/** Milliseconds after which work that goes on is waiting for something, such as a password's turn to be checked, and keeps nobody busy. */
const longestWork = 50;

/**
 * Lets crowds share the processor: of each, only so many calls are worked on at once, and what it sends beyond waits for them. A crowd
 * that floods the service waits for itself, and the others wait for a batch of it and not for all that it has sent.
 */
export function createFairTurns({
  shared,
  alone,
  mayWait,
  now = () => performance.now(),
}: FairTurnsOptions): FairTurns {
  const lines = new Map<string, Line>();
  let isScheduled = false;
  let lastCrowd = "";
  let othersSeenAt = Number.NEGATIVE_INFINITY;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(runTurn);
  }

  function runTurn(): void {
    isScheduled = false;
    for (const [crowd, line] of lines) {
      advance(line);
      if (line.waiting.length > 0) continue;
      clearTimeout(line.timer);
      line.timer = undefined;
      if (line.running.size === 0) lines.delete(crowd);
    }
  }

  function advance(line: Line): void {
    if (line.waiting.length === 0) return;
    const most = now() - othersSeenAt < presence ? shared : alone;
    while (line.waiting[0] && hasRoom(line, line.waiting[0], most)) beginNext(line);
    if (line.waiting.length > 0) awaitRoom(line);
  }

  function awaitRoom(line: Line): void {
    if (line.timer) return;
    const [oldest] = line.running;
    const left = oldest ? Math.max(0, oldest.since + longestWork - now()) : 0;
    line.timer = setTimeout(() => {
      line.timer = undefined;
      schedule();
    }, left + 1);
  }

  function hasRoom({ running }: Line, { calls }: Arrival, most: number): boolean {
    if (running.size === 0) return true;
    const latest = now();
    let busy = 0;
    for (const work of running) {
      if (latest - work.since < longestWork) busy += work.calls;
      else running.delete(work);
    }
    return busy === 0 || busy + calls <= most;
  }

  function beginNext(line: Line): void {
    const arrival = line.waiting.shift();
    if (!arrival) return;
    const work: Running = { calls: arrival.calls, since: now() };
    line.running.add(work);
    arrival.begin(() => {
      line.running.delete(work);
      schedule();
    });
  }

  function notice(crowd: string): void {
    if (crowd !== lastCrowd) othersSeenAt = now();
    lastCrowd = crowd;
  }

  return {
    take(crowd, arrival) {
      notice(crowd);
      const line = lines.get(crowd) ?? { waiting: [], running: new Set() };
      if (line.waiting.length >= mayWait) return arrival.refuse();
      lines.set(crowd, line);
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
      begin: (end) => listener(request, response.on("close", end)),
      refuse: () => refuseCrowd(response),
    });
  };
}

/** Calls of a batch are separated by commas. */
function countCalls(url = ""): number {
  let calls = 1;
  for (let index = 0; index < Math.min(url.length, limits.url) && url[index] !== "?"; index += 1)
    if (url[index] === ",") calls += 1;
  return Math.min(limits.batch, calls);
}

function refuseCrowd(response: ServerResponse): void {
  const message = "Too many calls at once: try again in a second";
  const data = { code: "TOO_MANY_REQUESTS", httpStatus: 429, reason: "rate_limited", retryAfter: 1 };
  const headers = { "Content-Type": "application/json", "Retry-After": "1", Connection: "close" };
  response.writeHead(429, headers).end(JSON.stringify({ error: { message, code: -32029, data } }));
}
