import { afterEach, describe, expect, test, vi } from "vitest";
import { createLanes } from "./lanes.ts";

function createWork() {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    started,
    work: (name: string) => () => {
      started.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    },
    end: (name: string) => ends.get(name)?.(),
  };
}

afterEach(() => void vi.useRealTimers());

const turn = () => new Promise(setImmediate);

describe("one crowd", () => {
  test("waits for itself, first come first served, and another does not wait for it", async () => {
    const { started, work, end } = createWork();
    const lanes = createLanes({ atOnce: 1, mayWait: 10 });
    const all = ["a1", "a2", "a3"].map((name) => lanes.run("a", work(name)));
    const other = lanes.run("b", work("b1"));
    await turn();
    expect(started).toEqual(["a1", "b1"]);
    for (const name of ["a1", "a2", "a3", "b1"]) {
      end(name);
      await turn();
    }
    expect(await Promise.all([...all, other])).toEqual(["a1", "a2", "a3", "b1"]);
    expect(started).toEqual(["a1", "b1", "a2", "a3"]);
  });

  test("is refused when too many of it wait, and taken again once they are done, whether or not they failed", async () => {
    const lanes = createLanes({ atOnce: 1, mayWait: 1 });
    const fail = () => Promise.reject(new Error("no luck"));
    const first = lanes.run("a", fail);
    const second = lanes.run("a", fail);
    await expect(lanes.run("a", fail)).rejects.toMatchObject({ code: "rate_limited", retryAfter: 1 });
    await Promise.allSettled([first, second]);
    expect(await lanes.run("a", async () => "in")).toBe("in");
  });

  test("waits no longer than five seconds for its turn, and the place of who left it is the next one's", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { started, work, end } = createWork();
    const lanes = createLanes({ atOnce: 1, mayWait: 1 });
    const first = lanes.run("a", work("a1"));
    const second = lanes.run("a", work("a2"));
    second.catch(() => {});
    await turn();
    vi.advanceTimersByTime(5_000);
    await expect(second).rejects.toMatchObject({ code: "rate_limited", retryAfter: 1 });
    const third = lanes.run("a", work("a3"));
    await turn();
    end("a1");
    await turn();
    end("a3");
    expect(await Promise.all([first, third])).toEqual(["a1", "a3"]);
    expect(started).toEqual(["a1", "a3"]);
  });

  test("is told at once what one of it failed for that concerns all, and whoever comes next finds the lane free", async () => {
    const lanes = createLanes({ atOnce: 1, mayWait: 10, concernsAll: (error) => (error as Error).message === "away" });
    const { started, work } = createWork();
    const away = async () => {
      await turn();
      throw new Error("away");
    };
    const all = [lanes.run("a", away), lanes.run("a", work("a2")), lanes.run("a", work("a3"))];
    await expect(Promise.allSettled(all)).resolves.toEqual(
      Array(3).fill({ status: "rejected", reason: new Error("away") }),
    );
    expect(started).toEqual([]);
    expect(await lanes.run("a", async () => "in")).toBe("in");
  });
});

test("those of whom nothing is known are no crowd and wait for nobody", async () => {
  const { started, work } = createWork();
  const lanes = createLanes({ atOnce: 1, mayWait: 0 });
  for (const name of ["x", "y", "z"]) void lanes.run(null, work(name));
  await turn();
  expect(started).toEqual(["x", "y", "z"]);
});
