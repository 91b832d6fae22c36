import { describe, expect, it } from "vitest";
import { AuthError } from "../errors.ts";
import { createHashSemaphore } from "./hash-semaphore.ts";

/** Work that ends when it is told to, and remembers in which order it started. */
function createBench() {
  const started: number[] = [];
  const ends = Array.from({ length: 10 }, () => Promise.withResolvers<void>());
  return {
    started,
    work: (id: number) => async () => {
      started.push(id);
      await ends[id]?.promise;
      return id;
    },
    end: (id: number) => ends[id]?.resolve(),
  };
}

async function overload(attempt: Promise<unknown>): Promise<AuthError> {
  const error = await attempt.catch((reason: unknown) => reason);
  if (!(error instanceof AuthError) || error.code !== "overloaded") throw new Error("not refused as overloaded");
  return error;
}

describe("a flood", () => {
  it("never runs more at once than allowed, and loses nothing, with hundreds in parallel", async () => {
    const semaphore = createHashSemaphore({ concurrency: 3, queueLimit: 500 });
    let running = 0;
    let most = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
    };
    await Promise.all(Array.from({ length: 500 }, () => semaphore.run(work)));
    expect(most).toBe(3);
    expect(running).toBe(0);
  });

  it("is refused beyond the queue, at once and without running", async () => {
    const { work, started, end } = createBench();
    const semaphore = createHashSemaphore({ concurrency: 1, queueLimit: 1 });
    const admitted = [semaphore.run(work(1)), semaphore.run(work(2))];
    const error = await overload(semaphore.run(work(3)));
    expect(error.retryAfter).toBe(1);
    end(1);
    await admitted[0];
    end(2);
    expect(await Promise.all(admitted)).toEqual([1, 2]);
    expect(started).toEqual([1, 2]);
  });

  it("is told when the queue will be done, from how long work took of late", async () => {
    let time = 0;
    const semaphore = createHashSemaphore({ concurrency: 2, queueLimit: 4, now: () => time });
    await semaphore.run(async () => {
      time += 1500;
    });
    const { work, started, end } = createBench();
    const admitted = [1, 2, 3, 4, 5, 6].map((id) => semaphore.run(work(id)));
    // Two run and four wait: three rounds of 1.5 s.
    expect((await overload(semaphore.run(work(7)))).retryAfter).toBe(5);
    for (const [index, attempt] of admitted.entries()) {
      end(index + 1);
      await attempt;
    }
    expect(started).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("is over as soon as there is room again", async () => {
    const { work, end } = createBench();
    const semaphore = createHashSemaphore({ concurrency: 1, queueLimit: 0 });
    const first = semaphore.run(work(1));
    await overload(semaphore.run(work(2)));
    end(1);
    await first;
    expect(await semaphore.run(async () => "in")).toBe("in");
  });
});

describe("order", () => {
  it("is first come, first served, also for one who comes as another leaves", async () => {
    const { work, started, end } = createBench();
    const semaphore = createHashSemaphore({ concurrency: 1, queueLimit: 10 });
    const first = semaphore.run(work(1));
    const second = semaphore.run(work(2));
    const third = first.then(() => semaphore.run(work(3)));
    end(1);
    await first;
    await Promise.resolve();
    expect(started).toEqual([1, 2]);
    end(2);
    await second;
    await Promise.resolve();
    end(3);
    expect(await third).toBe(3);
  });
});

describe("a crowd, such as everybody at one address", () => {
  const waits = (attempt: Promise<unknown>) =>
    attempt.then(
      () => "done",
      (error: AuthError) => error.code,
    );

  it("has its turn after every other crowd has had one, however many of it wait", async () => {
    const { work, started, end } = createBench();
    const semaphore = createHashSemaphore({ concurrency: 1, queueLimit: 10 });
    const all = [1, 2, 3, 4].map((id) => semaphore.run(work(id), "large"));
    all.push(semaphore.run(work(5), "small"), semaphore.run(work(6), null), semaphore.run(work(7), null));
    for (const id of [1, 2, 5, 6, 7, 3, 4]) {
      end(id);
      await new Promise(setImmediate);
    }
    expect(await Promise.all(all)).toHaveLength(7);
    expect(started).toEqual([1, 2, 5, 6, 7, 3, 4]);
  });

  it("gives way from its end to others where there is no room, and never to its own", async () => {
    const { work, started, end } = createBench();
    const semaphore = createHashSemaphore({ concurrency: 1, queueLimit: 3 });
    const large = [1, 2, 3, 4].map((id) => waits(semaphore.run(work(id), "large")));
    await overload(semaphore.run(work(5), "large"));
    expect(() => semaphore.assertCapacity("large")).toThrow(AuthError);
    semaphore.assertCapacity("small");
    const small = waits(semaphore.run(work(6), "small"));
    expect(await large[3]).toBe("overloaded");
    // Two and one are as fair as it gets.
    await overload(semaphore.run(work(7), "small"));
    const single = waits(semaphore.run(work(8), null));
    expect(await large[2]).toBe("overloaded");
    for (const id of [1, 2, 6, 8]) {
      end(id);
      await new Promise(setImmediate);
    }
    expect(await Promise.all([...large, small, single])).toEqual([
      ...["done", "done", "overloaded", "overloaded"],
      ...["done", "done"],
    ]);
    expect(started).toEqual([1, 2, 6, 8]);
  });
});

describe("work that fails", () => {
  it.each([
    ["rejects", () => Promise.reject(new Error("no memory"))],
    [
      "throws before it gives a promise",
      () => {
        throw new Error("no memory");
      },
    ],
  ])("gives its place back when it %s", async (_title, work) => {
    const semaphore = createHashSemaphore({ concurrency: 1, queueLimit: 100 });
    const failures = Array.from({ length: 100 }, () => semaphore.run(work));
    const results = await Promise.allSettled(failures);
    expect(results.every((result) => result.status === "rejected" && result.reason.message === "no memory")).toBe(true);
    expect(await semaphore.run(async () => "well")).toBe("well");
  });
});

describe("a semaphore that is closed", () => {
  it("refuses whoever waits and whoever comes, and lets what runs come to its end", async () => {
    const { work, started, end } = createBench();
    const semaphore = createHashSemaphore({ concurrency: 1, queueLimit: 2 });
    const running = semaphore.run(work(1));
    const waiting = [semaphore.run(work(2)), semaphore.run(work(3))];
    semaphore.close();
    const late = semaphore.run(work(4));
    for (const refused of [...waiting, late]) {
      await expect(refused).rejects.toMatchObject({ code: "unavailable", retryAfter: 1 });
    }
    end(1);
    expect(await running).toBe(1);
    expect(started).toEqual([1]);
  });
});
