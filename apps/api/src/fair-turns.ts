import type { RequestListener, ServerResponse } from "node:http";
import { toNetwork } from "@latchkey/auth";
import type { ReadAddress } from "./client-address.ts";
import { limits } from "./limits.ts";

/** Work in arrival order for each crowd, such as everybody at one address. */
interface Line {
  readonly waiting: Arrival[];
  /** Calls that it may begin by now. */
  credit: number;
}

interface Arrival {
  /** How many calls it brings. */
  readonly calls: number;
  readonly begin: () => void;
  /** Told in place of `begin` when too many of its crowd wait. */
  readonly refuse: () => void;
}

export interface FairTurnsOptions {
  /** Calls that one crowd begins in one turn of the event loop while others are about. */
  readonly share: number;
  /** The same while there is no other, which is more: calls of one turn share their queries. */
  readonly alone: number;
  /** Arrivals of one crowd that may wait. */
  readonly mayWait: number;
  /** A stopwatch in milliseconds; for tests. */
  readonly now?: () => number;
}

export interface FairTurns {
  /** Begins work in this turn of the event loop or a later one. */
  take(crowd: string, arrival: Arrival): void;
}

/** Milliseconds for which a crowd that was here is taken to be about still. */
const presence = 1_000;

/**
 * Lets crowds share the processor: of each so many calls are begun in a turn of the event loop, and what it sends beyond waits for the
 * next turns. A crowd that floods the service waits for itself; the others wait for one share of it and not for all that it has sent.
 * Nothing is refused, and the processor is never idle while somebody waits.
 */
export function createFairTurns({ share, alone, mayWait, now = () => performance.now() }: FairTurnsOptions): FairTurns {
  const lines = new Map<string, Line>();
  let isScheduled = false;
  let lastCrowd = "";
  let othersSeenAt = Number.NEGATIVE_INFINITY;

  function schedule(): void {
    if (isScheduled || lines.size === 0) return;
    isScheduled = true;
    setImmediate(runTurn);
  }

  function runTurn(): void {
    isScheduled = false;
    const perLine = now() - othersSeenAt < presence ? share : alone;
    for (const [crowd, line] of lines) {
      line.credit += perLine;
      while (line.waiting[0] && line.waiting[0].calls <= line.credit) beginNext(line);
      if (line.waiting.length === 0) lines.delete(crowd);
    }
    schedule();
  }

  function notice(crowd: string): void {
    if (crowd !== lastCrowd) othersSeenAt = now();
    lastCrowd = crowd;
  }

  return {
    take(crowd, arrival) {
      notice(crowd);
      const line = lines.get(crowd) ?? { waiting: [], credit: 0 };
      if (line.waiting.length >= mayWait) return arrival.refuse();
      lines.set(crowd, line);
      line.waiting.push(arrival);
      schedule();
    },
  };
}

function beginNext(line: Line): void {
  const arrival = line.waiting.shift();
  if (!arrival) return;
  line.credit -= arrival.calls;
  arrival.begin();
}

/** Calls that one address begins in a turn of the event loop while others are about, and alone. */
const turns = { share: 10, alone: 200, mayWait: 1_000 };

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
      begin: () => listener(request, response),
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
