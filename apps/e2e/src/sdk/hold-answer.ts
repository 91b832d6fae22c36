import type { LiveServer } from "../live-server.ts";
import type { Fault } from "./sdk-process.ts";

/** How many sessions are open at the service. */
export async function countLive({ test: { database } }: LiveServer): Promise<number> {
  const [row] = await database.query<{ live: number }>(
    "select count(*)::int as live from latchkey.sessions where ended_at is null",
  );
  return row?.live ?? -1;
}

/** A step that is held up until the test lets it go on. */
export function createGate() {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const pass = () => {
    reach();
    return opened;
  };
  return { reached, open, pass };
}

/** Holds up the first answer to a procedure; the service has done its work by then. */
export function holdAnswer(procedure: string) {
  const gate = createGate();
  let isFirst = true;
  const fault: Fault = async ({ procedures }, send) => {
    const isHeld = procedures[0] === procedure && isFirst;
    if (isHeld) isFirst = false;
    const answer = await send();
    if (isHeld) await gate.pass();
    return answer;
  };
  return { ...gate, fault };
}
