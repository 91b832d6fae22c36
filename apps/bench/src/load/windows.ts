import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import type { Outcome, Stretch } from "./plan.ts";
import { Tally } from "./tally.ts";

/** Lets the visitors of these connections go on for a stretch, and waits for the last answer. */
export function runStretch(connections: readonly Connection[], stretch: Stretch): Promise<Outcome> {
  if ("calls" in stretch) return runCalls(connections, stretch.calls);
  return "perSecond" in stretch ? runAtRate(connections, stretch) : runForTime(connections, stretch);
}

/** Everybody calls again as soon as they are answered. What is answered within the time counts; it goes on until something is. */
async function runForTime(
  connections: readonly Connection[],
  { seconds, warmUp }: { readonly seconds: number; readonly warmUp: number },
): Promise<Outcome> {
  const tally = new Tally();
  let state: "warming up" | "counting" | "over" = "warming up";
  const goOn = (connection: Connection, leave: () => void) =>
    connection.call((answered) => {
      if (state === "counting") tally.count(answered);
      if (state === "over") leave();
      else goOn(connection, leave);
    });
  const all = connections.map((connection) => new Promise<void>((leave) => goOn(connection, leave)));
  await sleep(warmUp * 1000);
  state = "counting";
  tally.begin();
  do await sleep(seconds * 1000);
  while (tally.isEmpty);
  state = "over";
  tally.end();
  await Promise.all(all);
  return tally.outcome();
}

/** Everybody calls again as soon as they are answered, until so many calls have been begun. */
async function runCalls(connections: readonly Connection[], calls: number): Promise<Outcome> {
  const tally = new Tally();
  let begun = 0;
  const goOn = (connection: Connection, leave: () => void) => {
    if (begun === calls) return leave();
    begun++;
    connection.call((answered) => {
      tally.count(answered);
      goOn(connection, leave);
    });
  };
  tally.begin();
  await Promise.all(connections.map((connection) => new Promise<void>((leave) => goOn(connection, leave))));
  tally.end();
  return tally.outcome();
}

interface Rate {
  readonly perSecond: number;
  readonly seconds: number;
  readonly warmUp: number;
}

/** Calls begin when their time has come, whether or not others have been answered. What begins within the time counts. */
async function runAtRate(connections: readonly Connection[], { perSecond, seconds, warmUp }: Rate): Promise<Outcome> {
  const tally = new Tally();
  const open = new Set<Promise<void>>();
  const begin = (isCounted: boolean) => {
    const free = connections.find((connection) => !connection.isBusy);
    if (!free) return isCounted && tally.leaveOut();
    const call = new Promise<void>((resolve) =>
      free.call((answered) => {
        if (isCounted) tally.count(answered);
        open.delete(call);
        resolve();
      }),
    );
    open.add(call);
  };
  const startedAt = performance.now();
  const firstCounted = Math.ceil(perSecond * warmUp);
  for (let number = 0; number < perSecond * (warmUp + seconds); number++) {
    const due = startedAt + (number / perSecond) * 1000;
    while (performance.now() < due) await sleep(Math.max(0, due - performance.now()));
    if (number === firstCounted) tally.begin();
    begin(number >= firstCounted);
  }
  tally.end();
  await Promise.all(open);
  return tally.outcome();
}
