import { describe, expect, test } from "vitest";
import { findSince } from "./grant-history.ts";

const event = (day: number, groups: unknown) => ({
  occurredAt: `2026-11-${String(day).padStart(2, "0")}T00:00:00Z`,
  actorId: `admin-${day}`,
  detail: { groups },
});

describe("since when somebody is in a group", () => {
  test("is when they were put into it the last time, and not when other groups were changed", () => {
    const events = [event(9, ["a", "b"]), event(8, ["a"]), event(7, []), event(6, ["a"])];
    expect(findSince(events, "groups", "a")?.actorId).toBe("admin-8");
    expect(findSince(events, "groups", "b")?.actorId).toBe("admin-9");
  });

  test("is not told where the last event does not name it, or where an event is none of these", () => {
    expect(findSince([event(9, ["b"]), event(8, ["a"])], "groups", "a")).toBeNull();
    expect(findSince([event(9, "a"), event(8, ["a"])], "groups", "a")).toBeNull();
    expect(findSince([], "groups", "a")).toBeNull();
  });
});
