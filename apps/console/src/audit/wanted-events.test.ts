import { expect, test } from "vitest";
import { toWanted } from "./wanted-events.ts";

const id = "01900000-0000-7000-8000-000000000000";

test("times are read in the zone of who typed them, and asked for in UTC", () => {
  const { from, until } = toWanted({ from: "2026-11-26T10:00", until: "2026-11-26T10:30" });
  expect(from).toBe(new Date(2026, 10, 26, 10).toISOString());
  expect(Date.parse(until ?? "") - Date.parse(from ?? "")).toBe(1_800_000);
});

test("what is not whole yet is not asked for", () => {
  expect(toWanted({ person: "0190", actor: "", from: "2026-11-", until: "", address: " " })).toEqual({});
  const whole = { person: ` ${id}`, actor: id, event: "signed_in", address: " 192.0.2.7 " };
  expect(toWanted(whole)).toEqual({ userId: id, actorId: id, event: "signed_in", address: "192.0.2.7" });
});
