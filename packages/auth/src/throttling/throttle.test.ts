import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { AuthError } from "../errors.ts";
import { openStorage } from "../storage/database.ts";
import { createTestAuth } from "../testing/index.ts";
import { limits } from "./limits.ts";
import type { Scope } from "./scope.ts";
import { createThrottle } from "./throttle.ts";

const service = await createTestAuth();
const { database, clock } = service;
/** Processes on one database, each with connections of its own. */
const storages = [1, 2].map(() => openStorage(database.connection));
const [one, two] = storages.map(({ db }) => createThrottle({ db, secret: Buffer.alloc(32, 1), clock }));
if (!one || !two) throw new Error("There are two");
afterAll(async () => {
  await Promise.all(storages.map((storage) => storage.close()));
  await service[Symbol.asyncDispose]();
});
beforeEach(() => database.query("delete from latchkey.throttles"));

const address = (of: string): Scope => ({ limit: "sign_in_address", of: [of] });
const outcomeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "in",
    (error: unknown) => {
      if (error instanceof AuthError) return error.code;
      throw error;
    },
  );
const countIn = (outcomes: readonly string[]) => outcomes.filter((outcome) => outcome === "in").length;

/** The most connections that a pool has in use while something goes on. */
async function mostInUse(work: () => Promise<unknown>): Promise<number> {
  const pool = storages[0]?.pool;
  let most = 0;
  const look = () => {
    most = Math.max(most, (pool?.totalCount ?? 0) - (pool?.idleCount ?? 0));
  };
  pool?.on("acquire", look);
  await work();
  pool?.off("acquire", look);
  return most;
}

describe("a crowd", () => {
  test("of a thousand at one address, on two processes, gets exactly what the limit allows, and takes two connections at the most", async () => {
    const outcomes: string[] = [];
    const used = await mostInUse(async () => {
      for (let wave = 0; wave < 5; wave += 1) {
        const attempts = Array.from({ length: 200 }, (_, number) =>
          outcomeOf((number % 2 ? one : two).consume([address("crowd"), address(`own-${wave}-${number}`)])),
        );
        outcomes.push(...(await Promise.all(attempts)));
      }
    });
    expect(countIn(outcomes)).toBe(limits.sign_in_address.allowed);
    expect(used).toBeLessThanOrEqual(2);
    const counts = await database.query<{ count: number }>("select count from latchkey.throttles where count > 1");
    expect(counts).toEqual([{ count: limits.sign_in_address.allowed }]);
  });

  test("that does not even fit into the line is refused and counted nowhere, and others are let in", async () => {
    const attempts = Array.from({ length: 400 }, () =>
      outcomeOf(one.consume([{ limit: "verify_address", of: ["a"] }])),
    );
    const other = outcomeOf(one.consume([address("elsewhere")]));
    const outcomes = await Promise.all(attempts);
    expect(await other).toBe("in");
    expect(new Set(outcomes)).toEqual(new Set(["in", "rate_limited"]));
    const rows = await database.query("select count from latchkey.throttles order by count");
    expect(rows).toEqual([{ count: 1 }, { count: countIn(outcomes) }]);
  });

  test("that has been refused is refused by looking, without a lock and without a transaction", async () => {
    for (let time = 0; time < limits.register_address.allowed; time += 1)
      await one.consume([{ limit: "register_address", of: ["a"] }]);
    const attempt = () => outcomeOf(one.consume([{ limit: "register_address", of: ["a"] }]));
    expect(await attempt()).toBe("rate_limited");
    const holder = await storages[1]?.pool.connect();
    try {
      await holder?.query("begin");
      await holder?.query("lock table latchkey.throttles in share row exclusive mode");
      expect(new Set(await Promise.all(Array.from({ length: 100 }, attempt)))).toEqual(new Set(["rate_limited"]));
    } finally {
      await holder?.query("rollback");
      holder?.release();
    }
  });
});

describe("a counter that somebody else holds", () => {
  test("is waited for by those who need it, and by nobody else", async () => {
    await one.consume([address("held")]);
    const holder = await storages[1]?.pool.connect();
    try {
      await holder?.query("begin");
      await holder?.query("select from latchkey.throttles for update");
      let isIn = false;
      const waiting = one.consume([address("held")]).then(() => {
        isIn = true;
      });
      for (let time = 0; time < 20; time += 1) await one.consume([address(`free-${time}`)]);
      expect(isIn).toBe(false);
      await holder?.query("commit");
      await waiting;
    } finally {
      holder?.release();
    }
    expect(await database.query("select count from latchkey.throttles where count > 1")).toEqual([{ count: 2 }]);
  });
});

describe("what could not be counted", () => {
  test("is not let through, and what comes after it is", async () => {
    await database.query("alter table latchkey.throttles rename to away");
    try {
      const attempts = Array.from({ length: 20 }, (_, number) => one.consume([address(`a${number}`)]));
      for (const attempt of attempts) await expect(attempt).rejects.toThrow("throttles");
    } finally {
      await database.query("alter table latchkey.away rename to throttles");
    }
    expect(await outcomeOf(one.consume([address("a1")]))).toBe("in");
  });
});

test("what was counted and not made is taken back, and with it the wait", async () => {
  const scope: Scope = { limit: "register_address", of: ["given back"] };
  for (let time = 0; time < limits.register_address.allowed; time += 1) await one.consume([scope]);
  expect(await outcomeOf(one.consume([scope]))).toBe("rate_limited");
  await two.refund([scope]);
  expect(await outcomeOf(one.consume([scope]))).toBe("in");
  expect(await outcomeOf(one.consume([scope]))).toBe("rate_limited");
});
