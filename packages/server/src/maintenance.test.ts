import type { Purged } from "@latchkey/auth";
import { createTestAuth } from "@latchkey/auth/testing";
import { expect, test, vi } from "vitest";
import { startMaintenance } from "./maintenance.ts";

test("a signing key that cannot be made keeps nothing from being cleared away, and is told of", async () => {
  await using service = await createTestAuth();
  const { auth, clock, database, facts } = service;
  await auth.createUser({ username: "alice", password: "correct horse battery" });
  await auth.signIn({ username: "alice", password: "correct horse battery" }, facts);
  await database.query(`create function public.refuse() returns trigger language plpgsql
    as $$ begin raise exception 'no key today'; end $$`);
  await database.query(
    "create trigger refuse before insert on latchkey.signing_keys for each row execute function public.refuse()",
  );
  await clock.advance(500 * 86_400);
  const failures: string[] = [];
  const told: Purged[] = [];
  const stop = startMaintenance(auth, {
    onPurged: (purged) => void told.push(purged),
    onError: (error) => void failures.push(String(error)),
  });
  await expect.poll(() => told, { timeout: 20_000 }).toMatchObject([{ sessions: 1 }]);
  expect(failures).toEqual([expect.stringContaining("no key today")]);
  stop();
});

test("a turn that hangs is not joined by the next, which comes an hour after it has ended at the latest", async () => {
  await using service = await createTestAuth();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const turns: PromiseWithResolvers<void>[] = [];
  const measureHashCosts = () => {
    const turn = Promise.withResolvers<void>();
    turns.push(turn);
    return turn.promise;
  };
  const done: string[] = [];
  const stop = startMaintenance(
    { ...service.auth, measureHashCosts },
    { clearsAway: false, onDone: (task) => void done.push(task), onError: () => {} },
  );
  vi.advanceTimersByTime(3 * 3_600_000);
  expect([turns.length, done]).toEqual([1, []]);
  turns[0]?.resolve();
  await expect.poll(() => done).toEqual(["hashes"]);
  vi.advanceTimersByTime(3_600_000);
  expect(turns).toHaveLength(2);
  stop();
  vi.useRealTimers();
});
